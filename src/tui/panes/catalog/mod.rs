//! The catalog tree: what is open, where the cursor is, what is marked and what is filtered.
//!
//! Not here: the details of the node under the cursor ([`super::detail`]).

mod draw;
mod rows;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use rustc_hash::FxHashSet;

use self::rows::{Filtered, Openness, Order, Row, flatten};
use crate::model::{Catalog, DatasetPath, Listing, NodeId, NodeRef};
use crate::tui::core::{Core, Touched, shown_path};
use crate::tui::msg::Action;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::Cursor;
use crate::tui::widgets::text;

/// Unread containers that unfolding everything asks for; the walk reads the others in its own time.
const MAX_WISHES: usize = 50;

/// Whether a node is marked, wholly or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Neither it nor anything below.
    Off,
    /// Something below.
    Partly,
    /// It and with it everything below.
    On,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct CatalogPane {
    order: Order,
    openness: Openness,
    rows: Vec<Row>,
    cursor: Cursor,
    selected: Option<NodeId>,
    filter: LineInput,
    filtered: Option<Filtered>,
    /// The node under the cursor when the filter was begun.
    origin: Option<NodeId>,
    pub(crate) is_typing: bool,
    /// Marked by hand; what is below a marked node is marked with it.
    marked: FxHashSet<NodeId>,
    /// What is above a marked node.
    partly: FxHashSet<NodeId>,
    is_stale: bool,
    /// The catalogue's version that `filtered` was made from.
    filtered_version: u64,
    /// Where the rows were drawn last.
    area: Rect,
}

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was none of ours.
    Ignored,
    /// It is done.
    Done,
    /// The node under the cursor should be looked at.
    Look,
}

impl CatalogPane {
    pub(crate) fn new() -> Self {
        Self { is_stale: true, ..Self::default() }
    }

    /// The node under the cursor.
    pub(crate) fn selected(&self) -> Option<NodeId> {
        self.selected
    }

    /// Takes note of changes in the catalogue.
    pub(crate) fn note(&mut self, touched: &[Touched]) {
        for touched in touched {
            if touched.children {
                self.order.touch(touched.node, touched.listed);
            }
        }
        self.is_stale |= !touched.is_empty();
    }

    /// Makes the rows anew if anything has changed, with the cursor on the same node.
    pub(crate) fn refresh(&mut self, core: &Core) {
        let filter_text = self.filter.value().trim().to_lowercase();
        if filter_text.is_empty() {
            self.filtered = None;
        } else if self.filtered.is_none() || self.filtered_version != core.version || self.is_stale
        {
            self.filtered = Some(Filtered::new(&core.catalog, &filter_text));
            self.filtered_version = core.version;
        }
        if !self.is_stale {
            return;
        }
        self.is_stale = false;
        self.rows = flatten(&core.catalog, &mut self.order, &self.openness, self.filtered.as_ref());
        let len = self.rows.len();
        let kept = self.selected.and_then(|id| self.position(&core.catalog, id));
        match kept {
            Some(at) if at != self.cursor.at => {
                // The line under the cursor stays where it was on the screen.
                let shift =
                    isize::try_from(at).unwrap_or(0) - isize::try_from(self.cursor.at).unwrap_or(0);
                self.cursor.offset = self.cursor.offset.saturating_add_signed(shift);
                self.cursor.go(at, len);
            }
            Some(_) => {}
            None => self.cursor.go(self.cursor.at, len),
        }
        self.selected = self.rows.get(self.cursor.at).map(|row| row.id);
    }

    /// The row of a node, or of the nearest node above it that is visible.
    fn position(&self, catalog: &Catalog, id: NodeId) -> Option<usize> {
        let mut at = catalog.get(id);
        while let Some(node) = at {
            let found = self.rows.iter().position(|row| row.id == node.id());
            if found.is_some() {
                return found;
            }
            at = node.parent();
        }
        None
    }

    fn go(&mut self, at: usize) {
        self.cursor.go(at, self.rows.len());
        self.selected = self.rows.get(self.cursor.at).map(|row| row.id);
    }

