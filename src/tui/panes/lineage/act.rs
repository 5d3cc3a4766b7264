//! What the pane's actions do.

use super::look::{Look, Place};
use super::popup::ImpactList;
use super::scene::TreeItem;
use super::{LineagePane, Outcome, PanelSize, Rendering, Target, Typing};
use crate::graph::digraph::Side;
use crate::graph::focus::Subject;
use crate::graph::glyph::Charset;
use crate::graph::paths;
use crate::lineage::NodeRole;
use crate::model::display::clean_lines;
use crate::tui::core::{Core, shown_path};
use crate::tui::msg::{Action, Cmd, Slot};

/// Cells that one step moves the view.
const PAN: i32 = 8;

impl LineagePane {
    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        match action {
            // Already here; the catalog's own dataset is one step back in the history.
            Action::ShowLineage => return Outcome::Done,
            Action::Refresh => self.read_again(core),
            _ if self.scene.is_none() => return Outcome::Ignored,
            Action::Up
            | Action::Down
            | Action::Left
            | Action::Right
            | Action::HalfPageUp
            | Action::HalfPageDown
            | Action::PageUp
            | Action::PageDown
            | Action::Top
            | Action::Bottom => self.go_by(action),
            Action::PanLeft => self.canvas.pan(-2 * PAN, 0),
            Action::PanRight => self.canvas.pan(2 * PAN, 0),
            Action::PanUp => self.canvas.pan(0, -PAN / 2),
            Action::PanDown => self.canvas.pan(0, PAN / 2),
            Action::Recentre => self.recentre(),
            Action::Open => self.open(core),
            Action::Back => return self.one_step_back(core),
            Action::HistoryBack | Action::HistoryForward => self.travel(action, core),
            Action::Grow
            | Action::Shrink
            | Action::GrowUpstream
            | Action::ShrinkUpstream
            | Action::GrowDownstream
            | Action::ShrinkDownstream => self.deepen(action, core),
            Action::ToggleBeyond => self.toggle_beyond(core),
            Action::FoldFolder => self.fold_folder(core),
            Action::Hide => self.hide_selected(core),
            Action::ShowHidden => {
                if self.filters.is_empty() {
                    core.complain("nothing is hidden or folded");
                } else {
                    self.filters = super::Filters::default();
                    self.hide.clear();
                    self.changed();
                }
            }
            _ => return self.handle_more(action, core),
        }
        Outcome::Done
    }

    fn handle_more(&mut self, action: Action, core: &mut Core) -> Outcome {
        match action {
            Action::Filter => self.typing = Typing::Search,
            Action::HideMatching => self.typing = Typing::Hide,
            Action::NextMatch => self.go_to_match(true),
            Action::PreviousMatch => self.go_to_match(false),
            Action::TraceColumn => self.pick_column(core),
            Action::NextColumn => self.next_column(true, core),
            Action::PreviousColumn => self.next_column(false, core),
            Action::NextEdge => self.next_edge(true),
            Action::PreviousEdge => self.next_edge(false),
            Action::NextLevel => {
                self.level = self.level.next();
                self.changed();
                core.notify(format!("boxes show {}", self.level.name()));
            }
            Action::NextRendering => {
                self.rendering = Some(match self.drawn_as {
                    Rendering::Boxes => Rendering::Tree,
                    Rendering::Tree => Rendering::Table,
                    Rendering::Table => Rendering::Boxes,
                });
                self.drawn_as = self.rendering.unwrap_or_default();
                self.put_cursor();
                self.canvas.follow();
            }
            Action::TogglePanel => {
                self.panel_top = 0;
                self.panel = Some(match self.panel_size() {
                    PanelSize::Off => PanelSize::Small,
                    PanelSize::Small => PanelSize::Large,
                    PanelSize::Large => PanelSize::Off,
                });
            }
            Action::ShowImpact => {
                if let (Some(model), Some(node)) = (&self.model, self.selected_node()) {
                    let column = self.traced_here();
                    let list = ImpactList::new(model, node, column.as_deref());
                    self.typing = Typing::Impact(Box::new(list));
                }
            }
            Action::MarkPath => self.mark_path(core),
            Action::Copy => self.copy(core),
            Action::CopyLong => self.copy_drawing(core),
            Action::Edit => self.edit(core),
            Action::GoToDataset => return self.go_to(None, core),
            Action::ShowSql | Action::ShowPreview | Action::ShowWiki => {
                return self.go_to(Some(action), core);
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    /// How much room the panel has.
    pub(super) fn panel_size(&self) -> PanelSize {
        self.panel.unwrap_or(PanelSize::Small)
    }

    /// Puts the box under the cursor in focus; opens a folded folder.
    fn open(&mut self, core: &mut Core) {
        let Some(at) = self.selected() else { return };
        let Some(scene) = &self.scene else { return };
        match scene.graph.nodes[at].subject {
            Subject::Folder { .. } => self.fold_folder(core),
            Subject::Node(_) if Some(at) == scene.focus => {
                core.notify("this is in focus; o shows it in the catalog");
            }
            Subject::Node(_) => {
                let key = scene.graph.nodes[at].key.clone();
                self.focus_on(key);
            }
        }
    }

    fn one_step_back(&mut self, core: &mut Core) -> Outcome {
        if self.canvas.is_waiting() {
            core.cancel(Slot::Layout);
            self.canvas.give_up();
        } else if self.edge.take().is_some() {
        } else if !self.found.is_empty() {
            self.search.clear();
            self.found.clear();
        } else if self.mark.take().is_some() {
        } else if let Some(look) = self.history.look_mut().filter(|look| look.traced.is_some()) {
            look.traced = None;
            self.changed();
        } else if matches!(self.history.look().map(|look| &look.place), Some(Place::Between(..))) {
            self.travel(Action::HistoryBack, core);
        } else {
            return Outcome::Ignored;
        }
        Outcome::Done
    }

    fn travel(&mut self, action: Action, core: &mut Core) {
        let is_back = action == Action::HistoryBack;
        let moved = if is_back { self.history.back() } else { self.history.forward() };
        if moved {
            self.arrived();
            if let Some(look) = self.history.look() {
                self.target = Target::Dataset(look.focus().to_owned());
            }
        } else {
            core.complain(if is_back {
                "there is no view before this one"
            } else {
                "there is no view after this one"
            });
        }
    }

    fn deepen(&mut self, action: Action, core: &mut Core) {
        let Some(look) = self.history.look_mut() else { return };
        if matches!(look.place, Place::Between(..)) {
            core.complain("a path has no depth; esc leads back");
            return;
        }
        let sides: &[Side] = match action {
            Action::Grow | Action::Shrink => &[Side::Upstream, Side::Downstream],
            Action::GrowUpstream | Action::ShrinkUpstream => &[Side::Upstream],
            _ => &[Side::Downstream],
        };
        let more = matches!(action, Action::Grow | Action::GrowUpstream | Action::GrowDownstream);
        let mut has_changed = false;
        for side in sides {
            has_changed |= self.deepen_side(*side, more);
        }
        if more && !has_changed {
            core.notify("there is nothing more to show on that side");
        }
    }

    /// One step more or less on one side; `false` if that changes nothing, and then it is undone, so
    /// that a step back always is one.
    fn deepen_side(&mut self, side: Side, more: bool) -> bool {
        let Some(before) = self.history.look().cloned() else { return false };
        let count = |pane: &Self| pane.scene.as_ref().map(|scene| scene.graph.nodes.len());
        let shown = count(self);
        if let Some(look) = self.history.look_mut() {
            look.deepen(side, more);
        }
        self.changed();
        self.rebuild();
        let has_changed = shown != count(self);
        if more && !has_changed {
            self.history.replace(before);
            self.changed();
        }
        has_changed
    }

    pub(super) fn has_more_beyond(&self) -> bool {
        let node = self.scene.as_ref().zip(self.selected());
        node.map(|(scene, at)| &scene.graph.nodes[at])
            .is_some_and(|node| node.hidden_upstream + node.hidden_downstream > 0)
    }

    /// Shows what lies beyond a box on one side.
    pub(super) fn expand(&mut self, at: usize, side: Side) {
        self.select(at);
        let Some(key) = self.scene.as_ref().and_then(|scene| scene.graph.nodes.get(at)) else {
            return;
        };
        let key = key.key.clone();
        if let Some(look) = self.history.look_mut() {
            look.expand(&key, side);
        }
        self.changed();
    }

    fn toggle_beyond(&mut self, core: &mut Core) {
        if !self.toggle_selected() {
            core.notify("nothing lies beyond this");
        }
    }

    /// Shows what is hidden beyond the box under the cursor, or hides what lies beyond it.
    pub(super) fn toggle_selected(&mut self) -> bool {
        let Some((scene, at)) = self.scene.as_ref().zip(self.selected()) else { return false };
        let node = &scene.graph.nodes[at];
        if matches!(node.subject, Subject::Folder { .. }) {
            return false;
        }
        let key = node.key.clone();
        let hidden = [
            (Side::Upstream, node.hidden_upstream, node.upstream),
            (Side::Downstream, node.hidden_downstream, node.downstream),
        ];
        let is_closed = hidden.iter().any(|(_, hidden, _)| *hidden > 0);
        let mut has_changed = false;
        let is_focus = node.focus;
        let has_neighbours: Vec<bool> =
            hidden.iter().map(|(side, ..)| !scene.graph.neighbours(at, *side).is_empty()).collect();
        let Some(look) = self.history.look_mut() else { return false };
        for ((side, hidden, hops), has_neighbours) in hidden.into_iter().zip(has_neighbours) {
            // Closing goes away from the focus, so that what one came from stays.
            if is_closed && hidden > 0 {
                look.expand(&key, side);
                has_changed = true;
            } else if !is_closed && has_neighbours && hops.is_some() && !is_focus {
                look.collapse(&key, side);
                has_changed = true;
            }
        }
        if has_changed {
            self.changed();
        }
        has_changed
    }

    fn fold_folder(&mut self, core: &mut Core) {
        let Some((model, scene)) = self.model.as_ref().zip(self.scene.as_ref()) else { return };
        let Some(at) = self.selected() else { return };
        let outline = model.outline();
        let (group, first) = match &scene.graph.nodes[at].subject {
            Subject::Folder { group, members } => (Some(*group), members.first().copied()),
            Subject::Node(node) => (outline.group_of(*node), None),
        };
        let Some(group) = group else {
            core.complain("this stands in no folder");
            return;
        };
        let parts: Vec<String> =
            outline.groups()[group].parts.iter().map(|part| part.to_lowercase()).collect();
        if !self.filters.folded.remove(&parts) {
            self.filters.folded.insert(parts);
        }
        // The cursor goes on in the folder that was opened.
        if let Some(look) = self.history.look_mut().filter(|_| first.is_some()) {
            look.selected.clone_from(&outline.node(first.unwrap_or_default()).key);
        }
        self.changed();
    }

    fn hide_selected(&mut self, core: &mut Core) {
        let Some((scene, at)) = self.scene.as_ref().zip(self.selected()) else { return };
        if Some(at) == scene.focus {
            core.complain("the dataset in focus cannot be hidden");
            return;
        }
        let Some(model) = &self.model else { return };
        let nodes = scene.graph.nodes[at].subject.nodes();
        let keys = nodes.iter().map(|node| model.outline().node(*node).key.clone());
        self.filters.keys.extend(keys);
        // The cursor goes where the line led.
        let next = scene
            .edges_of(at)
            .into_iter()
            .map(|(from, to)| if from == at { to } else { from })
            .find(|other| *other != at);
        if let Some(next) = next {
            self.select(next);
        }
        self.changed();
    }

    fn next_edge(&mut self, forward: bool) {
        let Some((scene, at)) = self.scene.as_ref().zip(self.selected()) else { return };
        let edges = scene.edges_of(at);
        let here = self.edge_boxes();
        let position = edges.iter().position(|edge| Some(*edge) == here);
        let next = match (position, forward) {
            (None, true) => edges.first(),
            (None, false) => edges.last(),
            (Some(at), true) => edges.get(at + 1),
            (Some(at), false) => at.checked_sub(1).and_then(|at| edges.get(at)),
        };
        match next.copied() {
            Some((from, to)) => self.show_edge(from, to),
            None => self.edge = None,
        }
    }

    /// Puts an edge under the cursor; the panel shows what flows along it.
    pub(super) fn show_edge(&mut self, from: usize, to: usize) {
        let Some(scene) = &self.scene else { return };
        let key = |at: usize| scene.graph.nodes.get(at).map(|node| node.key.clone());
        self.edge = key(from).zip(key(to));
        self.panel_top = 0;
        if self.panel == Some(PanelSize::Off) {
            self.panel = Some(PanelSize::Small);
        }
        if self.selected().is_none_or(|at| at != from && at != to) {
            let edge = self.edge.take();
            self.select(to);
            self.edge = edge;
        }
    }

    /// The first time the path's one end, the second time its other.
    fn mark_path(&mut self, core: &mut Core) {
        let Some((model, node)) = self.model.as_ref().zip(self.selected_node()) else { return };
        let outline = model.outline();
        let key = outline.node(node).key.clone();
        let Some(mark) = self.mark.take() else {
            core.notify("go to the other end and press the same key again");
            self.mark = Some(key);
            return;
        };
        let Some(other) = outline.find(&mark).filter(|other| *other != node) else { return };
        let (from, to) = if !paths::between(outline, other, node).is_empty() {
            (mark, key)
        } else if !paths::between(outline, node, other).is_empty() {
            (key, mark)
        } else {
            core.complain("neither of the two leads to the other");
            return;
        };
        core.notify("all that lies between the two; esc leads back");
        self.go(Look::between(from, to));
    }

    fn copy(&self, core: &mut Core) {
        let Some((model, node)) = self.model.as_ref().zip(self.selected_node()) else { return };
        let path = &model.graph().nodes()[node].path;
        core.copy(path.to_string(), &shown_path(path));
    }

    fn copy_drawing(&mut self, core: &mut Core) {
        if self.drawn_as == Rendering::Boxes {
            self.draw_ahead();
        }
        let charset = if core.ascii { Charset::Ascii } else { Charset::Unicode };
        let text = match (&self.canvas.drawing, self.drawn_as) {
            (Some(drawing), Rendering::Boxes) => drawing.layout.to_text(charset),
            _ => self.tree_text(charset),
        };
        core.copy(clean_lines(&text).into_owned(), "the drawing");
    }

    fn tree_text(&self, charset: Charset) -> String {
        let Some(scene) = &self.scene else { return String::new() };
        let mut text = String::new();
        for item in &scene.tree {
            match item {
                TreeItem::Heading(word) => text.push_str(word),
                TreeItem::Box(row) => {
                    text.push_str(&row.prefix(charset));
                    text.push_str(&scene.graph.nodes[row.node].key);
                    if row.hidden > 0 {
                        text.push_str(&format!(" +{}", row.hidden));
                    }
                }
            }
            text.push('\n');
        }
        text
    }

    fn edit(&self, core: &mut Core) {
        let sql = self.selected_in(core).and_then(|node| node.sql()).map(str::to_owned);
        match sql {
            Some(text) => core.cmd(Cmd::Edit { text, suffix: ".sql" }),
            None => core.complain("there is no SQL to open here"),
        }
    }

    fn go_to(&self, then: Option<Action>, core: &mut Core) -> Outcome {
        match self.selected_in(core) {
            Some(node) => Outcome::GoTo(node.id(), then),
            None => {
                core.complain("this is not in the catalogue");
                Outcome::Done
            }
        }
    }

    /// Reads the dataset under the cursor again, or looks for it where the catalogue has none.
    fn read_again(&mut self, core: &mut Core) {
        self.failure = None;
        let node = self.model.as_ref().zip(self.selected_node());
        let Some(node) = node.map(|(model, node)| &model.graph().nodes()[node]) else {
            self.version = u64::MAX;
            return;
        };
        match node.catalog {
            Some(id) => core.read_now(id),
            None if node.role == NodeRole::Missing => {
                core.notify(format!("looking for {}", shown_path(&node.path)));
                core.cmd(Cmd::ReadNow(node.path.clone()));
            }
            None => {}
        }
    }
}
