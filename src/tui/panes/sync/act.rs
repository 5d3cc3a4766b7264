//! What keys and the mouse do in the plan.

use crossterm::event::KeyEvent;

use super::choice::Toggled;
use super::tree::Sort;
use super::{Outcome, Stage, SyncPane, Target};
use crate::sync::Action as Change;
use crate::tui::core::Core;
use crate::tui::msg::Action;
use crate::tui::widgets::text::counted;

impl SyncPane {
    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        if self.changes.is_alone
            && let Some(outcome) = self.handle_reading(action)
        {
            return outcome;
        }
        let before = self.list.cursor.at;
        if self.list.step(action) {
            if self.list.cursor.at != before {
                self.changes.go_home();
            }
            return Outcome::Done;
        }
        match action {
            Action::ScrollDown => self.changes.scroll(3),
            Action::ScrollUp => self.changes.scroll(-3),
            Action::CancelJob => self.stop(core),
            Action::RetryFailed => self.retry_failed(core),
            Action::Refresh if self.is_idle() && matches!(self.target, Target::Failed(_)) => {
                // What was wanted before the connection went is still wanted.
                if self.is_wanted() { self.plan_again(core) } else { self.connect(core) }
            }
            Action::Refresh if self.is_idle() && self.is_wanted() => self.plan_again(core),
            Action::TogglePrune | Action::ToggleOverwrite => self.throw_switch(action, core),
            Action::Apply => return self.confirmation(core),
            Action::ForgetInterrupted => return self.ask_to_put_away(core),
            _ => return self.handle_on_plan(action, core),
        }
        Outcome::Done
    }

    /// Whether a plan was asked for, even if it came to nothing.
    fn is_wanted(&self) -> bool {
        self.shown.is_some() || (self.failure.is_some() && !self.selection.within.is_empty())
    }

    /// Does what `action` says while the changes have the whole pane.
    fn handle_reading(&mut self, action: Action) -> Option<Outcome> {
        if self.changes.step(action) {
            return Some(Outcome::Done);
        }
        match action {
            Action::Open | Action::Back | Action::Left => self.changes.is_alone = false,
            Action::NextTab | Action::PreviousTab => {
                let shown = self.shown.as_ref()?;
                self.list.step_to_item(action == Action::NextTab, shown);
                self.changes.go_home();
            }
            _ => return None,
        }
        Some(Outcome::Done)
    }

    /// Makes the plan anew with deletions or replaced descriptions, or without.
    fn throw_switch(&mut self, action: Action, core: &mut Core) {
        if !self.is_idle() {
            core.complain("not while something is under way");
            return;
        }
        let (on, what) = if action == Action::TogglePrune {
            self.switches.prune = !self.switches.prune;
            (self.switches.prune, "deleting what Dremio no longer has")
        } else {
            self.switches.overwrite = !self.switches.overwrite;
            (self.switches.overwrite, "replacing descriptions of others")
        };
        core.notify(format!("{what}: {}", if on { "on" } else { "off" }));
        if self.shown.is_some() {
            let is_prune_on = action == Action::TogglePrune && on;
            self.sought = is_prune_on.then_some(Change::Delete);
            self.plan_again(core);
        }
    }

    fn handle_on_plan(&mut self, action: Action, core: &mut Core) -> Outcome {
        let Some(shown) = &self.shown else { return Outcome::Ignored };
        match action {
            Action::NextAction => {
                self.list.show_next(shown);
                self.changes.go_home();
            }
            Action::Filter => self.list.is_typing = true,
            Action::Back if self.list.is_searching() => self.list.end_search(shown),
            Action::ExpandAll => self.list.unfold_all(shown),
            Action::CollapseAll => self.list.fold_all(shown),
            _ => return self.handle_on_row(action, core),
        }
        Outcome::Done
    }

    fn handle_on_row(&mut self, action: Action, core: &mut Core) -> Outcome {
        let (Some(at), Some(shown)) = (self.list.node(), &self.shown) else {
            return Outcome::Ignored;
        };
        let node = &shown.tree.nodes[at];
        let has_children = !node.children.is_empty();
        let is_folded = self.list.is_folded(at);
        match action {
            Action::Open if matches!(node.sort, Sort::Table | Sort::Edge) => {
                self.changes.is_alone = true;
                self.changes.go_home();
            }
            Action::Open if has_children => self.list.fold(at, !is_folded, shown),
            Action::Right if has_children && is_folded => self.list.fold(at, false, shown),
            Action::Right => {
                self.list.step(Action::Down);
                self.changes.go_home();
            }
            Action::Left if has_children && !is_folded => self.list.fold(at, true, shown),
            Action::Left => {
                let Some(parent) = node.parent else { return Outcome::Ignored };
                self.list.go_to(parent);
                self.changes.go_home();
            }
            Action::ToggleMark => self.toggle(at, core),
            Action::Copy => {
                let Some(item) = shown.item_at(at) else { return Outcome::Done };
                let (_, name) = crate::report::sync::name_of(&item.key);
                core.copy(name.clone(), &name);
            }
            Action::ShowCatalog => {
                let path = shown.item_at(at).and_then(|item| item.path.clone());
                return path.map_or(Outcome::Ignored, Outcome::GoTo);
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    /// Leaves out what is shown of a node, or takes it in.
    fn toggle(&mut self, at: usize, core: &mut Core) {
        let Some(shown) = &mut self.shown else { return };
        if !matches!(self.stage, Stage::Idle) || shown.report.is_some() {
            core.complain("only a plan that is not applied yet can be chosen from");
            return;
        }
        let items = shown.tree.items(at);
        let shows: std::collections::BTreeSet<usize> =
            items.into_iter().filter(|item| self.list.shows(*item, shown)).collect();
        match shown.toggle(at, |item| shows.contains(&item)) {
            Toggled::Nothing => core.complain("nothing is written here"),
            toggled => {
                if let Toggled::LeftOut(number) | Toggled::TakenIn(number) = toggled
                    && number > 1
                {
                    let what = if matches!(toggled, Toggled::LeftOut(_)) {
                        "left out"
                    } else {
                        "taken in"
                    };
                    core.notify(format!("{} {what}", counted(number, "item")));
                }
                let is_container = !shown.tree.nodes[at].children.is_empty();
                self.list.flatten(shown);
                // On a container its box and counts are what was asked for; else the next is.
                if !self.changes.is_alone && !is_container {
                    self.list.step(Action::Down);
                    self.changes.go_home();
                }
            }
        }
    }

    /// Whether keys go to the search.
    pub(crate) fn is_typing(&self) -> bool {
        self.list.is_typing
    }

    /// Takes a key while the search is being typed.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        if self.list.search.key(key) {
            self.searched();
        }
    }

    /// Takes pasted text while the search is being typed.
    pub(crate) fn paste(&mut self, pasted: &str) {
        if self.list.search.paste(pasted) {
            self.searched();
        }
    }

    fn searched(&mut self) {
        if let Some(shown) = &self.shown {
            self.list.searched(shown);
            self.changes.go_home();
        }
    }

    /// Does what `action` says while the search is being typed.
    pub(crate) fn typing(&mut self, action: Action, core: &mut Core) {
        match action {
            Action::Accept => self.list.is_typing = false,
            Action::Close => match &self.shown {
                Some(shown) => self.list.end_search(shown),
                None => self.list.is_typing = false,
            },
            action => {
                self.handle(action, core);
            }
        }
    }

    /// Puts the cursor where the mouse clicked; a click on a box chooses.
    pub(crate) fn click(&mut self, column: u16, row: u16, core: &mut Core) {
        if !self.area.contains((column, row).into()) {
            return;
        }
        let at = self.list.cursor.offset + usize::from(row - self.area.y);
        let Some((node, depth)) = self.list.rows().get(at).copied() else { return };
        if at != self.list.cursor.at {
            self.changes.go_home();
        }
        self.list.go(at);
        let Some(shown) = &self.shown else { return };
        match usize::from(column - self.area.x).checked_sub(depth * 2) {
            Some(0 | 1) if !shown.tree.nodes[node].children.is_empty() => {
                let is_folded = self.list.is_folded(node);
                self.list.fold(node, !is_folded, shown);
            }
            Some(2 | 3) => self.toggle(node, core),
            _ => {}
        }
    }

    /// Scrolls by wheel what is under it.
    pub(crate) fn wheel(&mut self, lines: isize, column: u16, row: u16) {
        if self.changes.area.contains((column, row).into()) {
            self.changes.scroll(lines);
        } else {
            let len = self.list.rows().len();
            self.list.cursor.scroll(lines, len);
            self.changes.go_home();
        }
    }
}
