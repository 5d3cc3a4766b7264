//! What an answer means: which facts it holds and what is to be read next. What a failure costs is
//! in [`super::failures`].

use super::failures::{is_refusal, node_error};
use super::filter::Verdict;
use super::queue::{Batches, Job, Listing};
use super::walk::{Answer, Mark, Stage, Walk};
use super::{CatalogApi, Strategy};
use crate::dremio::{BatchAnswer, ChildPage, Error};
use crate::model::path::same_name;
use crate::model::{
    Change, DatasetPath, Entity, EntityDetail, Item, NodeError, NodeErrorKind, NodeId, NodeKind,
    NodeRef, SourceHealth,
};

/// Items in one change, so that a folder of 100,000 does not stop a screen.
const CHUNK: usize = 512;
/// By-path takes no more parts than this (contract §2.7).
const MAX_PARTS: usize = 127;
/// Pages without anything new after which a listing is taken to run in a circle.
const MAX_IDLE_PAGES: u32 = 8;

impl<A: CatalogApi> Walk<A> {
    pub(super) fn take(&mut self, job: Job, urgent: bool, answer: Answer) {
        self.note_refusal(&answer);
        match (job, answer) {
            (Job::Root, Answer::Root(answer)) => self.take_root(answer),
            (Job::List(listing), Answer::Page(Ok(page))) => self.take_page(listing, urgent, page),
            (Job::List(listing), Answer::Page(Err(error))) => {
                self.take_listing_error(listing.node, &error);
            }
            (Job::State(node, error), Answer::Entity(answer)) => {
                self.take_state(node, error, answer);
            }
            (Job::Details(node), Answer::Entity(answer)) => self.take_details(node, urgent, answer),
            (Job::Batch(nodes), Answer::Batch(answer)) => self.take_batch(nodes, answer),
            (Job::Columns(offset), Answer::Rows(answer)) => self.take_rows(offset, answer),
            (job, _) => unreachable!("{job:?} is answered in its own way"),
        }
    }

    fn take_root(&mut self, answer: Result<Vec<Item>, Error>) {
        match answer {
            Ok(items) => {
                self.failures = 0;
                self.succeed(NodeId::ROOT);
                self.mark(NodeId::ROOT).wanted = !self.filter.is_selective();
                self.take_items(NodeId::ROOT, items, true, true);
                // The first thing to see.
                self.out.seal();
            }
            Err(error) => self.fail(NodeId::ROOT, node_error(&error)),
        }
    }

    fn take_page(&mut self, mut listing: Listing, urgent: bool, page: ChildPage) {
        self.failures = 0;
        let Some(node) = self.tree.get(listing.node) else { return };
        let path = node.path();
        let is_first = listing.page.is_none();
        let kind = page.entity.item.kind;
        if kind.is_dataset() {
            // A folder that was promoted since it was listed.
            self.take_entity(listing.node, page.entity);
            return;
        }
        if is_first && (kind.is_container() || kind == NodeKind::Unknown) {
            if let EntityDetail::Source(source) = &page.entity.detail {
                self.mark(listing.node).storage = source.is_file_system();
            }
            if kind.is_container() {
                let entity = at_path(page.entity, &path);
                self.change(Change::Entity(Box::new(entity)));
            }
        }
        let is_last = page.next.is_none();
        let before = self.tree.len();
        self.take_items(listing.node, page.items, is_first, is_last);
        if is_last {
            self.stats.containers += 1;
            self.succeed(listing.node);
            return;
        }
        listing.idle_pages = if self.tree.len() > before { 0 } else { listing.idle_pages + 1 };
        if listing.idle_pages >= MAX_IDLE_PAGES {
            let message = format!(
                "the listing of {path} goes in a circle: the server says that more comes and sends nothing new"
            );
            self.fail(listing.node, NodeError { kind: NodeErrorKind::Malformed, message });
            return;
        }
        listing.page = page.next;
        self.queue.go_on(listing, urgent);
    }

