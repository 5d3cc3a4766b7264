//! The Used by tab: the datasets that read this one, directly or through others.

use std::collections::VecDeque;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use rustc_hash::FxHashMap;

use crate::lineage::{NodeIndex, NodeRole};
use crate::model::display::{clean, width};
use crate::model::{DatasetPath, NodeId, NodeRef};
use crate::tui::core::Core;
use crate::tui::lineage_model::LineageModel;
use crate::tui::msg::Action;
use crate::tui::panes::kinds;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::text::{count, counted, fit, span, spread};

/// A dataset that depends on the one looked at.
#[derive(Clone, Debug)]
struct User {
    hops: usize,
    path: DatasetPath,
    role: &'static str,
    node: Option<NodeId>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct UsedBy {
    /// What `users` was made from.
    made_for: Option<(NodeId, Arc<LineageModel>)>,
    users: Vec<User>,
    direct: usize,
    cursor: Cursor,
    body: Rect,
}

impl UsedBy {
    /// Back to the first line; another node is looked at.
    pub(super) fn leave(&mut self) {
        self.cursor = Cursor { height: self.cursor.height, ..Cursor::default() };
    }

    /// Makes the list anew, unless it is what it would be.
    pub(super) fn refresh(&mut self, node: NodeRef<'_>, model: &Arc<LineageModel>) {
        let is_made = self
            .made_for
            .as_ref()
            .is_some_and(|(id, made_from)| *id == node.id() && Arc::ptr_eq(made_from, model));
        if is_made {
            return;
        }
        self.made_for = Some((node.id(), Arc::clone(model)));
        self.users = users(model, node);
        self.direct = self.users.iter().filter(|user| user.hops == 1).count();
    }

    pub(super) fn handle(&mut self, action: Action) -> bool {
        self.cursor.apply(action, self.users.len())
    }

    /// The dataset under the cursor: its path, and its node where it is in the catalogue.
    pub(super) fn selected(&self) -> Option<(&DatasetPath, Option<NodeId>)> {
        self.users.get(self.cursor.at).map(|user| (&user.path, user.node))
    }

    /// The list as lines of hops, kind and path, for the clipboard.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for user in &self.users {
            text.push_str(&format!("{}\t{}\t{}\n", user.hops, user.role, user.path));
        }
        text
    }

    /// Puts the cursor where the mouse clicked; `true` if that is a line under the cursor already.
    pub(super) fn click(&mut self, column: u16, row: u16) -> bool {
        if !self.body.contains((column, row).into()) {
            return false;
        }
        let at = self.cursor.offset + usize::from(row - self.body.y);
        let again = at == self.cursor.at;
        self.cursor.go(at, self.users.len());
        again && at < self.users.len()
    }

    pub(super) fn scroll(&mut self, lines: isize) {
        self.cursor.scroll(lines, self.users.len());
    }

    /// Draws a line of figures, then the list.
    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        unread: usize,
        core: &Core,
        focused: bool,
    ) {
        let theme = &core.theme;
        let cells = usize::from(area.width);
        let figures = match self.users.len() {
            0 => "Used by no other dataset".to_owned(),
            all if all == self.direct => format!("Used by {}", counted(all, "dataset")),
            all => format!("Used by {} directly, {} in all", count(self.direct), count(all)),
        };
        let mut right = Vec::new();
        if unread > 0 {
            let text = format!("{} not read yet", counted(unread, "view"));
            right.push(Span::styled(text, theme.warning));
        }
        let figures = vec![Span::styled(figures, theme.strong)];
        frame.render_widget(spread(figures, right, cells), Rect { height: 1, ..area });
        if self.users.is_empty() {
            return;
        }
        let names = self.users.iter().map(|user| width(&clean(user.path.name()))).max();
        let names = names.unwrap_or(0).clamp(4, (cells * 2 / 5).max(4));
        let top = area.y + 2;
        let header = Line::from(vec![
            Span::styled("Hops    ", theme.header),
            Span::styled(fit("Name", names + 2), theme.header),
            Span::styled("Where", theme.header),
        ]);
        frame.render_widget(header, Rect { y: top, height: 1, ..area }.intersection(area));
        let body = Rect { y: top + 1, height: area.height.saturating_sub(3), ..area };
        self.body = body;
        self.cursor.resize(usize::from(body.height), self.users.len());
        for (y, at) in (body.y..).zip(self.cursor.window(self.users.len())) {
            let user = &self.users[at];
            let node = user.node.and_then(|id| core.catalog.get(id));
            let is_exposure = user.role == NodeRole::Exposure.name();
            let (sign, look) = match node {
                Some(node) => (kinds::sign(node.kind()), kinds::style(node.kind(), theme)),
                None if is_exposure => ("●", theme.soft),
                None => ("?", theme.soft),
            };
            let parts = user.path.parts();
            let above = parts.iter().take(parts.len().saturating_sub(1)).map(String::as_str);
            // An exposure is not in Dremio, so its place is no path there.
            let place = match parts.first() {
                Some(dbt) if is_exposure => dbt.clone(),
                _ => DatasetPath::new(above).to_string(),
            };
            let left = vec![
                Span::styled(format!("{:>4}  ", user.hops), theme.soft),
                Span::styled(format!("{sign} "), look),
                Span::styled(fit(user.path.name(), names), theme.base),
                Span::raw("  "),
                span(&place, theme.soft),
            ];
            let line = Rect { y, height: 1, ..body };
            let right = vec![Span::styled(user.role, theme.soft)];
            frame.render_widget(spread(left, right, cells), line);
            if at == self.cursor.at {
                let look = if focused { theme.selected } else { theme.selected_away };
                frame.buffer_mut().set_style(line, look);
            }
        }
        let beside = Rect { width: area.width + 1, ..body };
        scrollbar(frame, beside, self.cursor.offset, self.users.len(), theme.soft);
    }
}

/// Everything downstream of a node, nearest first, then by path.
fn users(model: &LineageModel, node: NodeRef<'_>) -> Vec<User> {
    let graph = model.graph();
    let Some(start) = graph.find(&node.path()) else { return Vec::new() };
    let mut hops: FxHashMap<NodeIndex, usize> = FxHashMap::default();
    hops.insert(start, 0);
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        let next = hops[&at] + 1;
        for (_, edge) in graph.downstream(at) {
            if let std::collections::hash_map::Entry::Vacant(place) = hops.entry(edge.to) {
                place.insert(next);
                queue.push_back(edge.to);
            }
        }
    }
    hops.remove(&start);
    // A node's index is its rank by path.
    let mut found: Vec<(usize, NodeIndex)> =
        hops.into_iter().map(|(at, hops)| (hops, at)).collect();
    found.sort_unstable();
    found
        .into_iter()
        .map(|(hops, at)| {
            let node = graph.node(at);
            User { hops, path: node.path.clone(), role: node.role.name(), node: node.catalog }
        })
        .collect()
}
