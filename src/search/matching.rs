//! How well texts match what is looked for, and the best of many.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, Ordering};

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Matcher, Utf32Str};
use rayon::prelude::*;

use super::index::{Texts, letter_mask};

/// How many texts one task looks at between two checks for cancellation.
const CHUNK: usize = 8_192;

/// A pattern and the letters that any match must have.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    pub(super) pattern: Pattern,
    mask: u64,
    /// The words if they are all of ASCII; these are looked for roughly first.
    plain: Option<Box<[Box<[u8]>]>>,
}

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        let pattern =
            Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let words: Box<[Box<[u8]>]> =
            text.split_ascii_whitespace().map(|word| word.as_bytes().into()).collect();
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
            // A backslash before a blank makes one word of two.
            && (words.len() == 1 || (words.len() > 1 && !text.contains('\\')));
        let plain = is_plain.then_some(words);
        Self { pattern, mask: letter_mask(text), plain }
    }
}

/// The best so many of what is pushed, without keeping the rest.
pub(super) struct Top<T> {
    limit: usize,
    /// What scores less cannot get in any more.
    bar: u32,
    kept: Vec<(T, u32)>,
}

impl<T: Copy + Ord> Top<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), bar: 0, kept: Vec::new() }
    }

    pub(super) fn push(&mut self, entry: T, score: u32) {
        if score < self.bar {
            return;
        }
        self.kept.push((entry, score));
        if self.kept.len() >= self.limit * 4 {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.kept.len() > self.limit {
            let key = |(entry, score): &(T, u32)| (Reverse(*score), *entry);
            self.kept.select_nth_unstable_by_key(self.limit, key);
            self.kept.truncate(self.limit);
            self.bar = self.kept.iter().map(|(_, score)| *score).min().unwrap_or(0);
        }
    }

    /// Best first, equals in their own order.
    pub(super) fn into_sorted(mut self) -> Vec<(T, u32)> {
        self.prune();
        self.kept.sort_unstable_by_key(|(entry, score)| (Reverse(*score), *entry));
        self.kept
    }
}

/// The best `limit` of these, best first, equals in index order.
pub(super) fn best(scored: impl Iterator<Item = (u32, u32)>, limit: usize) -> Vec<(u32, u32)> {
    let mut top = Top::new(limit);
    for (at, score) in scored {
        top.push(at, score);
    }
    top.into_sorted()
}

/// Scores exactly, one text at a time.
#[derive(Default)]
pub(super) struct Scorer {
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Scorer {
    pub(super) fn score(&mut self, needle: &Needle, text: &str) -> Option<u32> {
        needle.pattern.score(Utf32Str::new(text, &mut self.buffer), &mut self.matcher)
    }
}

/// All texts that match and are admitted, with their scores: rough ones where a rough look is much
/// cheaper. An exact score for the best of them is made afterwards.
pub(super) fn scan(
    texts: &Texts,
    needle: &Needle,
    among: Option<&[u32]>,
    admits: impl Fn(usize) -> bool + Sync,
    cancelled: &AtomicBool,
) -> Option<Vec<(u32, u32)>> {
    let count = among.map_or(texts.len(), <[u32]>::len);
    let chunks: Vec<Vec<(u32, u32)>> = (0..count.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(Scorer::default, |scorer, chunk| {
            let mut hits = Vec::new();
            if cancelled.load(Ordering::Relaxed) {
                return hits;
            }
            for position in chunk * CHUNK..count.min((chunk + 1) * CHUNK) {
                let at = among.map_or(position, |among| among[position] as usize);
                if !texts.may_match(at, needle.mask) || !admits(at) {
                    continue;
                }
                let text = texts.get(at);
                let score = match &needle.plain {
                    Some(words) if text.is_ascii() => {
                        words.iter().map(|letters| rough_score(text, letters)).sum()
                    }
                    _ => scorer.score(needle, text),
                };
                if let (Some(score), Ok(at)) = (score, u32::try_from(at)) {
                    hits.push((at, score));
                }
            }
            hits
        })
        .collect();
    (!cancelled.load(Ordering::Relaxed)).then(|| chunks.concat())
}

/// How well letters match, roughly and cheaply: together at the start, at the start of a word, anywhere;
/// apart as initials of words; apart. Short texts first. The same texts match as in a fuzzy search.
fn rough_score(text: &str, letters: &[u8]) -> Option<u32> {
    let bytes = text.as_bytes();
    let (first, rest) = letters.split_first()?;
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let starts_word = |at: usize| at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
    let mut place = 0;
    for at in 0..(bytes.len() + 1).saturating_sub(letters.len()) {
        let byte = bytes[at];
        if (byte == lower || byte == upper)
            && bytes[at + 1..at + letters.len()].eq_ignore_ascii_case(rest)
        {
            place = 12;
            if starts_word(at) {
                place = if at == 0 { 30 } else { 22 };
                break;
            }
        }
    }
    if place == 0 {
        let mut left = letters;
        let mut are_initials = true;
        for (at, byte) in bytes.iter().enumerate() {
            let Some((letter, rest)) = left.split_first() else { break };
            if byte.eq_ignore_ascii_case(letter) {
                are_initials &= starts_word(at);
                left = rest;
            }
        }
        if !left.is_empty() {
            return None;
        }
        place = if are_initials { 16 } else { 4 };
    }
    let shortness = 8_u32.saturating_sub(u32::try_from(bytes.len() / 4).unwrap_or(u32::MAX));
    Some(place + shortness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rough_look_finds_what_a_fuzzy_search_matches() {
        for text in ["order_customer", "Customer", "product", "oc", "c", "", "x_o_c"] {
            for letters in ["c", "oc", "co", "ord", "xyz"] {
                let pattern = Needle::new(letters).pattern;
                let mut matcher = Matcher::default();
                let fuzzy = pattern.score(Utf32Str::Ascii(text.as_bytes()), &mut matcher);
                let rough = rough_score(text, letters.as_bytes());
                assert_eq!(rough.is_some(), fuzzy.is_some(), "{letters:?} in {text:?}");
            }
        }
        assert!(rough_score("order_customer", b"cus") > rough_score("discus", b"cus"));
        assert!(rough_score("order_customer", b"oc") > rough_score("orbiting_basic", b"oc"));
    }
}
