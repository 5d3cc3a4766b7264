//! [`Troubles`]: what was warned of, what failed, and what was left out.

use crate::model::{NodeId, NodeRef};
use crate::tui::core::Core;
use crate::tui::panes::kinds;
use crate::tui::widgets::text::contains;

/// Something wrong, with the node that it is about where there is one.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) word: &'static str,
    pub(super) is_failure: bool,
    pub(super) what: String,
    pub(super) why: String,
    pub(super) node: Option<NodeId>,
}

/// The list, made when what it tells of changes: drawing it must not walk a large catalogue.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    list: Vec<Trouble>,
    /// The state and the filter that `list` was made for.
    made_for: Option<(u64, String)>,
}

impl Troubles {
    pub(super) fn list(&self) -> &[Trouble] {
        &self.list
    }

    /// Makes the list anew, unless it is what it would be.
    pub(super) fn refresh(&mut self, core: &Core, needle: &str) {
        let is_made = self
            .made_for
            .as_ref()
            .is_some_and(|(version, filter)| *version == core.troubles_version && filter == needle);
        if is_made {
            return;
        }
        self.made_for = Some((core.troubles_version, needle.to_owned()));
        let warnings = core.walk.warnings.iter().map(|text| Trouble {
            word: "warning",
            is_failure: false,
            what: text.clone(),
            why: String::new(),
            node: None,
        });
        let failed = core.failed_nodes().into_iter().filter_map(|node| {
            let error = node.error()?;
            let path = node.path();
            Some(Trouble {
                word: kinds::trouble(node).map_or("failed", |(word, _)| word),
                is_failure: true,
                what: if path.is_empty() { "the catalogue".to_owned() } else { path.to_string() },
                why: error.message.clone(),
                node: Some(node.id()),
            })
        });
        let skipped = core.walk.skipped.iter().map(|skipped| Trouble {
            word: "left out",
            is_failure: false,
            what: skipped.path.to_string(),
            why: skipped.reason.clone(),
            node: core.catalog.at(&skipped.path).map(NodeRef::id),
        });
        self.list = warnings
            .chain(failed)
            .chain(skipped)
            .filter(|trouble| contains(&trouble.what, needle) || contains(&trouble.why, needle))
            .collect();
    }
}
