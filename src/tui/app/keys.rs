//! What becomes of keys and pasted text: an action of the key map, or a character for whoever is
//! being typed into.

use crossterm::event::KeyEvent;

use super::{App, Pane};
use crate::tui::keymap::{Context, Meaning, Press};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::msg::Action;

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

    pub(super) fn is_typing(&self) -> bool {
        match self.focus {
            Pane::Catalog => self.catalog.is_typing,
            Pane::Detail => self.detail.is_typing(),
            Pane::Lineage => self.lineage.is_typing(),
            Pane::Sync => self.sync.is_typing(),
            Pane::Activity => self.activity.is_typing(),
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent) {
        if self.holds(key) {
            return;
        }
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
            let outcome = layer.key(key, &mut self.core);
            self.layer_outcome(outcome);
        } else if self.is_typing() {
            match self.focus {
                Pane::Catalog => self.catalog.key(key),
                Pane::Detail => self.detail.key(key),
                Pane::Lineage => self.lineage.key(key),
                Pane::Sync => self.sync.key(key),
                Pane::Activity => self.activity.key(key),
            }
        }
    }

    /// Keeps a key for what comes after the finder, if something was chosen in that before it was found.
    fn holds(&mut self, key: KeyEvent) -> bool {
        let Some(Layer::Finder(finder)) = self.layers.last_mut() else { return false };
        if !finder.is_accepting() {
            return false;
        }
        let meaning = self.core.keymap.meaning(&[Context::Overlay], &[Press::from(key)]);
        if meaning == Meaning::Action(Action::Close) {
            finder.stop_accepting();
            self.held.clear();
        } else {
            self.held.push(key);
        }
        true
    }

    /// The finder has found something, and perhaps it was chosen already.
    pub(super) fn found(&mut self, outcome: Outcome) {
        let is_chosen = !matches!(outcome, Outcome::Stay);
        self.layer_outcome(outcome);
        let held = std::mem::take(&mut self.held);
        if is_chosen {
            for key in held {
                self.key(key);
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
                Pane::Sync => self.sync.paste(pasted),
                Pane::Activity => self.activity.paste(pasted),
            }
        }
    }
}
