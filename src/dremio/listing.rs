//! Children, page by page (contract §2.5).
//!
//! A token is bound to the request that gave it: it travels with the way in which that request
//! addressed the container. A listing whose token the server no longer takes begins anew; what was
//! handed out before is then left out, as are children that a page repeats. When that happens again,
//! everything is asked for in one answer, which takes no token.

use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::address::{Address, EntityRef};
use super::endpoint::Endpoint;
use super::verdict::Policy;
use super::wire::{EntityWire, items};
use super::{Client, Error};
use crate::http::{Answer, Patience};
use crate::model::{Entity, Item};

/// How often one listing may begin anew; the last time without pages.
const MOST_RESTARTS: u8 = 2;

/// An opaque mark of where a listing goes on; bound to the request that gave it (contract §2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken {
    text: String,
    /// How the container was addressed.
    address: Option<Address>,
    seen: Seen,
}

/// What a listing has given so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Hashes of the children's ids (else paths), one set for each page.
    children: Vec<Arc<FxHashSet<u64>>>,
    /// Hashes of the tokens used, against a server that goes round in circles.
    tokens: Vec<u64>,
    restarts: u8,
}

/// A container with a page of its children.
#[derive(Clone, Debug)]
pub struct ChildPage {
    /// The container itself, as this answer describes it.
    pub entity: Entity,
    /// The children on this page, without those that an earlier page had.
    pub items: Vec<Item>,
    /// Where to go on; `None` on the last page. A page may be empty and not the last.
    pub next: Option<PageToken>,
}

impl PageToken {
    /// A token of this text, not bound to any request: for fakes of a server.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), address: None, seen: Seen::default() }
    }

    /// The server's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

type Page = (Entity, Vec<Item>, Option<String>);

/// Which part of a listing to ask for.
#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    First,
    After(&'a str),
    Whole,
}

impl Client {
    /// A page of a container's children. `page` must come from the same `of`.
    ///
    /// [`Error::SourceDown`] when the source behind it cannot be reached: [`Client::entity`] still
    /// reads the source's state then.
    pub async fn children(
        &self,
        of: &EntityRef,
        page: Option<&PageToken>,
    ) -> Result<ChildPage, Error> {
        let ways = of.ways()?;
        match page {
            None => {
                let first = ways.first.clone();
                match self.page(of, &first, Part::First).await {
                    Ok(page) => Ok(dedupe(page, first, Seen::default())),
                    Err(error) => match ways.after(&error) {
                        Some(second) => match self.page(of, &second, Part::First).await {
                            Ok(page) => Ok(dedupe(page, second, Seen::default())),
                            Err(Error::SourceDown { request, message }) => {
                                Err(Error::SourceDown { request, message })
                            }
                            Err(_) => Err(error),
                        },
                        None => Err(error),
                    },
                }
            }
            Some(token) => {
                let address = token.address.clone().unwrap_or(ways.first);
                let mut seen = token.seen.clone();
                match self.page(of, &address, Part::After(&token.text)).await {
                    Ok(page) => {
                        seen.tokens.push(hash(&token.text));
                        Ok(dedupe(page, address, seen))
                    }
                    Err(Error::Rejected { status: 400, .. }) if seen.restarts < MOST_RESTARTS => {
                        seen.restarts += 1;
                        seen.tokens.clear();
                        let part = match seen.restarts {
                            MOST_RESTARTS => Part::Whole,
                            _ => Part::First,
                        };
                        let page = self.page(of, &address, part).await?;
                        Ok(dedupe(page, address, seen))
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }

    async fn page(&self, of: &EntityRef, address: &Address, part: Part<'_>) -> Result<Page, Error> {
        let endpoint = match part {
            Part::First => Endpoint::Children { of: address, page_token: None },
            Part::After(token) => Endpoint::Children { of: address, page_token: Some(token) },
            Part::Whole => Endpoint::AllChildren(address),
        };
        let asked = of.path.clone();
        let read = move |answer: &Answer| {
            let (entity, children, next) = answer.json::<EntityWire<'_>>()?.take_apart(&asked);
            Ok((entity, items(children), next))
        };
        self.call(endpoint, None, Policy::Read, Patience::Slow, read).await
    }
}

fn dedupe((entity, items, next): Page, address: Address, mut seen: Seen) -> ChildPage {
    let mut new = FxHashSet::default();
    let items: Vec<Item> = items
        .into_iter()
        .filter(|item| {
            let key = match &item.id {
                Some(id) => hash(id),
                None => hash(&item.path),
            };
            !seen.children.iter().any(|page| page.contains(&key)) && new.insert(key)
        })
        .collect();
    seen.children.push(Arc::new(new));
    let next = next.filter(|text| !seen.tokens.contains(&hash(text))).map(|text| PageToken {
        text,
        address: Some(address),
        seen,
    });
    ChildPage { entity, items, next }
}

fn hash<T: std::hash::Hash + ?Sized>(value: &T) -> u64 {
    FxBuildHasher.hash_one(value)
}