    /// Takes over what a listing says, and queues what follows from it.
    fn take_items(&mut self, parent: NodeId, items: Vec<Item>, first: bool, last: bool) {
        let Some(node) = self.tree.get(parent) else { return };
        let parent_path = node.path();
        let parent_mark = self.marked(parent);
        let mut kept = Vec::with_capacity(items.len());
        let mut wanted = Vec::with_capacity(items.len());
        for item in items {
            if !is_child(&item.path, &parent_path) {
                let reason = if item.path.is_same(&parent_path) {
                    "listed as a child of itself".to_owned()
                } else {
                    format!("listed in {parent_path}, where its path does not belong")
                };
                self.skip(item.path, reason);
                continue;
            }
            match self.filter.judge(&item.path, item.kind, parent_mark.wanted) {
                Verdict::Out(reason) => self.skip(item.path, reason),
                verdict => {
                    wanted.push(verdict == Verdict::Wanted);
                    kept.push(item);
                }
            }
        }
        let chunks = kept.chunks(CHUNK).count().max(1);
        let (mut kept, mut wanted) = (kept.into_iter(), wanted.into_iter());
        for index in 0..chunks {
            let items: Vec<_> = kept.by_ref().take(CHUNK).collect();
            let change = Change::Children {
                parent: parent_path.clone(),
                items: items.clone(),
                first: first && index == 0,
                last: last && index + 1 == chunks,
            };
            self.tree.apply(change.clone());
            self.change(change);
            for (item, wanted) in items.iter().zip(wanted.by_ref()) {
                self.meet(parent, parent_mark, item, wanted);
            }
        }
    }

    /// Decides what is to be read of something that was just listed.
    fn meet(&mut self, parent: NodeId, parent_mark: Mark, item: &Item, wanted: bool) {
        let child = self.tree.get(parent).and_then(|node| node.child(item.path.name()));
        let Some(child) = child else { return };
        if child.name() != item.path.name() {
            let reason =
                format!("differs from {} only in case, which is one name to Dremio", child.path());
            self.skip(item.path.clone(), reason);
            return;
        }
        let (node, kind) = (child.id(), child.kind());
        let first_of_id = child.server_id().and_then(|id| {
            let first = self.ids.get(id).copied().filter(|first| self.tree.get(*first).is_some());
            if first.is_none() {
                self.ids.insert(id.into(), node);
            }
            first
        });
        let mark = self.mark(node);
        let is_new = mark.kind != Some(kind);
        let is_replaced = !is_new && item.id.is_some() && first_of_id.is_none();
        if !is_new && !is_replaced {
            return;
        }
        *mark = Mark {
            kind: Some(kind),
            stage: Stage::Untouched,
            storage: parent_mark.storage,
            wanted,
            failed: mark.failed,
        };
        if is_new {
            if kind.is_dataset() {
                self.stats.datasets += 1;
            } else if !kind.is_container() {
                self.stats.others += 1;
            }
        }
        let twin = first_of_id.filter(|first| *first != node);
        if let Some(twin) = twin.and_then(|twin| self.tree.get(twin)) {
            let reason = format!("has the id of {}, where it is read", twin.path());
            self.skip(item.path.clone(), reason);
            return;
        }
        self.enqueue(node, item);
    }

    /// Queues a listing or details, if they are to be read at all.
    fn enqueue(&mut self, node: NodeId, item: &Item) {
        match item.kind {
            NodeKind::Function if self.options.details && !self.functions_off => {
                self.mark(node).stage = Stage::Queued;
                self.queue.function(node);
            }
            kind if kind.is_dataset() && self.options.details => self.enqueue_details([node]),
            kind if kind.is_container() => {
                if let Some(reason) = self.reason_not_to_list(node, item) {
                    self.skip(item.path.clone(), reason);
                } else {
                    self.mark(node).stage = Stage::Queued;
                    self.queue.list(node);
                }
            }
            _ => {}
        }
    }

