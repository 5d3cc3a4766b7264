//! What actions do to the [`App`].

use std::sync::Arc;

use super::{App, MANY, Pane};
use crate::model::{NodeKind, NodeRef};
use crate::search::{Hit, Part};
use crate::tui::core::{JobState, Server, shown_path};
use crate::tui::dbt::InOpenMetadata;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layers::choice::{Choice, Entry};
use crate::tui::layers::confirm::Confirm;
use crate::tui::layers::finder::Finder;
use crate::tui::layers::help::Help;
use crate::tui::layers::matches::Matches;
use crate::tui::layers::message::Message;
use crate::tui::layers::palette::Palette;
use crate::tui::msg::{Action, Cmd, Slot};
use crate::tui::panes::detail::Tab;
use crate::tui::panes::{activity, catalog, detail, kinds, lineage, sync};
use crate::tui::theme::Theme;
use crate::tui::widgets::text;

impl App {
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
                Pane::Sync => self.sync.typing(action, &mut self.core),
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
            Pane::Detail => {
                let outcome = self.detail.handle(action, &mut self.core);
                self.detail_outcome(outcome)
            }
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

    pub(crate) fn detail_outcome(&mut self, outcome: detail::Outcome) -> bool {
        match outcome {
            detail::Outcome::Ignored => return false,
            detail::Outcome::Done => {}
            detail::Outcome::Jump(path, node) => self.jump(path, node),
            detail::Outcome::Choose(targets) => {
                let entries = targets
                    .into_iter()
                    .map(|(path, id)| {
                        let node = id.and_then(|id| self.core.catalog.get(id));
                        let kind = node.map_or(NodeKind::Unknown, NodeRef::kind);
                        Entry {
                            sign: (kinds::sign(kind), kinds::style(kind, &self.core.theme)),
                            name: shown_path(&path),
                            note: node
                                .map_or("not in the catalogue yet", |node| node.kind().name())
                                .to_owned(),
                            outcome: Outcome::Jump(path, id),
                        }
                    })
                    .collect();
                let title = "Datasets that this SQL names".to_owned();
                let choice = Choice::new(title, "go there", entries, String::new(), 0);
                self.layers.push(Layer::Choice(choice));
            }
        }
        true
    }

    /// Shows what the dbt project and Dremio have in common.
    fn show_matches(&mut self) {
        match (self.core.dbt.matched(), self.core.dbt.absence()) {
            (Some(matched), _) => {
                let matched = Arc::clone(matched);
                self.core.dbt.forget_openmetadata();
                let known = self.core.dbt.in_openmetadata().clone();
                let disagreements = self.lineage.reading().0.map(|model| model.disagreements());
                let matches = Matches::new(matched, known, disagreements.unwrap_or_default());
                self.layers.push(Layer::Matches(matches));
            }
            (None, why) => self.core.complain(why.unwrap_or_default()),
        }
    }

