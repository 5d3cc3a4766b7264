//! Going from place to place in the catalogue, and back.

use super::{App, Arrival, Pane};
use crate::model::{DatasetPath, NodeId, NodeRef};
use crate::tui::core::{Server, shown_path};
use crate::tui::msg::{JobSpec, Slot};

impl App {
    /// Goes to a dataset that something names; looks for it at its path where no node is known.
    pub(super) fn jump(&mut self, path: DatasetPath, node: Option<NodeId>) {
        let node = node.or_else(|| self.core.catalog.at(&path).map(NodeRef::id));
        if let Some(node) = node {
            self.go_to(node, None);
            return;
        }
        if !matches!(self.core.server, Server::Ready(_)) {
            self.core.complain(format!("{path} is not in the catalogue"));
        } else if self.core.running(Slot::Resolve).is_some() {
            self.core.complain("still looking for datasets that views name");
        } else {
            self.core.start(
                format!("Look for {}", shown_path(&path)),
                JobSpec::Resolve(vec![path.clone()]),
            );
            self.arriving = Some(Arrival { path, is_known: false });
        }
    }

    /// Turns to the details of the node under the cursor.
    pub(super) fn look(&mut self) {
        (self.right, self.focus) = (Pane::Detail, Pane::Detail);
        self.settle_at = None;
        self.detail.show(self.catalog.selected());
        self.detail.settle(&mut self.core);
    }

    /// Where the cursor was before the last jump.
    pub(super) fn go_back(&mut self) {
        while let Some(node) = self.trail.pop() {
            if self.core.catalog.get(node).is_some() {
                self.ahead.extend(self.catalog.selected());
                self.arrive(node, None);
                return;
            }
        }
        self.core.complain("there is nothing to go back to");
    }

    /// Where the cursor was before going back.
    pub(super) fn go_forward(&mut self) {
        match self.ahead.pop().filter(|node| self.core.catalog.get(*node).is_some()) {
            Some(node) => {
                self.trail.extend(self.catalog.selected());
                self.arrive(node, None);
            }
            None => self.core.complain("there is nothing to go forward to"),
        }
    }

    /// Goes to a node and, if given, to a column of it.
    pub(super) fn go_to(&mut self, node: NodeId, column: Option<usize>) {
        if self.core.catalog.get(node).is_none() {
            self.core.complain("it is not in the catalogue any more");
            return;
        }
        if let Some(from) = self.catalog.selected().filter(|from| *from != node) {
            self.trail.push(from);
            self.ahead.clear();
        }
        self.arrive(node, column);
    }

    fn arrive(&mut self, node: NodeId, column: Option<usize>) {
        // Who follows names through SQL goes on doing so.
        let was_in_detail = self.focus == Pane::Detail;
        self.catalog.reveal(&self.core, node);
        self.detail.show(Some(node));
        if let Some(column) = column {
            self.detail.go_to_column(column);
        }
        self.look();
        if column.is_none() && !was_in_detail {
            self.focus = Pane::Catalog;
        }
    }
}