    fn reason_not_to_list(&self, node: NodeId, item: &Item) -> Option<String> {
        let depth = item.path.len();
        let max_depth = self.options.max_depth.unwrap_or(MAX_PARTS).clamp(1, MAX_PARTS);
        if depth >= max_depth {
            return Some(format!("not listed: it is at level {depth}, the deepest to be shown"));
        }
        let mark = self.marked(node);
        if depth == 1
            && item.path.name() == "$scratch"
            && !(self.filter.is_selective() && mark.wanted)
        {
            return Some("not listed: it holds temporary tables".to_owned());
        }
        let in_storage = item.kind == NodeKind::Folder
            && (mark.storage || item.id.as_deref().is_some_and(|id| id.starts_with("dremio:")));
        if in_storage && !self.options.list_storage_folders {
            let is_stored = item.id.as_deref().is_some_and(|id| !id.starts_with("dremio:"));
            if !(is_stored && self.options.list_stored_folders) {
                return Some(
                    "not listed: a folder of a file system that Dremio has not stored; its listing is live and slow"
                        .to_owned(),
                );
            }
        }
        None
    }

    /// Queues the details of datasets in the way that fits them and the server.
    pub(super) fn enqueue_details(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        for node in nodes {
            let Some(view) = self.tree.get(node) else { continue };
            let is_table = matches!(view.kind(), NodeKind::Table(_));
            // The other form of an id does not last (contract §2.6).
            let has_id = view.server_id().is_some_and(|id| !id.starts_with("dremio:"));
            let storage = self.marked(node).storage;
            self.mark(node).stage = Stage::Queued;
            let by_sql = is_table || self.options.strategy == Strategy::Auto;
            if self.may_use_bulk() && by_sql {
                self.held.push(node);
            } else if has_id && self.queue.batches != Batches::Missing {
                self.queue.batch(node, storage);
            } else {
                self.queue.single(node);
            }
        }
    }

    fn take_listing_error(&mut self, node: NodeId, error: &Error) {
        let is_refused = is_refusal(error);
        let error = node_error(error);
        let is_source = self.tree.get(node).is_some_and(|node| node.kind() == NodeKind::Source);
        if is_source
            && !is_refused
            && !matches!(error.kind, NodeErrorKind::Forbidden | NodeErrorKind::NotFound)
        {
            // Without its children even a source that is down tells its state (contract §2.9).
            self.queue.urgent(Job::State(node, error));
        } else {
            self.fail(node, error);
        }
    }

    fn take_state(&mut self, node: NodeId, mut error: NodeError, answer: Result<Entity, Error>) {
        let Some(path) = self.tree.get(node).map(NodeRef::path) else { return };
        if let Ok(entity) = answer
            && entity.item.kind == NodeKind::Source
        {
            self.failures = 0;
            if let EntityDetail::Source(source) = &entity.detail
                && source.health == SourceHealth::Bad
            {
                error.kind = NodeErrorKind::SourceDown;
                for text in source.messages.iter().chain(&source.suggestion) {
                    if !text.is_empty() && !error.message.contains(text.as_str()) {
                        error.message = format!("{} · {text}", error.message);
                    }
                }
            }
            self.change(Change::Entity(Box::new(at_path(entity, &path))));
        }
        self.fail(node, error);
    }

    fn take_details(&mut self, node: NodeId, urgent: bool, answer: Result<Entity, Error>) {
        let Some(view) = self.tree.get(node) else { return };
        let (path, kind) = (view.path(), view.kind());
        match answer {
            Ok(entity) => self.take_entity(node, entity),
            // Where this is switched off, the name is all there is (contract §2.9).
            Err(error) if kind == NodeKind::Function && is_switched_off(&error) && !urgent => {
                self.mark(node).stage = Stage::Done;
                self.functions_off = true;
                self.skip(path, format!("signature not read: {error}"));
                for other in self.queue.take_functions() {
                    if let Some(path) = self.tree.get(other).map(NodeRef::path) {
                        self.mark(other).stage = Stage::Untouched;
                        self.skip(path, "signature not read: this Dremio shows none");
                    }
                }
            }
            Err(error) => self.fail(node, node_error(&error)),
        }
    }

