//! What is looked at: one place in the graph with all that was opened around it, and the history of
//! such places.
//!
//! Nodes are named by key, not by index, so that a place outlives a new reading of the lineage.

use std::collections::BTreeSet;

use crate::graph::digraph::{Graph, Side};
use crate::graph::focus::{Scope, View};
use crate::graph::paths;
use crate::graph::select::Selector;

/// How many places are remembered.
const MEMORY: usize = 100;

/// Where a view starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A dataset and what lies around it.
    Around(String),
    /// All that lies between two datasets.
    Between(String, String),
}

/// A column being traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Traced {
    /// The dataset's key.
    pub(super) node: String,
    /// The column, as spelled there.
    pub(super) column: String,
}

/// A place in the graph and what is open around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) place: Place,
    pub(super) upstream: usize,
    pub(super) downstream: usize,
    expanded: BTreeSet<(String, Side)>,
    collapsed: BTreeSet<(String, Side)>,
    pub(super) traced: Option<Traced>,
    /// The key of the box under the cursor.
    pub(super) selected: String,
}

impl Look {
    /// A dataset with so many steps on each side.
    pub(super) fn around(key: String, upstream: usize, downstream: usize) -> Self {
        Self {
            place: Place::Around(key.clone()),
            upstream,
            downstream,
            expanded: BTreeSet::new(),
            collapsed: BTreeSet::new(),
            traced: None,
            selected: key,
        }
    }

    /// All between two datasets.
    pub(super) fn between(from: String, to: String) -> Self {
        Self { place: Place::Between(from, to.clone()), ..Self::around(to, 0, 0) }
    }

    /// The dataset in focus; of a path, its end.
    pub(super) fn focus(&self) -> &str {
        match &self.place {
            Place::Around(key) | Place::Between(_, key) => key,
        }
    }

    /// Shows what lies beyond a box on one side.
    pub(super) fn expand(&mut self, key: &str, side: Side) {
        self.collapsed.remove(&(key.to_owned(), side));
        self.expanded.insert((key.to_owned(), side));
    }

    /// Hides what lies beyond a box on one side.
    pub(super) fn collapse(&mut self, key: &str, side: Side) {
        self.expanded.remove(&(key.to_owned(), side));
        self.collapsed.insert((key.to_owned(), side));
    }

    /// Changes the depth on one side; what was opened or closed one by one there starts again.
    pub(super) fn deepen(&mut self, side: Side, more: bool) {
        let depth = match side {
            Side::Upstream => &mut self.upstream,
            Side::Downstream => &mut self.downstream,
        };
        *depth = if more { *depth + 1 } else { depth.saturating_sub(1) };
        self.expanded.retain(|(_, other)| *other != side);
        self.collapsed.retain(|(_, other)| *other != side);
    }

    /// The cut through `graph`; `None` if the focus is not in it.
    pub(super) fn view(&self, graph: &Graph, filters: &Filters) -> Option<View> {
        let focus = graph.find(self.focus())?;
        let mut view = match &self.place {
            Place::Around(_) => View::around(focus, self.upstream, self.downstream),
            Place::Between(from, _) => {
                let mut nodes = paths::between(graph, graph.find(from)?, focus);
                nodes.insert(focus);
                View::nodes(nodes)
            }
        };
        let known = |set: &BTreeSet<(String, Side)>| {
            set.iter().filter_map(|(key, side)| Some((graph.find(key)?, *side))).collect()
        };
        view.expanded = known(&self.expanded);
        view.collapsed = known(&self.collapsed);
        let folded = |parts: &[String]| parts.iter().map(|part| part.to_lowercase()).collect();
        view.folded = (0..graph.groups().len())
            .filter(|group| {
                let parts: Vec<String> = folded(&graph.groups()[*group].parts);
                filters.folded.contains(&parts)
            })
            .collect();
        view.hidden = filters.hidden(graph);
        // Whoever asks for a dataset sees it.
        view.hidden.remove(&focus);
        Some(view)
    }

    /// The same cut with further nodes, such as those of a trace.
    pub(super) fn with_nodes(view: View, shown: BTreeSet<usize>) -> View {
        let nodes = &shown - &view.hidden;
        View { scope: Scope::Nodes(nodes), expanded: BTreeSet::new(), ..view }
    }
}

/// What is hidden or folded, wherever one looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filters {
    /// Folders drawn as one box, by their folded parts.
    pub(super) folded: BTreeSet<Vec<String>>,
    /// Hidden one by one.
    pub(super) keys: BTreeSet<String>,
    /// Hidden by a selector.
    pub(super) selector: Option<Selector>,
    /// The selector as typed.
    pub(super) text: String,
}

