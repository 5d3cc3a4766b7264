//! Values stored once and named by a number: a catalogue of two million columns has a few thousand
//! different names and a few dozen types.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

/// Interned values; an index is valid for the interner that gave it and for its clones.
#[derive(Debug)]
pub(super) struct Interner<T: ?Sized + Eq + Hash> {
    values: Vec<Arc<T>>,
    indices: FxHashMap<Arc<T>, u32>,
}

// Derived, it would ask `T: Clone`, which `str` is not.
impl<T: ?Sized + Eq + Hash> Clone for Interner<T> {
    fn clone(&self) -> Self {
        Self { values: self.values.clone(), indices: self.indices.clone() }
    }
}

impl<T: ?Sized + Eq + Hash> Default for Interner<T> {
    fn default() -> Self {
        Self { values: Vec::new(), indices: FxHashMap::default() }
    }
}

impl<T: ?Sized + Eq + Hash> Interner<T> {
    pub(super) fn intern(&mut self, value: &T, make: impl FnOnce(&T) -> Arc<T>) -> u32 {
        if let Some(index) = self.indices.get(value) {
            return *index;
        }
        let stored = make(value);
        // Four thousand million different names do not fit into memory in the first place.
        let index = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(Arc::clone(&stored));
        self.indices.insert(stored, index);
        index
    }

    pub(super) fn get(&self, index: u32) -> &T {
        &self.values[index as usize]
    }

    pub(super) fn find(&self, value: &T) -> Option<u32> {
        self.indices.get(value).copied()
    }

    /// An interner that holds these values under their positions.
    pub(super) fn from_values(values: Vec<Arc<T>>) -> Self {
        let mut indices = FxHashMap::with_capacity_and_hasher(values.len(), FxBuildHasher);
        for (index, value) in values.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            indices.entry(Arc::clone(value)).or_insert(index);
        }
        Self { values, indices }
    }

    pub(super) fn values(&self) -> &[Arc<T>] {
        &self.values
    }
}