    /// Passes details on under the path at which the thing was listed.
    pub(super) fn take_entity(&mut self, node: NodeId, entity: Entity) {
        self.failures = 0;
        let Some(view) = self.tree.get(node) else { return };
        let entity = at_path(entity, &view.path());
        let (before, kind) = (view.kind(), entity.item.kind);
        if before.name() != kind.name() {
            // The tree only needs to know what it is now.
            let detail = EntityDetail::Plain;
            let plain = Entity { detail, ..entity.clone() };
            self.tree.apply(Change::Entity(Box::new(plain)));
        }
        let item = entity.item.clone();
        self.change(Change::Entity(Box::new(entity)));
        self.mark(node).kind = Some(kind);
        self.succeed(node);
        if kind.is_dataset() {
            self.stats.details += 1;
            if !before.is_dataset() {
                self.stats.datasets += 1;
            }
        } else if kind.is_container() && !before.is_container() {
            self.enqueue(node, &item);
        }
    }

    fn take_batch(&mut self, nodes: Vec<NodeId>, answer: Result<BatchAnswer, Error>) {
        match answer {
            Ok(answer) => {
                self.queue.batches = Batches::Offered;
                self.take_batch_answer(nodes, answer);
            }
            Err(Error::Unsupported { .. }) => {
                self.failures = 0;
                self.queue.batches = Batches::Missing;
                self.warn(
                    "this Dremio offers no batch reads of datasets; they are read in another way",
                );
                let waiting = self.queue.take_batched();
                self.enqueue_details(nodes);
                self.enqueue_details(waiting);
            }
            Err(error) => {
                if self.queue.batches == Batches::Probing {
                    self.queue.batches = Batches::Unknown;
                }
                let error = node_error(&error);
                self.one_by_one(nodes);
                if self.count_failure(&error) {
                    self.give_up(&error);
                }
            }
        }
    }

    fn take_batch_answer(&mut self, mut nodes: Vec<NodeId>, answer: BatchAnswer) {
        self.failures = 0;
        for entity in answer.entities {
            let by_id = entity.item.id.as_deref().and_then(|id| {
                nodes.iter().position(|node| {
                    self.tree.get(*node).is_some_and(|node| node.server_id() == Some(id))
                })
            });
            // An id that was replaced is answered with its successor (contract §2.6).
            let position = by_id.or_else(|| {
                nodes.iter().position(|node| {
                    self.tree.get(*node).is_some_and(|node| node.path().is_same(&entity.item.path))
                })
            });
            if let Some(position) = position {
                let node = nodes.swap_remove(position);
                self.take_entity(node, entity);
            }
        }
        for (id, error) in answer.failed {
            let position = nodes.iter().position(|node| {
                self.tree.get(*node).is_some_and(|node| node.server_id() == Some(&*id))
            });
            if let Some(position) = position {
                let node = nodes.swap_remove(position);
                self.fail(node, node_error(&error));
            }
        }
        self.one_by_one(nodes);
    }

    /// Reads singly what a batch did not give, so that one bad apple costs one.
    pub(super) fn one_by_one(&mut self, nodes: Vec<NodeId>) {
        for node in nodes {
            if self.tree.get(node).is_some() {
                self.mark(node).stage = Stage::Queued;
                self.queue.single(node);
            }
        }
    }
}

/// The entity under the path at which it was listed, in the server's spelling where that is only a
/// matter of case (contract §2.7).
fn at_path(mut entity: Entity, path: &DatasetPath) -> Entity {
    if !entity.item.path.is_same(path) {
        entity.item.path = path.clone();
    }
    entity
}

fn is_child(path: &DatasetPath, parent: &DatasetPath) -> bool {
    path.len() == parent.len() + 1
        && path.parts().iter().zip(parent.parts()).all(|(a, b)| same_name(a, b))
}

fn is_switched_off(error: &Error) -> bool {
    matches!(error, Error::Unsupported { .. }) || error.to_string().contains("UDFs API is disabled")
}
