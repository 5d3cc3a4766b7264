//! [`PlanView`]: a plan made ready for the screen by the job that made the plan. Whatever takes
//! longer the larger the plan is happens here, so that the UI only has to take it in.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::list::PlanList;
use super::shown::{Shown, Switches};
use crate::model::DatasetPath;
use crate::model::path::fold;
use crate::openmetadata::ServerInfo;
use crate::openmetadata::entity::EntityType;
use crate::sync::session::Prepared;
use crate::sync::{Action, ItemKey, Selection};
use crate::tui::om::OmFacts;

/// What the pane knew when it asked for a plan.
#[derive(Clone, Debug)]
pub struct ViewBasis {
    pub(super) server: ServerInfo,
    pub(super) selection: Selection,
    pub(super) switches: Switches,
    pub(super) before: Before,
    /// What was known of OpenMetadata; the plan adds to it.
    pub(super) om: Arc<OmFacts>,
}

/// What a new plan takes over from what was there.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    /// Left out by hand.
    pub(super) left_out: BTreeSet<ItemKey>,
    /// What the cursor was on, if it is to stay there.
    pub(super) at: Option<ItemKey>,
    /// The cursor goes to the first of these, if there is any: they were asked for.
    pub(super) sought: Option<Action>,
    /// Nothing else is written, if the plan is only for what had failed.
    pub(super) retry: Option<BTreeSet<ItemKey>>,
}

/// See the module.
#[derive(Debug)]
pub struct PlanView {
    pub(super) shown: Shown,
    pub(super) list: PlanList,
    pub(super) om: Arc<OmFacts>,
}

impl PlanView {
    /// Makes `prepared` ready. Takes some milliseconds for each thousand items.
    pub fn new(prepared: Arc<Prepared>, basis: ViewBasis) -> Self {
        let ViewBasis { server, selection, switches, before, om } = basis;
        let unread = prepared.desired.unread.iter();
        let unread = unread.filter(|path| selection.holds(path, false)).count();
        let described = descriptions(&prepared);
        let shown = Shown::new(prepared, server, switches, unread, &before);
        let mut om = OmFacts::clone(&om);
        om.states.extend(shown.marks().map(|(path, state)| (path.clone(), state)));
        om.columns.extend(described);
        let mut list = PlanList::on(&shown);
        if let Some(key) = &before.at {
            list.go_to_item(&shown, |item| item.key == *key);
        }
        if let Some(action) = before.sought {
            list.go_to_item(&shown, |item| item.action == action);
        }
        Self { list, shown, om: Arc::new(om) }
    }
}

/// What OpenMetadata says of columns, as far as the plan has read it.
fn descriptions(prepared: &Prepared) -> FxHashMap<DatasetPath, FxHashMap<String, String>> {
    let paths: FxHashMap<&str, &DatasetPath> = prepared
        .plan
        .items
        .iter()
        .filter_map(|item| match &item.key {
            ItemKey::Entity(EntityType::Table, fqn) => Some((fqn.as_str(), item.path.as_ref()?)),
            _ => None,
        })
        .collect();
    let known = prepared.current.tables.iter().filter_map(|table| {
        let path = paths.get(table.common.fully_qualified_name.as_str())?;
        let described = table.columns.iter().filter_map(|column| {
            let text = column.description.as_ref().filter(|text| !text.trim().is_empty())?;
            // A name that had to be changed is kept as the display name.
            let name = column.display_name.as_ref().unwrap_or(&column.name);
            Some([(fold(&column.name), text.clone()), (fold(name), text.clone())])
        });
        Some((path.folded(), described.flatten().collect()))
    });
    known.collect()
}