    /// Lets somebody choose a profile to connect to.
    fn choose_profile(&mut self) {
        let at = self.profiles.iter().position(|profile| profile.is_current).unwrap_or(0);
        let theme = &self.core.theme;
        let entries = self
            .profiles
            .iter()
            .map(|profile| Entry {
                sign: if profile.is_current { ("✓", theme.good) } else { (" ", theme.soft) },
                name: profile.name.clone(),
                note: profile.server.clone(),
                outcome: if profile.is_current {
                    Outcome::Close
                } else {
                    Outcome::Profile(profile.name.clone())
                },
            })
            .collect();
        let empty = "The config file has no profiles. Under `profiles:` it can hold several connections by \
                     name; `dremio-explorer config init` writes one to begin with, and \
                     `dremio-explorer config path` says where it is.";
        let title = "Connect to".to_owned();
        let choice = Choice::new(title, "connect", entries, empty.to_owned(), at);
        self.layers.push(Layer::Choice(choice));
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
            sync::Outcome::Confirm(sync::Question { title, text, yes, no, action }) => {
                let confirm = Confirm::new(title, text, yes, action).or(no);
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
                    Action::ForgetInterrupted => self.sync.put_away(&mut self.core),
                    Action::Quit => self.sync.quit(&mut self.core),
                    _ => {}
                }
            }
            Outcome::GoTo(Hit { node, part, .. }, text) => {
                self.layers.pop();
                match part {
                    Part::Path | Part::Label(_) => self.go_to(node, None),
                    Part::Column(column) => self.go_to(node, Some(column)),
                    Part::Sql(_) => {
                        self.go_to(node, None);
                        self.detail.go_to_sql(text);
                        self.look();
                    }
                }
            }
            Outcome::Jump(path, node) => {
                self.layers.pop();
                self.jump(path, node);
            }
            Outcome::Profile(name) => {
                self.layers.pop();
                self.core.cmd(Cmd::Switch(name));
            }
        }
        if !self.layers.iter().any(|layer| matches!(layer, Layer::Finder(_))) {
            self.core.cancel(Slot::Search);
        }
        if !self.is_showing_matches() {
            self.core.cancel(Slot::Presence);
        }
    }

    /// Opens the lineage with the column under the cursor of the details traced.
    fn trace_column(&mut self) {
        match self.detail.selected_column(&self.core) {
            Some(column) => {
                self.act_globally(Action::ShowLineage);
                self.lineage.trace(column);
            }
            None => self.core.complain("choose a column of a table or a view first"),
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
            Action::TraceColumn => self.trace_column(),
            Action::ShowSync => (self.right, self.focus) = (Pane::Sync, Pane::Sync),
            Action::MakePlan => self.make_plan(),
            Action::ShowActivity => {
                (self.right, self.focus) = (Pane::Activity, Pane::Activity);
            }
            Action::ShowColumns => drop(self.show_tab(Tab::Columns, "list of columns")),
            Action::ShowSql => drop(self.show_tab(Tab::Sql, "SQL")),
            Action::ShowWiki => drop(self.show_tab(Tab::Wiki, "wiki")),
            Action::ShowReflections => drop(self.show_tab(Tab::Reflections, "list of reflections")),
            Action::ShowUsedBy => drop(self.show_tab(Tab::UsedBy, "list of users")),
            Action::ShowDbt => match self.core.dbt.absence() {
                Some(why) => self.core.complain(why),
                None => drop(self.show_tab(Tab::Dbt, "node of the dbt project")),
            },
            Action::ShowMatches => self.show_matches(),
            Action::ShowPreview => self.show_preview(),
            Action::NextTab
            | Action::PreviousTab
            | Action::Edit
            | Action::NextReference
            | Action::PreviousReference
            | Action::ShowReferences
            | Action::FormatSql
                if self.right == Pane::Detail =>
            {
                let outcome = self.detail.handle(action, &mut self.core);
                self.detail_outcome(outcome);
            }
            Action::SwitchProfile => self.choose_profile(),
            Action::HistoryBack if self.right != Pane::Lineage => self.go_back(),
            Action::HistoryForward if self.right != Pane::Lineage => self.go_forward(),
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
                self.follows_terminal = false;
                self.core.theme = Theme::load(name, self.colours);
                self.core.notify(format!("theme {}", name.name()));
            }
            Action::Redraw => self.core.cmd(Cmd::Redraw),
            Action::Suspend => self.core.cmd(Cmd::Suspend),
            Action::Quit => self.quit(),
            _ if self.right == Pane::Lineage && self.focus != Pane::Lineage => {
                self.act_on_lineage(action);
            }
            _ => {}
        }
    }

    /// Leaves, after a question if something is being written.
    fn quit(&mut self) {
        let Some(text) = self.sync.question_before_quitting() else {
            self.core.cmd(Cmd::Quit);
            return;
        };
        let confirm = Confirm::new("OpenMetadata is being written to", text, "quit", Action::Quit);
        self.layers.push(Layer::Confirm(confirm.or("stay")));
    }

    fn is_disconnected(&self) -> bool {
        matches!(self.core.server, Server::Failed(_))
    }

    /// Brings a tab of the details to the front; says so where the node has none such.
    fn show_tab(&mut self, tab: Tab, what: &str) -> bool {
        self.detail.show(self.catalog.selected());
        if !self.detail.select_tab(tab, &mut self.core) {
            self.core.complain(format!("there is no {what} to show here"));
            return false;
        }
        self.settle_at = None;
        self.right = Pane::Detail;
        if matches!(self.focus, Pane::Activity | Pane::Lineage | Pane::Sync) {
            self.focus = Pane::Detail;
        }
        true
    }

    fn show_preview(&mut self) {
        if self.show_tab(Tab::Preview, "preview") {
            self.detail.preview(&mut self.core, false);
        }
    }

    fn open_finder(&mut self) {
        self.make_index();
        self.layers.push(Layer::Finder(Box::new(Finder::new(self.index.clone()))));
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
            Slot::Presence => {
                let known = InOpenMetadata::NotLookedUp("cancelled".to_owned());
                self.core.dbt.take_openmetadata(known);
                self.renew_matches();
            }
            _ => {}
        }
    }
}
