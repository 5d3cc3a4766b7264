//! While something is typed or chosen: the search, the selector of what to hide, the two lists.

use crossterm::event::KeyEvent;

use super::look::Look;
use super::{LineagePane, Typing};
use crate::graph::select::Selector;
use crate::tui::core::Core;
use crate::tui::msg::Action;
use crate::tui::widgets::text::contains;

impl LineagePane {
    /// Whether keys go to an input or a list of the pane.
    pub(crate) fn is_typing(&self) -> bool {
        !matches!(self.typing, Typing::Nothing)
    }

    /// Takes a key while something is typed.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        match &mut self.typing {
            Typing::Search => {
                if self.search.key(key) {
                    self.searched();
                }
            }
            Typing::Hide => {
                self.hide.key(key);
            }
            Typing::Columns(picker) => {
                if picker.input.key(key) {
                    picker.cursor.go(0, usize::MAX);
                    self.trace_chosen();
                }
            }
            Typing::Nothing | Typing::Impact(_) => {}
        }
    }

    /// Takes pasted text while something is typed.
    pub(crate) fn paste(&mut self, pasted: &str) {
        match &mut self.typing {
            Typing::Search => {
                if self.search.paste(pasted) {
                    self.searched();
                }
            }
            Typing::Hide => {
                self.hide.paste(pasted);
            }
            Typing::Columns(picker) => {
                if picker.input.paste(pasted) {
                    picker.cursor.go(0, usize::MAX);
                    self.trace_chosen();
                }
            }
            Typing::Nothing | Typing::Impact(_) => {}
        }
    }

    /// Does what `action` says while something is typed.
    pub(crate) fn typing(&mut self, action: Action, core: &mut Core) {
        match std::mem::take(&mut self.typing) {
            Typing::Search => self.while_searching(action, core),
            Typing::Hide => match action {
                Action::Accept => self.hide_matching(core),
                Action::Close => {}
                _ => self.typing = Typing::Hide,
            },
            Typing::Columns(mut picker) => match action {
                Action::Accept if picker.chosen().is_some() => {}
                Action::Close => {
                    if let Some(look) = self.history.look_mut() {
                        look.traced = picker.before;
                    }
                    self.changed();
                }
                action => {
                    let len = picker.shown().len();
                    let moved = picker.cursor.apply(action, len);
                    self.typing = Typing::Columns(picker);
                    if moved {
                        self.trace_chosen();
                    }
                }
            },
            Typing::Impact(mut list) => match action {
                Action::Accept => {
                    if let Some(key) = list.chosen() {
                        self.focus_on(key);
                    }
                }
                Action::Close => {}
                action => {
                    let len = list.len();
                    list.cursor.apply(action, len);
                    self.typing = Typing::Impact(list);
                }
            },
            Typing::Nothing => {}
        }
    }

    fn while_searching(&mut self, action: Action, core: &mut Core) {
        match action {
            Action::Accept => self.end_search(core),
            Action::Close => {
                self.search.clear();
                self.found.clear();
            }
            action => {
                self.typing = Typing::Search;
                match action {
                    Action::Down => self.go_to_match(true),
                    Action::Up => self.go_to_match(false),
                    _ => {}
                }
            }
        }
    }

    /// Keeps what was found; where nothing shown matches, goes to the first dataset that does.
    fn end_search(&mut self, core: &mut Core) {
        let needle = self.search.value().trim().to_lowercase();
        if needle.is_empty() || !self.found.is_empty() {
            return;
        }
        let elsewhere = self.matches_elsewhere(&needle).next();
        self.search.clear();
        match elsewhere {
            Some(key) => {
                core.notify(format!("{key} was not shown; it is in focus now"));
                self.focus_on(key);
            }
            None => core.complain("nothing in the lineage is called that"),
        }
    }

    /// The keys of datasets that match and are not shown.
    fn matches_elsewhere(&self, needle: &str) -> impl Iterator<Item = String> {
        let model = self.model.as_ref();
        let count = model.map_or(0, |model| model.outline().len());
        let is_shown = |node: usize| {
            self.scene.as_ref().is_some_and(|scene| scene.graph.shown(node).is_some())
        };
        (0..count).filter_map(move |node| {
            let key = &model?.outline().node(node).key;
            (contains(key, needle) && !is_shown(node)).then(|| key.clone())
        })
    }

    /// How many datasets match that are not shown.
    pub(super) fn found_elsewhere(&self) -> usize {
        let needle = self.search.value().trim().to_lowercase();
        if needle.is_empty() { 0 } else { self.matches_elsewhere(&needle).count() }
    }

    fn searched(&mut self) {
        self.find();
        if self.selected().is_none_or(|at| !self.found.contains(&at)) {
            self.go_to_match(true);
        }
    }

    /// Finds the boxes whose path or columns have the search text in them.
    pub(super) fn find(&mut self) {
        self.found.clear();
        let needle = self.search.value().trim().to_lowercase();
        let (Some(model), Some(scene)) = (&self.model, &self.scene) else { return };
        if needle.is_empty() {
            return;
        }
        let nodes = model.graph().nodes();
        let fits = |at: &usize| {
            contains(&scene.graph.nodes[*at].key, &needle)
                || scene.node(*at).is_some_and(|node| {
                    nodes[node].columns.iter().any(|name| contains(name, &needle))
                })
        };
        self.found = (0..scene.graph.nodes.len()).filter(fits).collect();
    }

    /// Goes to the next box that was found, or to the one before.
    pub(super) fn go_to_match(&mut self, forward: bool) {
        let here = self.selected();
        let next = if forward {
            self.found.iter().find(|at| Some(**at) > here).or(self.found.first())
        } else {
            self.found.iter().rev().find(|at| Some(**at) < here).or(self.found.last())
        };
        if let Some(at) = next.copied() {
            self.select(at);
        }
    }

    /// Traces the column under the picker's cursor at once, so that one sees what one chooses.
    fn trace_chosen(&mut self) {
        let Typing::Columns(picker) = &self.typing else { return };
        let chosen = picker.chosen();
        if let Some(look) = self.history.look_mut().filter(|look| look.traced != chosen) {
            look.traced = chosen;
            self.changed();
        }
    }

    /// Shows the column under the picker's cursor from the start.
    pub(super) fn begin_picking(&mut self) {
        self.trace_chosen();
    }

    fn hide_matching(&mut self, core: &mut Core) {
        let text = self.hide.value().trim().to_owned();
        if text.is_empty() {
            self.filters.selector = None;
            self.filters.text.clear();
            self.changed();
            return;
        }
        match Selector::parse(&text) {
            Err(error) => core.complain(error.to_string()),
            Ok(selector) => {
                let outline = self.model.as_ref().map(|model| model.outline());
                let unmatched = outline.map(|graph| selector.apply(graph).unmatched);
                if let Some(term) = unmatched.unwrap_or_default().first() {
                    core.complain(format!("`{term}` matches nothing"));
                }
                self.filters.selector = Some(selector);
                self.filters.text = text;
                self.changed();
            }
        }
    }

    /// Goes to a dataset with as many steps on each side as here.
    pub(super) fn focus_on(&mut self, key: String) {
        let look = match self.history.look() {
            // Between two datasets there are no steps to take over.
            Some(here) if here.upstream + here.downstream > 0 => {
                let mut look = Look::around(key, here.upstream, here.downstream);
                look.traced.clone_from(&here.traced);
                look
            }
            _ => Look::around(key, 1, 1),
        };
        self.go(look);
    }
}