    /// Goes to a node, with everything above it unfolded.
    pub(crate) fn reveal(&mut self, core: &Core, id: NodeId) {
        self.filter.clear();
        self.is_typing = false;
        let mut above = core.catalog.get(id).and_then(NodeRef::parent);
        while let Some(node) = above {
            self.openness.open.insert(node.id());
            above = node.parent();
        }
        self.selected = Some(id);
        self.is_stale = true;
        self.refresh(core);
        self.cursor.centre(self.cursor.at, self.rows.len());
    }

    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        self.refresh(core);
        if self.cursor.apply(action, self.rows.len()) {
            self.selected = self.rows.get(self.cursor.at).map(|row| row.id);
            return Outcome::Done;
        }
        let catalog = std::sync::Arc::clone(&core.catalog);
        let node = self.selected.and_then(|id| catalog.get(id));
        match action {
            Action::Filter => {
                self.is_typing = true;
                self.origin = self.selected.or(self.origin);
            }
            Action::Back if !self.filter.value().is_empty() => self.leave_filter(core),
            Action::CollapseAll => {
                self.openness.open.clear();
                self.openness.folded.clear();
                self.is_stale = true;
            }
            Action::ClearMarks => {
                self.marked.clear();
                self.partly.clear();
            }
            _ => {
                let Some(node) = node else { return Outcome::Ignored };
                return self.handle_on(action, node, core);
            }
        }
        Outcome::Done
    }

    fn handle_on(&mut self, action: Action, node: NodeRef<'_>, core: &mut Core) -> Outcome {
        let id = node.id();
        let is_open = self.openness.is_open(id, self.filtered.as_ref());
        match action {
            Action::Open if node.kind().is_container() => {
                if is_open {
                    self.fold(id);
                } else {
                    self.unfold(node, core);
                }
            }
            Action::Open => return Outcome::Look,
            Action::Right if node.kind().is_container() && !is_open => self.unfold(node, core),
            Action::Right => {
                let next = self.rows.get(self.cursor.at + 1);
                let here = self.rows.get(self.cursor.at);
                if let (Some(here), Some(next)) = (here, next)
                    && next.depth > here.depth
                {
                    self.go(self.cursor.at + 1);
                } else if !node.kind().is_container() {
                    return Outcome::Look;
                }
            }
            Action::Left if is_open && node.children().len() > 0 => self.fold(id),
            Action::Left => {
                if let Some(at) = node.parent().and_then(|parent| self.position_of(parent.id())) {
                    self.go(at);
                }
            }
            Action::ExpandAll => self.unfold_all(node, core),
            Action::ToggleMark => {
                self.toggle_mark(node);
                self.partly.clear();
                for id in &self.marked {
                    self.partly.extend(ancestors(&core.catalog, *id));
                }
                self.cursor.apply(Action::Down, self.rows.len());
                self.selected = self.rows.get(self.cursor.at).map(|row| row.id);
            }
            Action::Refresh => core.read_now(id),
            Action::Copy => core.copy(node.path().to_string(), &shown_path(&node.path())),
            Action::CopyLong => {
                let quoted = node.path().to_sql();
                core.copy(quoted.clone(), &quoted);
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn position_of(&self, id: NodeId) -> Option<usize> {
        self.rows[..self.cursor.at].iter().rposition(|row| row.id == id)
    }

    fn fold(&mut self, id: NodeId) {
        self.openness.open.remove(&id);
        self.openness.folded.insert(id);
        self.is_stale = true;
    }

    fn unfold(&mut self, node: NodeRef<'_>, core: &mut Core) {
        self.openness.open.insert(node.id());
        self.openness.folded.remove(&node.id());
        self.is_stale = true;
        if node.listing() == Listing::Unread {
            core.read_now(node.id());
        }
    }

    fn unfold_all(&mut self, node: NodeRef<'_>, core: &mut Core) {
        let mut wishes = 0;
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            if !node.kind().is_container() {
                continue;
            }
            self.openness.open.insert(node.id());
            self.openness.folded.remove(&node.id());
            if node.listing() == Listing::Unread && node.error().is_none() && wishes < MAX_WISHES {
                wishes += 1;
                core.read_now(node.id());
            }
            stack.extend(node.children());
        }
        self.is_stale = true;
    }

    /// How a node is marked.
    pub(crate) fn mark(&self, node: NodeRef<'_>) -> Mark {
        let mut at = Some(node);
        while let Some(above) = at {
            if self.marked.contains(&above.id()) {
                return Mark::On;
            }
            at = above.parent();
        }
        if self.partly.contains(&node.id()) { Mark::Partly } else { Mark::Off }
    }

    /// The paths of what is marked; what is below them is marked with them.
    pub(crate) fn marked_paths(&self, catalog: &Catalog) -> Vec<DatasetPath> {
        let mut paths: Vec<DatasetPath> =
            self.marked.iter().filter_map(|id| catalog.get(*id)).map(NodeRef::path).collect();
        paths.sort();
        paths
    }

    fn toggle_mark(&mut self, node: NodeRef<'_>) {
        if self.mark(node) == Mark::On {
            // Taking one out of a marked container leaves its siblings marked, up to that container.
            let mut child = node;
            while !self.marked.remove(&child.id()) {
                let Some(parent) = child.parent() else { return };
                let siblings = parent.children().map(NodeRef::id);
                self.marked.extend(siblings.filter(|id| *id != child.id()));
                child = parent;
            }
            return;
        }
        let mut stack: Vec<NodeRef<'_>> = node.children().collect();
        while let Some(below) = stack.pop() {
            self.marked.remove(&below.id());
            stack.extend(below.children());
        }
        self.marked.insert(node.id());
    }

    /// Shows everything again, with the node that the filter led to in view.
    fn leave_filter(&mut self, core: &Core) {
        self.clear_filter();
        // A filter that nothing fits leads back to where it was begun.
        if let Some(id) = self.selected.or(self.origin) {
            self.reveal(core, id);
        }
    }

    fn clear_filter(&mut self) {
        self.filter.clear();
        self.filtered = None;
        self.openness.folded.clear();
        self.is_stale = true;
        self.is_typing = false;
    }

    /// Takes a key while the filter is being typed.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        if self.filter.key(key) {
            self.filter_changed();
        }
    }

    /// Takes pasted text while the filter is being typed.
    pub(crate) fn paste(&mut self, pasted: &str) {
        if self.filter.paste(pasted) {
            self.filter_changed();
        }
    }

    fn filter_changed(&mut self) {
        self.filtered = None;
        self.openness.folded.clear();
        self.is_stale = true;
    }

    /// Does what `action` says while the filter is being typed.
    pub(crate) fn typing(&mut self, action: Action, core: &mut Core) {
        match action {
            Action::Accept => {
                self.is_typing = false;
                self.jump_to_match(core);
            }
            Action::Close => self.leave_filter(core),
            action => {
                self.handle(action, core);
            }
        }
    }

    /// From a node that is shown only for what is below it to the first that matches.
    fn jump_to_match(&mut self, core: &Core) {
        self.refresh(core);
        let Some(filter) = &self.filtered else { return };
        let is_match = |row: &Row| filter.is_match(row.id);
        if self.rows.get(self.cursor.at).is_some_and(is_match) {
            return;
        }
        let after = self.rows.iter().skip(self.cursor.at).position(is_match);
        if let Some(at) =
            after.map(|at| at + self.cursor.at).or(self.rows.iter().position(is_match))
        {
            self.go(at);
        }
    }

    /// Puts the cursor where the mouse clicked; a click on the arrow folds or unfolds.
    pub(crate) fn click(&mut self, column: u16, row: u16, core: &mut Core) -> bool {
        if !self.area.contains((column, row).into()) {
            return false;
        }
        let at = self.cursor.offset + usize::from(row - self.area.y);
        let Some(clicked) = self.rows.get(at).copied() else { return false };
        self.go(at);
        let arrow = usize::from(column - self.area.x);
        if arrow / 2 == usize::from(clicked.depth)
            && core.catalog.get(clicked.id).is_some_and(|node| node.kind().is_container())
        {
            self.handle(Action::Open, core);
            return false;
        }
        true
    }

    /// Scrolls by wheel.
    pub(crate) fn scroll(&mut self, lines: isize) {
        self.cursor.scroll(lines, self.rows.len());
        self.selected = self.rows.get(self.cursor.at).map(|row| row.id);
    }

    /// The actions worth a place in the footer now.
    pub(crate) fn hints(&self, core: &Core) -> Vec<(Action, &'static str)> {
        let node = self.selected.and_then(|id| core.catalog.get(id));
        let mut hints = Vec::new();
        if let Some(node) = node {
            if node.kind().is_container() {
                let is_open = self.openness.is_open(node.id(), self.filtered.as_ref());
                hints.push((Action::Open, if is_open { "fold" } else { "unfold" }));
            } else {
                hints.push((Action::Open, "open"));
            }
            if node.kind().is_dataset() {
                hints.push((Action::ShowPreview, "preview"));
            }
        }
        if !self.filter.value().is_empty() {
            hints.push((Action::Back, "clear filter"));
        }
        if node.is_none() {
            hints.extend([(Action::RefreshAll, "read again"), (Action::ShowActivity, "activity")]);
            return hints;
        }
        if self.marked.is_empty() {
            hints.push((Action::ToggleMark, "mark"));
        }
        hints.push((Action::MakePlan, if self.marked.is_empty() { "diff" } else { "diff marked" }));
        hints.extend([
            (Action::Finder, "find"),
            (Action::Filter, "filter"),
            (Action::ExpandAll, "unfold all"),
            (Action::Copy, "copy path"),
            (Action::Refresh, "re-read"),
            (Action::Palette, "actions"),
        ]);
        hints
    }
}

/// The nodes above `id`, outermost first, without the invisible root.
fn ancestors(catalog: &Catalog, id: NodeId) -> Vec<NodeId> {
    let mut above = Vec::new();
    let mut at = catalog.get(id).and_then(NodeRef::parent);
    while let Some(node) = at.filter(|node| node.id() != NodeId::ROOT) {
        above.push(node.id());
        at = node.parent();
    }
    above.reverse();
    above
}

/// The letters of a name that a filter matched.
fn matched_letters(name: &str, filter: &str) -> Vec<u32> {
    if filter.is_empty() { Vec::new() } else { text::occurrence(name, filter).unwrap_or_default() }
}
