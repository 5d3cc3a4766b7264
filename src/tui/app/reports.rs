//! What the reports of jobs do to the [`App`].

use std::sync::Arc;

use super::App;
use crate::discovery::DiscoveryEvent;
use crate::model::{Change, DatasetPath, NodeId};
use crate::tui::core::{JobState, Server};
use crate::tui::dbt::InOpenMetadata;
use crate::tui::layer::Layer;
use crate::tui::layers::message::Message;
use crate::tui::msg::{JobBody, JobEvent, Slot};

impl App {
    pub(super) fn job(&mut self, JobEvent { job, slot, body }: JobEvent) {
        // The one place where stale reports are dropped.
        if !self.core.is_current(slot, job) {
            if let JobBody::Planned(view) = body {
                self.core.discard(view);
            }
            return;
        }
        let record = self.core.running(slot);
        let node = record.and_then(|record| record.node);
        let elapsed = record.map(|record| record.elapsed(self.core.now)).unwrap_or_default();
        match body {
            JobBody::LoggedIn(info) => {
                self.core.end(slot, JobState::Done);
                self.core.server = Server::Ready(info);
                self.walk();
            }
            JobBody::Discovery(event) => self.discovery(event),
            JobBody::Notes { wiki, labels } => {
                self.core.end(slot, JobState::Done);
                if let Some(node) = node {
                    let before = Arc::clone(&self.core.labels);
                    self.detail.take_notes(node, wiki, labels, &mut self.core);
                    if !Arc::ptr_eq(&before, &self.core.labels) {
                        // The finder's index is to have them too.
                        self.index_version = u64::MAX;
                    }
                }
            }
            JobBody::Reflections(list) => {
                self.core.end(slot, JobState::Done);
                if let Some(node) = node {
                    self.detail.take_reflections(node, list);
                }
            }
            JobBody::Rows(rows) => {
                self.core.end(slot, JobState::Done);
                if let Some(node) = node {
                    self.detail.take_rows(node, rows, elapsed);
                }
            }
            JobBody::Index(index) => {
                self.core.end(slot, JobState::Done);
                self.index = Some(Arc::clone(&index));
                if let Some(Layer::Finder(finder)) = self.layers.last_mut() {
                    finder.take_index(index, &mut self.core);
                }
            }
            JobBody::Found(found) => {
                self.core.end(slot, JobState::Done);
                if let Some(Layer::Finder(finder)) = self.layers.last_mut() {
                    let outcome = finder.take(found);
                    self.found(outcome);
                }
            }
            JobBody::Lineage(model) => {
                self.core.end(slot, JobState::Done);
                self.lineage.take(model, &self.core);
                self.renew_matches();
            }
            JobBody::Dbt(matched) => {
                self.core.end(slot, JobState::Done);
                if self.core.take_dbt(matched) {
                    self.lineage.doubt();
                    self.renew_matches();
                }
            }
            JobBody::Resolved(found) => {
                self.core.end(slot, JobState::Done);
                self.lineage.take_resolved(&found);
                if let Some(arrival) = &mut self.arriving {
                    arrival.is_known = true;
                }
                let changes = found.entities.into_iter();
                self.learn(changes.map(|entity| Change::Entity(Box::new(entity))).collect());
            }
            JobBody::Layout(drawing) => {
                self.core.end(slot, JobState::Done);
                self.lineage.take_layout(drawing);
            }
            JobBody::Reached(reached) => {
                self.core.end(slot, JobState::Done);
                self.sync.reached(*reached);
            }
            JobBody::Planning(step) => self.sync.planning(step),
            JobBody::Planned(view) => {
                self.core.end(slot, JobState::Done);
                self.sync.planned(*view, &mut self.core);
            }
            JobBody::Applying(events) => self.sync.applying(events, &mut self.core),
            JobBody::Applied(report) => {
                self.core.end(slot, JobState::Done);
                self.sync.applied(report, &mut self.core);
            }
            JobBody::Listing(done, total) => {
                self.core.dbt.take_openmetadata(InOpenMetadata::Looking(done, total));
                self.renew_matches();
            }
            JobBody::Presence(missing) => {
                self.core.end(slot, JobState::Done);
                let missing = missing.iter().map(DatasetPath::folded).collect();
                self.core.dbt.take_openmetadata(InOpenMetadata::Lacks(Arc::new(missing)));
                self.renew_matches();
            }
            JobBody::Done => self.ended(slot, node, JobState::Done),
            JobBody::Cancelled => self.ended(slot, node, JobState::Cancelled),
            JobBody::Failed(message) => self.ended(slot, node, JobState::Failed(message)),
        }
    }

    /// Brings the match report up to date, if it is open.
    pub(super) fn renew_matches(&mut self) {
        let Some(matched) = self.core.dbt.matched() else { return };
        let known = self.lineage.reading().0.map(|model| model.disagreements());
        if let Some(Layer::Matches(matches)) = self.layers.last_mut() {
            let in_openmetadata = self.core.dbt.in_openmetadata().clone();
            matches.take(Arc::clone(matched), in_openmetadata, known.unwrap_or_default());
        }
    }

    /// A job has ended without what it was for.
    fn ended(&mut self, slot: Slot, node: Option<NodeId>, state: JobState) {
        if let Some(node) = node {
            self.detail.fail(node, slot, &state);
        }
        match (slot, &state) {
            (Slot::Login, JobState::Failed(message)) => {
                self.core.server = Server::Failed(message.clone());
                if !self.core.catalog.is_empty() {
                    let text = Message::new("Not connected".to_owned(), message.clone());
                    self.layers.push(Layer::Message(text));
                }
            }
            (Slot::Discovery, _) => {
                self.core.walk.running = false;
                self.core.reading.clear();
            }
            (Slot::OpenMetadata | Slot::Plan | Slot::Apply | Slot::Journal, state) => {
                self.sync.ended(slot, state, &mut self.core);
            }
            (Slot::Index | Slot::Search, state) => {
                if let JobState::Failed(message) = state {
                    self.core.complain(message.clone());
                }
                if let Some(Layer::Finder(finder)) = self.layers.last_mut() {
                    finder.stop_accepting();
                }
                self.held.clear();
            }
            (Slot::Dbt, JobState::Failed(why)) => self.core.fail_dbt(why),
            (Slot::Presence, state) => {
                self.core.dbt.take_openmetadata(match state {
                    JobState::Failed(why) => InOpenMetadata::Failed(why.clone()),
                    _ => InOpenMetadata::NotLookedUp("cancelled".to_owned()),
                });
                self.renew_matches();
            }
            (Slot::Lineage | Slot::Resolve | Slot::Layout, state) => self.lineage.fail(slot, state),
            _ => {}
        }
        self.core.end(slot, state);
    }

    fn discovery(&mut self, event: DiscoveryEvent) {
        match event {
            DiscoveryEvent::Changes(changes) => self.learn(changes),
            DiscoveryEvent::Progress(stats) => self.core.walk.stats = stats,
            DiscoveryEvent::Skipped(skipped) => self.core.skip(skipped),
            DiscoveryEvent::Warning(text) => self.core.warn(text),
            DiscoveryEvent::GaveUp(gave_up) => self.core.warn(gave_up.to_string()),
            DiscoveryEvent::Finished { stats, cancelled } => {
                self.core.walk.stats = stats;
                self.core.walk.running = false;
                self.core.walk.stopped = cancelled;
                self.core.walk.finished = (!cancelled).then_some(self.core.now);
                self.make_index();
            }
        }
    }
}
