//! Names stored once: a [`Name`] is a number, and two names are the same to Dremio when their
//! folded numbers are.

use rustc_hash::FxHashMap;

/// A name as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(u32);

/// A name without its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Folded(u32);

#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Vec<Box<str>>,
    folded: Vec<u32>,
    index: FxHashMap<Box<str>, u32>,
}

impl Names {
    pub(super) fn intern(&mut self, text: &str) -> Name {
        if let Some(&id) = self.index.get(text) {
            return Name(id);
        }
        let lower = if text.is_ascii() {
            text.bytes().any(|b| b.is_ascii_uppercase()).then(|| text.to_ascii_lowercase())
        } else {
            Some(text.to_lowercase()).filter(|lower| lower != text)
        };
        let folded = lower.map(|lower| self.intern(&lower).0);
        // No statement holds four thousand million names.
        let id = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.folded.push(folded.unwrap_or(id));
        self.index.insert(text.into(), id);
        Name(id)
    }

    pub(super) fn text(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }

    pub(super) fn folded(&self, name: Name) -> Folded {
        Folded(self.folded[name.0 as usize])
    }

    pub(super) fn folded_text(&self, folded: Folded) -> &str {
        &self.texts[folded.0 as usize]
    }

    pub(super) fn same(&self, a: Name, b: Name) -> bool {
        self.folded[a.0 as usize] == self.folded[b.0 as usize]
    }
}
