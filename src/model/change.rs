//! [`Change`]: the only way facts get into a [`Catalog`](super::Catalog).
//!
//! Discovery, a stored snapshot and the test fakes all speak in changes, so that what the terminal
//! UI shows while it reads and what a command writes at the end come about in the same way.

use super::catalog::NodeId;
use super::entity::{Entity, Item, NodeError};
use super::path::DatasetPath;

/// Something learnt about the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A container's listing, or a page of one. The empty path is the root listing.
    Children {
        /// The container.
        parent: DatasetPath,
        /// What was listed, in the server's order.
        items: Vec<Item>,
        /// Whether this begins a new listing; earlier children that are not listed again by the
        /// time `last` comes are then gone.
        first: bool,
        /// Whether nothing more will come for this listing.
        last: bool,
    },
    /// One thing's details.
    Entity(Box<Entity>),
    /// A thing could not be read, or its listing could not.
    Failed {
        /// Which.
        path: DatasetPath,
        /// Why.
        error: NodeError,
    },
}

/// What applying a [`Change`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The node changed or whose children changed; `None` when its path is not in the catalogue.
    pub node: Option<NodeId>,
    /// Children that differ from an earlier sibling only in case: one name to Dremio, so the first
    /// is kept and these are left out (contract §8).
    pub case_clashes: Vec<DatasetPath>,
}
