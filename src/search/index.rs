//! [`Index`]: every dataset path, column name, label and view's SQL, laid out for scanning.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{Catalog, NodeId};

/// Many short texts in one allocation, each with a mask of the letters in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    bytes: String,
    /// Where each text ends; it starts where the one before ends.
    ends: Vec<u32>,
    masks: Vec<u64>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        // Four gigabytes of names do not fit beside the catalogue that they came from.
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        // A plain letter of a query may stand for an accented one of a text (`o` for `ö`), so a text
        // that is not ASCII is never ruled out.
        self.masks.push(if text.is_ascii() { letter_mask(text) } else { u64::MAX });
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[index] as usize]
    }

    /// Whether text `index` can hold all letters of a needle with this mask.
    pub(super) fn may_match(&self, index: usize, mask: u64) -> bool {
        self.masks[index] & mask == mask
    }
}

/// Which letters occur in a text, case aside: a bit for each letter and digit, one for each of a few
/// signs, and none for all others, which therefore never rule a text out.
pub(super) fn letter_mask(text: &str) -> u64 {
    let mut mask = 0;
    for byte in text.bytes() {
        let bit = match byte {
            b'a'..=b'z' => byte - b'a',
            b'A'..=b'Z' => byte - b'A',
            b'0'..=b'9' => 26 + byte - b'0',
            b'_' => 36,
            b'.' => 37,
            b'-' => 38,
            b'@' => 39,
            _ => continue,
        };
        mask |= 1_u64 << bit;
    }
    mask
}

/// Labels by the dataset that they are on. Dremio gives them one dataset at a time, so that only those
/// of datasets that were asked for are known.
pub type Labels = FxHashMap<NodeId, Vec<String>>;

/// What there is to find in a catalogue at one moment.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub(super) paths: Texts,
    /// Where the dataset's own name begins in its path.
    pub(super) name_starts: Vec<u32>,
    pub(super) nodes: Vec<NodeId>,
    /// Each column name once, however many datasets have it.
    pub(super) names: Texts,
    /// For name `n`, its columns are `places[place_ends[n - 1]..place_ends[n]]`.
    place_ends: Vec<u32>,
    places: Vec<Place>,
    /// Each label once.
    pub(super) labels: Texts,
    /// The datasets that have label `n`.
    labelled: Vec<Vec<u32>>,
    /// The SQL of each view that shows it, shared with the catalogue, and the view.
    pub(super) sqls: Vec<(u32, Arc<str>)>,
}

/// A column: which dataset, and which position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) dataset: u32,
    pub(super) column: u32,
}

impl Index {
    /// Reads the catalogue once. Takes about a tenth of a second for two million columns.
    pub fn build(catalog: &Catalog, labels: &Labels) -> Self {
        let mut index = Self::default();
        // The catalogue interns names, so the same name is the same piece of memory: comparing
        // addresses spares hashing every name.
        let mut known: FxHashMap<(usize, usize), u32> = FxHashMap::default();
        let mut known_labels: FxHashMap<&str, usize> = FxHashMap::default();
        let mut occurrences: Vec<(u32, Place)> = Vec::with_capacity(catalog.column_count());
        for node in catalog.walk().filter(|node| node.kind().is_dataset()) {
            let dataset = u32::try_from(index.nodes.len()).unwrap_or(u32::MAX);
            let path = node.path().to_string();
            let own = node.parent().map_or(0, |parent| {
                let prefix = parent.path().to_string();
                if prefix.is_empty() { 0 } else { prefix.len() + 1 }
            });
            index.nodes.push(node.id());
            index.name_starts.push(u32::try_from(own).unwrap_or(0));
            index.paths.push(&path);
            if let Some(sql) = node.shared_sql() {
                index.sqls.push((dataset, sql));
            }
            for label in labels.get(&node.id()).into_iter().flatten() {
                let at = *known_labels.entry(label).or_insert_with(|| {
                    index.labels.push(label);
                    index.labelled.push(Vec::new());
                    index.labelled.len() - 1
                });
                index.labelled[at].push(dataset);
            }
            for (column, view) in (0..).zip(node.schema().iter()) {
                let address = (view.name.as_ptr() as usize, view.name.len());
                let name = *known.entry(address).or_insert_with(|| {
                    index.names.push(view.name);
                    u32::try_from(index.names.len() - 1).unwrap_or(u32::MAX)
                });
                occurrences.push((name, Place { dataset, column }));
            }
        }
        index.fill_places(&occurrences);
        index
    }

    /// Groups the occurrences by name: a counting sort, which keeps them in catalogue order.
    fn fill_places(&mut self, occurrences: &[(u32, Place)]) {
        let mut next = vec![0_u32; self.names.len() + 1];
        for (name, _) in occurrences {
            next[*name as usize + 1] += 1;
        }
        for at in 1..next.len() {
            next[at] += next[at - 1];
        }
        self.place_ends = next[1..].to_vec();
        self.places = vec![Place { dataset: 0, column: 0 }; occurrences.len()];
        for (name, place) in occurrences {
            let slot = &mut next[*name as usize];
            self.places[*slot as usize] = *place;
            *slot += 1;
        }
    }

    /// How many datasets are in it.
    pub fn dataset_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many columns are in it, equal names counted each time.
    pub fn column_count(&self) -> usize {
        self.places.len()
    }

    /// A label that a search has found.
    pub fn label(&self, at: usize) -> &str {
        self.labels.get(at)
    }

    /// How many different labels are in it.
    pub fn label_count(&self) -> usize {
        self.labelled.len()
    }

    /// The datasets that have a label.
    pub(super) fn labelled(&self, label: usize) -> &[u32] {
        &self.labelled[label]
    }

    /// The columns of a name.
    pub(super) fn places_of(&self, name: usize) -> &[Place] {
        let start = name.checked_sub(1).map_or(0, |before| self.place_ends[before] as usize);
        &self.places[start..self.place_ends[name] as usize]
    }
}