impl Filters {
    /// Whether nothing is hidden or folded.
    pub(super) fn is_empty(&self) -> bool {
        self.folded.is_empty() && self.keys.is_empty() && self.selector.is_none()
    }

    fn hidden(&self, graph: &Graph) -> BTreeSet<usize> {
        let mut hidden: BTreeSet<usize> =
            self.keys.iter().filter_map(|key| graph.find(key)).collect();
        if let Some(selector) = &self.selector {
            hidden.extend(selector.apply(graph).nodes);
        }
        hidden
    }
}

/// Places one after the other, as in a browser.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    looks: Vec<Look>,
    at: usize,
}

impl History {
    /// Where one is.
    pub(super) fn look(&self) -> Option<&Look> {
        self.looks.get(self.at)
    }

    /// Where one is, to change it.
    pub(super) fn look_mut(&mut self) -> Option<&mut Look> {
        self.looks.get_mut(self.at)
    }

    /// Goes to a new place; what lay ahead is forgotten.
    pub(super) fn push(&mut self, look: Look) {
        self.looks.truncate(self.at + 1);
        if self.looks.len() == MEMORY {
            self.looks.remove(0);
        }
        self.looks.push(look);
        self.at = self.looks.len() - 1;
    }

    /// Puts another place where one is.
    pub(super) fn replace(&mut self, look: Look) {
        match self.looks.get_mut(self.at) {
            Some(here) => *here = look,
            None => self.push(look),
        }
    }

    /// A step back; `false` at the beginning.
    pub(super) fn back(&mut self) -> bool {
        let can = self.at > 0;
        self.at -= usize::from(can);
        can
    }

    /// A step forward; `false` at the end.
    pub(super) fn forward(&mut self) -> bool {
        let can = self.at + 1 < self.looks.len();
        self.at += usize::from(can);
        can
    }

    /// How many places lie behind and ahead.
    pub(super) fn steps(&self) -> (usize, usize) {
        (self.at, self.looks.len().saturating_sub(self.at + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::digraph::Node;

    #[test]
    fn history_goes_back_and_forward_and_forgets_what_lay_ahead() {
        let look = |key: &str| Look::around(key.to_owned(), 1, 1);
        let mut history = History::default();
        assert!(!history.back() && !history.forward());
        for key in ["a", "b", "c"] {
            history.push(look(key));
        }
        assert!(history.back() && history.back() && !history.back());
        assert_eq!((history.look().map(Look::focus), history.steps()), (Some("a"), (0, 2)));
        assert!(history.forward());
        history.push(look("d"));
        assert!(!history.forward());
        assert_eq!((history.look().map(Look::focus), history.steps()), (Some("d"), (2, 0)));
        history.replace(look("e"));
        assert_eq!((history.look().map(Look::focus), history.steps()), (Some("e"), (2, 0)));
        for at in 0..2 * MEMORY {
            history.push(look(&at.to_string()));
        }
        assert_eq!(history.steps(), (MEMORY - 1, 0));
    }

    #[test]
    fn a_view_hides_what_is_filtered_but_never_the_focus() {
        let nodes = ["s.a", "s.b", "s.c"].map(|key| Node::new(key.split('.'))).to_vec();
        let graph = Graph::new(nodes, [(0, 1), (1, 2)]);
        let look = Look::around("s.b".to_owned(), 1, 1);
        let filters = Filters {
            selector: Some(Selector::parse("path:s").expect("a selector")),
            keys: BTreeSet::from(["gone".to_owned()]),
            ..Filters::default()
        };
        let view = look.view(&graph, &filters).expect("the focus is there");
        assert_eq!(view.hidden, BTreeSet::from([0, 2]));
        assert!(Look::around("x".to_owned(), 1, 1).view(&graph, &filters).is_none());
        let between = Look::between("s.a".to_owned(), "s.c".to_owned());
        let view = between.view(&graph, &Filters::default()).expect("both are there");
        assert_eq!(view.scope, Scope::Nodes(BTreeSet::from([0, 1, 2])));
    }

    #[test]
    fn depth_starts_over_on_its_side_only() {
        let mut look = Look::around("a".to_owned(), 1, 1);
        look.expand("b", Side::Upstream);
        look.collapse("c", Side::Downstream);
        look.deepen(Side::Upstream, true);
        assert_eq!((look.upstream, look.downstream), (2, 1));
        assert!(look.expanded.is_empty());
        assert_eq!(look.collapsed.len(), 1);
        look.deepen(Side::Upstream, false);
        look.deepen(Side::Upstream, false);
        look.deepen(Side::Upstream, false);
        assert_eq!(look.upstream, 0);
    }
}
