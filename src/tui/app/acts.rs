//! What keys, pasted text and actions do to the [`App`].

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::{App, MANY, Pane};
use crate::model::{NodeId, NodeRef};
use crate::search::Hit;
use crate::tui::core::{JobState, Server};
use crate::tui::keymap::{Context, Meaning, Press};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layers::confirm::Confirm;
use crate::tui::layers::finder::Finder;
use crate::tui::layers::help::Help;
use crate::tui::layers::message::Message;
use crate::tui::layers::palette::Palette;
use crate::tui::msg::{Action, Cmd, Slot};
use crate::tui::panes::detail::Tab;
use crate::tui::panes::{activity, catalog, lineage, sync};
use crate::tui::theme::Theme;
use crate::tui::widgets::text;

impl App {
    /// Where a key is pressed now, the most special first.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        if !self.layers.is_empty() {
            return vec![Context::Overlay];
        }
        if self.is_typing() {
            return vec![Context::Input];
        }
        self.pane_contexts()
    }

    pub(crate) fn pane_contexts(&self) -> Vec<Context> {
        let own = match self.focus {
            Pane::Catalog => Context::Catalog,
            Pane::Detail => Context::Detail,
            Pane::Lineage => Context::Lineage,
            Pane::Sync => Context::Sync,
            Pane::Activity => Context::Activity,
        };
        vec![own, Context::Global]
    }

    fn is_typing(&self) -> bool {
        match self.focus {
            Pane::Catalog => self.catalog.is_typing,
            Pane::Detail => self.detail.is_typing(),
            Pane::Lineage => self.lineage.is_typing(),
            Pane::Sync => false,
            Pane::Activity => self.activity.is_typing(),
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent) {
        let contexts = self.contexts();
        self.pending.push(Press::from(key));
        let mut meaning = self.core.keymap.meaning(&contexts, &self.pending);
        if meaning == Meaning::Nothing && self.pending.len() > 1 {
            // A sequence that came to nothing: its last key begins anew.
            self.pending = vec![Press::from(key)];
            meaning = self.core.keymap.meaning(&contexts, &self.pending);
        }
        match meaning {
            Meaning::Beginning => return,
            Meaning::Action(action) => {
                self.pending.clear();
                self.act(action);
                return;
            }
            Meaning::Nothing => self.pending.clear(),
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.key(key, &mut self.core);
        } else if self.is_typing() {
            match self.focus {
                Pane::Catalog => self.catalog.key(key),
                Pane::Detail => self.detail.key(key),
                Pane::Lineage => self.lineage.key(key),
                Pane::Sync => {}
                Pane::Activity => self.activity.key(key),
            }
        }
    }

    pub(super) fn paste(&mut self, pasted: &str) {
        if let Some(layer) = self.layers.last_mut() {
            layer.paste(pasted, &mut self.core);
        } else if self.is_typing() {
            match self.focus {
                Pane::Catalog => self.catalog.paste(pasted),
                Pane::Detail => self.detail.paste(pasted),
                Pane::Lineage => self.lineage.paste(pasted),
                Pane::Sync => {}
                Pane::Activity => self.activity.paste(pasted),
            }
        }
    }

    /// Does what `action` says: the top overlay first, then the pane with the keys, then the App.
    pub(crate) fn act(&mut self, action: Action) {
        if let Some(layer) = self.layers.last_mut() {
            let outcome = layer.handle(action, &mut self.core);
            self.layer_outcome(outcome);
            return;
        }
        if self.is_typing() {
            match self.focus {
                Pane::Catalog => self.catalog.typing(action, &mut self.core),
                Pane::Detail => self.detail.typing(action, &self.core),
                Pane::Lineage => self.lineage.typing(action, &mut self.core),
                Pane::Sync => {}
                Pane::Activity => self.activity.typing(action, &mut self.core),
            }
            return;
        }
        if self.is_disconnected() && matches!(action, Action::Refresh | Action::RefreshAll) {
            self.log_in();
            return;
        }
        let is_done = match self.focus {
            Pane::Catalog => match self.catalog.handle(action, &mut self.core) {
                catalog::Outcome::Ignored => false,
                catalog::Outcome::Done => true,
                catalog::Outcome::Look => {
                    self.look();
                    true
                }
            },
            Pane::Detail => self.detail.handle(action, &mut self.core),
            Pane::Lineage => self.act_on_lineage(action),
            Pane::Sync => {
                let outcome = self.sync.handle(action, &mut self.core);
                self.sync_outcome(outcome)
            }
            Pane::Activity => {
                let outcome = self.activity.handle(action, &mut self.core);
                self.activity_outcome(outcome)
            }
        };
        if !is_done {
            self.act_globally(action);
        }
    }

    fn act_on_lineage(&mut self, action: Action) -> bool {
        match self.lineage.handle(action, &mut self.core) {
            lineage::Outcome::Ignored => return false,
            lineage::Outcome::Done => {}
            lineage::Outcome::GoTo(node, then) => {
                self.go_to(node, None);
                if let Some(then) = then {
                    self.act_globally(then);
                }
            }
        }
        true
    }

    fn activity_outcome(&mut self, outcome: activity::Outcome) -> bool {
        match outcome {
            activity::Outcome::Ignored => return false,
            activity::Outcome::Done => {}
            activity::Outcome::GoTo(node) => self.go_to(node, None),
            activity::Outcome::Tell(title, message) => {
                self.layers.push(Layer::Message(Message::new(title, message)));
            }
            activity::Outcome::Stop(slot) => self.stop(slot),
        }
        true
    }

    fn sync_outcome(&mut self, outcome: sync::Outcome) -> bool {
        match outcome {
            sync::Outcome::Ignored => return false,
            sync::Outcome::Done => {}
            sync::Outcome::Confirm(text) => {
                let confirm = Confirm::new("Write to OpenMetadata", text, "write", Action::Apply);
                self.layers.push(Layer::Confirm(confirm));
            }
            sync::Outcome::GoTo(path) => match self.core.catalog.at(&path).map(NodeRef::id) {
                Some(node) => {
                    self.catalog.reveal(&self.core, node);
                    self.focus = Pane::Catalog;
                }
                None => return false,
            },
        }
        true
    }

    /// Has what is marked, or what the cursor is on, compared with OpenMetadata.
    fn make_plan(&mut self) {
        (self.right, self.focus) = (Pane::Sync, Pane::Sync);
        let catalog = Arc::clone(&self.core.catalog);
        let mut paths = self.catalog.marked_paths(&catalog);
        if paths.is_empty() {
            let node = self.catalog.selected().and_then(|id| catalog.get(id));
            paths.extend(node.map(NodeRef::path));
        }
        drop(catalog);
        if paths.is_empty() {
            self.core.complain("there is nothing to compare yet");
            return;
        }
        self.sync.want(paths, &mut self.core);
    }

    pub(crate) fn layer_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Stay => return,
            Outcome::Close => {
                self.layers.pop();
            }
            Outcome::Do(action) => {
                self.layers.pop();
                self.act(action);
            }
            Outcome::Confirmed(action) => {
                self.layers.pop();
                match action {
                    Action::RefreshAll => self.walk(),
                    Action::Apply => self.sync.apply(&mut self.core),
                    _ => {}
                }
            }
            Outcome::GoTo(Hit { node, column, .. }) => {
                self.layers.pop();
                self.go_to(node, column);
            }
        }
        if !self.layers.iter().any(|layer| matches!(layer, Layer::Finder(_))) {
            self.core.cancel(Slot::Search);
        }
    }

    fn act_globally(&mut self, action: Action) {
        match action {
            Action::Back if self.is_zoomed => self.is_zoomed = false,
            Action::Back | Action::Left if self.focus != Pane::Catalog => {
                self.focus = Pane::Catalog;
            }
            Action::NextPane | Action::PreviousPane => {
                self.focus = if self.focus == Pane::Catalog { self.right } else { Pane::Catalog };
            }
            Action::ShowCatalog => self.focus = Pane::Catalog,
            Action::ShowDetail => self.look(),
            Action::ShowLineage => {
                (self.right, self.focus) = (Pane::Lineage, Pane::Lineage);
                self.settle_at = None;
                self.detail.show(self.catalog.selected());
                self.lineage.follow(self.catalog.selected(), &self.core);
            }
            Action::ShowSync => (self.right, self.focus) = (Pane::Sync, Pane::Sync),
            Action::MakePlan => self.make_plan(),
            Action::ShowActivity => {
                (self.right, self.focus) = (Pane::Activity, Pane::Activity);
            }
            Action::ShowColumns => self.show_tab(Tab::Columns, "columns"),
            Action::ShowSql => self.show_tab(Tab::Sql, "SQL"),
            Action::ShowWiki => self.show_tab(Tab::Wiki, "wiki"),
            Action::ShowReflections => self.show_tab(Tab::Reflections, "reflections"),
            Action::ShowPreview => {
                self.show_tab(Tab::Preview, "rows");
                self.detail.preview(&mut self.core, false);
            }
            Action::NextTab | Action::PreviousTab | Action::Edit if self.right == Pane::Detail => {
                self.detail.handle(action, &mut self.core);
            }
            Action::Finder => self.open_finder(),
            Action::Palette => {
                let contexts = self.pane_contexts();
                self.layers.push(Layer::Palette(Palette::new(contexts)));
            }
            Action::Help => {
                let help = Help::new(&self.core.keymap, &self.pane_contexts());
                self.layers.push(Layer::Help(help));
            }
            Action::RefreshAll => self.refresh_all(),
            Action::Zoom => self.is_zoomed = !self.is_zoomed,
            Action::Narrower => self.remembered.narrow(),
            Action::Wider => self.remembered.widen(),
            Action::ToggleMouse => {
                self.core.mouse = !self.core.mouse;
                let word =
                    if self.core.mouse { "on" } else { "off: the terminal selects text again" };
                self.core.notify(format!("mouse {word}"));
                self.core.cmd(Cmd::SetMouse(self.core.mouse));
            }
            Action::NextTheme => {
                let name = self.core.theme.name.next();
                self.core.theme = Theme::load(name, self.colours);
                self.core.notify(format!("theme {}", name.name()));
            }
            Action::Redraw => self.core.cmd(Cmd::Redraw),
            Action::Suspend => self.core.cmd(Cmd::Suspend),
            Action::Quit => self.core.cmd(Cmd::Quit),
            _ if self.right == Pane::Lineage && self.focus != Pane::Lineage => {
                self.act_on_lineage(action);
            }
            _ => {}
        }
    }

    fn is_disconnected(&self) -> bool {
        matches!(self.core.server, Server::Failed(_))
    }

    /// Turns to the details of the node under the cursor.
    fn look(&mut self) {
        (self.right, self.focus) = (Pane::Detail, Pane::Detail);
        self.settle_at = None;
        self.detail.show(self.catalog.selected());
        self.detail.settle(&mut self.core);
    }

    fn show_tab(&mut self, tab: Tab, what: &str) {
        self.detail.show(self.catalog.selected());
        if self.detail.select_tab(tab, &mut self.core) {
            self.settle_at = None;
            self.right = Pane::Detail;
            if matches!(self.focus, Pane::Activity | Pane::Lineage | Pane::Sync) {
                self.focus = Pane::Detail;
            }
        } else {
            self.core.complain(format!("there are no {what} to show here"));
        }
    }

    /// Goes to a node and, if given, to a column of it.
    fn go_to(&mut self, node: NodeId, column: Option<usize>) {
        if self.core.catalog.get(node).is_none() {
            self.core.complain("it is not in the catalogue any more");
            return;
        }
        self.catalog.reveal(&self.core, node);
        self.detail.show(Some(node));
        if let Some(column) = column {
            self.detail.go_to_column(column);
        }
        self.look();
        if column.is_none() {
            self.focus = Pane::Catalog;
        }
    }

    fn open_finder(&mut self) {
        self.make_index();
        self.layers.push(Layer::Finder(Finder::new(self.index.clone())));
    }

    fn refresh_all(&mut self) {
        let datasets = self.core.walk.stats.datasets;
        if datasets < MANY {
            self.walk();
            return;
        }
        let text = format!(
            "Read all {} again? Reading them took {} the last time.",
            text::counted(datasets, "dataset"),
            text::counted(self.core.walk.stats.requests, "request"),
        );
        let confirm = Confirm::new("Read everything again", text, "read", Action::RefreshAll);
        self.layers.push(Layer::Confirm(confirm));
    }

    fn stop(&mut self, slot: Slot) {
        if self.sync.stop_slot(slot, &mut self.core) {
            return;
        }
        let node = self.core.running(slot).and_then(|job| job.node);
        self.core.cancel(slot);
        if let Some(node) = node {
            self.detail.fail(node, slot, &JobState::Cancelled);
        }
        match slot {
            Slot::Discovery => {
                self.core.reading.clear();
                self.core.walk.running = false;
                self.core.walk.stopped = true;
            }
            Slot::Login => self.core.server = Server::Failed("Cancelled.".to_owned()),
            Slot::Layout => self.lineage.fail(slot, &JobState::Cancelled),
            _ => {}
        }
    }
}
