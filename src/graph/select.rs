//! Selectors in the manner of dbt: `+orders`, `2+orders+1`, `@orders`, `path:marts.*`, unions and intersections.
//!
//! ```text
//! selector = part { space part }            union
//! part     = term { "," term }              intersection
//! term     = [ "@" | [ N ] "+" ] pattern [ "+" [ N ] ]
//! pattern  = [ method ":" ] segment { "." segment }      method: name, path, kind, tag, source
//! ```
//! Without a method a pattern names a dataset by the end of its path: `orders`, `marts.orders`. `path:` means
//! everything in the folders that match. `*`, `?` and `[abc]` are wildcards inside a segment; case does not matter.
//! `"…"` takes a name with dots, spaces or other special characters literally.

use std::{collections::BTreeSet, ops::Range};

use super::{
    digraph::{Graph, Node, Side},
    paths::reach,
};

/// Why a selector cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("selector `{text}`, column {}: {reason}", .at + 1)]
pub struct SelectError {
    /// The selector as it was given.
    pub text: String,
    /// Where it went wrong, in characters from the start.
    pub at: usize,
    /// What is wrong there.
    pub reason: String,
}

/// What a selector found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// Node indices.
    pub nodes: BTreeSet<usize>,
    /// Terms whose pattern matches no node at all; most likely misspelt.
    pub unmatched: Vec<String>,
}

/// A parsed selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    parts: Vec<Vec<Term>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    text: String,
    with_family: bool,
    up: usize,
    down: usize,
    method: Method,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Name,
    Path,
    Kind,
    Tag,
    Source,
}

/// A lower-case pattern; literal characters are marked so that quoted `*` means itself.
type Segment = Vec<(char, bool)>;

impl Selector {
    /// Reads a selector. An empty one selects nothing.
    pub fn parse(text: &str) -> Result<Self, SelectError> {
        Parser { text, chars: text.chars().collect(), at: 0 }.selector()
    }

    /// The nodes it selects.
    pub fn apply(&self, graph: &Graph) -> Selected {
        let mut selected = Selected::default();
        for part in &self.parts {
            let mut common: Option<BTreeSet<usize>> = None;
            for term in part {
                let found = term.apply(graph, &mut selected.unmatched);
                common = Some(match common {
                    Some(known) => &known & &found,
                    None => found,
                });
            }
            selected.nodes.extend(common.unwrap_or_default());
        }
        selected
    }
}

/// What `include` selects (everything, if it is `None`) without what `exclude` selects.
pub fn select(
    graph: &Graph,
    include: Option<&str>,
    exclude: Option<&str>,
) -> Result<Selected, SelectError> {
    let mut selected = match include {
        Some(text) => Selector::parse(text)?.apply(graph),
        None => Selected { nodes: (0..graph.len()).collect(), unmatched: Vec::new() },
    };
    if let Some(text) = exclude {
        let mut without = Selector::parse(text)?.apply(graph);
        selected.nodes.retain(|node| !without.nodes.contains(node));
        selected.unmatched.append(&mut without.unmatched);
    }
    Ok(selected)
}

impl Term {
    fn apply(&self, graph: &Graph, unmatched: &mut Vec<String>) -> BTreeSet<usize> {
        let matched: Vec<usize> =
            (0..graph.len()).filter(|&node| self.matches(graph.node(node))).collect();
        if matched.is_empty() {
            unmatched.push(self.text.clone());
        }
        let around = |starts: &[usize], side, depth| {
            reach(graph, starts, side, depth).into_iter().map(|(node, _)| node)
        };
        let mut found: BTreeSet<usize> = matched.iter().copied().collect();
        if self.with_family {
            let family: Vec<usize> = around(&matched, Side::Downstream, usize::MAX).collect();
            found.extend(around(&family, Side::Upstream, usize::MAX));
        } else {
            found.extend(around(&matched, Side::Upstream, self.up));
            found.extend(around(&matched, Side::Downstream, self.down));
        }
        found
    }

    fn matches(&self, node: &Node) -> bool {
        let one = |value: &str| self.segments.len() == 1 && matches(&self.segments[0], value);
        match self.method {
            Method::Kind => one(&node.kind),
            Method::Tag => node.tags.iter().any(|tag| one(tag)),
            Method::Source => node.parts.len() > 1 && one(&node.parts[0]),
            Method::Path => {
                let folders = node.parts.len().saturating_sub(1);
                self.segments.len() <= folders && all(&self.segments, &node.parts)
            }
            Method::Name => {
                let skipped = node.parts.len().checked_sub(self.segments.len());
                skipped.is_some_and(|skipped| all(&self.segments, &node.parts[skipped..]))
            }
        }
    }
}

fn all(segments: &[Segment], parts: &[String]) -> bool {
    segments.iter().zip(parts).all(|(segment, part)| matches(segment, part))
}

/// Whether a value fits a pattern; on a mismatch the last `*` takes one more character.
fn matches(pattern: &Segment, value: &str) -> bool {
    let value: Vec<char> = value.to_lowercase().chars().collect();
    let (mut p, mut v) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some(('*', false)) => {
                retry = Some((p + 1, v));
                p += 1;
                continue;
            }
            None if v == value.len() => return true,
            Some(&step) if v < value.len() => {
                if let Some(next) = fits(pattern, p, step, value[v]) {
                    (p, v) = (next, v + 1);
                    continue;
                }
            }
            _ => {}
        }
        match retry {
            Some((after, from)) if from < value.len() => {
                retry = Some((after, from + 1));
                (p, v) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

/// Where the pattern goes on if its step at `at` takes the character.
fn fits(pattern: &Segment, at: usize, step: (char, bool), value: char) -> Option<usize> {
    match step {
        ('?', false) => Some(at + 1),
        ('[', false) => {
            let end = at + pattern[at..].iter().position(|step| *step == (']', false))?;
            let (negated, set) = match &pattern[at + 1..end] {
                [('!', _), rest @ ..] => (true, rest),
                set => (false, set),
            };
            let ranges =
                set.windows(3).any(|w| w[1] == ('-', false) && (w[0].0..=w[2].0).contains(&value));
            let within = ranges || set.iter().any(|step| step.0 == value);
            (within != negated).then_some(end + 1)
        }
        (literal, _) => (literal == value).then_some(at + 1),
    }
}

struct Parser<'a> {
    text: &'a str,
    chars: Vec<char>,
    at: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, at: usize, reason: impl Into<String>) -> Result<T, SelectError> {
        Err(SelectError { text: self.text.to_owned(), at, reason: reason.into() })
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn selector(mut self) -> Result<Selector, SelectError> {
        let mut parts = Vec::new();
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            if self.peek().is_none() {
                return Ok(Selector { parts });
            }
            let mut part = vec![self.term()?];
            while self.take(',') {
                part.push(self.term()?);
            }
            parts.push(part);
        }
    }

    fn digits(&mut self) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        start..self.at
    }

    /// A number of hops; all of them where there is no number.
    fn hops(&self, digits: Range<usize>) -> Result<usize, SelectError> {
        if digits.is_empty() {
            return Ok(usize::MAX);
        }
        let text: String = self.chars[digits.clone()].iter().collect();
        text.parse().or_else(|_| self.fail(digits.start, "this number of hops is too large"))
    }

    fn term(&mut self) -> Result<Term, SelectError> {
        let start = self.at;
        let with_family = self.take('@');
        let digits = self.digits();
        let mut up = 0;
        if self.take('+') {
            if with_family {
                return self.fail(
                    self.at - 1,
                    "`@` already takes in everything upstream; `+` cannot follow it",
                );
            }
            up = self.hops(digits)?;
        } else {
            // Digits without a plus begin a name.
            self.at = digits.start;
        }
        let (method, segments) = self.pattern()?;
        let mut down = 0;
        if self.take('+') {
            if with_family {
                return self.fail(
                    self.at - 1,
                    "`@` already takes in everything downstream; `+` cannot follow it",
                );
            }
            let digits = self.digits();
            down = self.hops(digits)?;
        }
        if let Some(next) = self.peek().filter(|next| !next.is_whitespace() && *next != ',') {
            return self
                .fail(self.at, format!("expected a space, a comma or the end, found `{next}`"));
        }
        let text = self.chars[start..self.at].iter().collect();
        Ok(Term { text, with_family, up, down, method, segments })
    }

    fn pattern(&mut self) -> Result<(Method, Vec<Segment>), SelectError> {
        let start = self.at;
        let mut method = None;
        let mut segments = vec![Segment::new()];
        let mut bracket = None;
        while let Some(next) = self.peek() {
            let empty = segments.last().is_none_or(Vec::is_empty);
            match next {
                '"' => {
                    self.quoted(&mut segments)?;
                    continue;
                }
                '.' | '/' if bracket.is_none() => {
                    if empty {
                        return self.fail(self.at, "a name is missing before this separator");
                    }
                    segments.push(Segment::new());
                }
                ':' if method.is_none() && segments.len() == 1 && bracket.is_none() => {
                    method = Some(self.method(start, &segments[0])?);
                    segments[0].clear();
                }
                _ if next.is_whitespace() || matches!(next, ',' | '+') => break,
                '@' => return self.fail(self.at, "`@` stands at the beginning of a term"),
                _ => {
                    match next {
                        '[' if bracket.is_none() => bracket = Some(self.at),
                        ']' => bracket = None,
                        _ => {}
                    }
                    push_folded(&mut segments, next, false);
                }
            }
            self.at += 1;
        }
        if let Some(open) = bracket {
            return self.fail(open, "this `[` is not closed");
        }
        if segments.last().is_none_or(Vec::is_empty) {
            let reason = match (self.peek(), segments.len()) {
                (_, 2..) => "a name is missing after the separator".to_owned(),
                (Some(next), _) if !next.is_whitespace() => {
                    format!("a name is missing before `{next}`")
                }
                _ => "a name is missing here".to_owned(),
            };
            return self.fail(self.at, reason);
        }
        Ok((method.unwrap_or(Method::Name), segments))
    }

    /// Takes a quoted piece literally; `""` inside it is one quote.
    fn quoted(&mut self, segments: &mut [Segment]) -> Result<(), SelectError> {
        let open = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return self.fail(open, "this quote is not closed"),
                Some('"') => {
                    self.at += 1;
                    if !self.take('"') {
                        return Ok(());
                    }
                    push_folded(segments, '"', true);
                }
                Some(next) => {
                    push_folded(segments, next, true);
                    self.at += 1;
                }
            }
        }
    }

    fn method(&self, start: usize, name: &Segment) -> Result<Method, SelectError> {
        let name: String = name.iter().map(|step| step.0).collect();
        Ok(match name.as_str() {
            "name" => Method::Name,
            "path" => Method::Path,
            "kind" => Method::Kind,
            "tag" => Method::Tag,
            "source" => Method::Source,
            _ => {
                let known =
                    "known are name, path, kind, tag and source; a name with a colon needs quotes";
                return self.fail(start, format!("unknown method `{name}:`; {known}"));
            }
        })
    }
}

fn push_folded(segments: &mut [Segment], next: char, literal: bool) {
    if let Some(segment) = segments.last_mut() {
        segment.extend(next.to_lowercase().map(|folded| (folded, literal)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// raw.orders → stg.orders → marts.fct → bi.board; raw.fx → marts.fct; stg.orders → marts.dim
    fn graph() -> Graph {
        let node =
            |path: &str, kind: &str| Node { kind: kind.to_owned(), ..Node::new(path.split('.')) };
        let mut nodes = vec![
            node("lake.raw.orders", "table"),
            node("lake.raw.fx", "table"),
            node("an.stg.orders", "view"),
            node("an.marts.fct", "view"),
            node("an.marts.dim", "view"),
            node("an.bi.board", "view"),
        ];
        nodes[3].tags.push("Daily".to_owned());
        nodes.push(Node { key: "odd".to_owned(), ..Node::new(["an", "a b.c*"]) });
        Graph::new(nodes, [(0, 2), (2, 3), (1, 3), (2, 4), (3, 5)])
    }

    fn keys(text: &str) -> Vec<usize> {
        let selected = Selector::parse(text).expect("a good selector").apply(&graph());
        selected.nodes.into_iter().collect()
    }

    #[test]
    fn names_match_the_end_of_the_path() {
        assert_eq!(keys("orders"), [0, 2]);
        assert_eq!(keys("stg.orders"), [2]);
        assert_eq!(keys("AN/stg/Orders"), [2]);
        assert_eq!(keys("o*s"), [0, 2]);
        assert_eq!(keys("?im"), [4]);
        assert_eq!(keys("[df]*"), [1, 3, 4]);
        assert_eq!(keys("[!a-e]*"), [0, 1, 2, 3]);
        assert_eq!(keys("\"a b.c*\""), [6]);
        assert_eq!(keys("\"o*s\""), [0_usize; 0]);
    }

    #[test]
    fn graph_operators() {
        assert_eq!(keys("+fct"), [0, 1, 2, 3]);
        assert_eq!(keys("1+fct"), [1, 2, 3]);
        assert_eq!(keys("fct+"), [3, 5]);
        assert_eq!(keys("2+board+1"), [1, 2, 3, 5]);
        assert_eq!(keys("stg.orders+1"), [2, 3, 4]);
        assert_eq!(keys("@stg.orders"), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn methods() {
        assert_eq!(keys("path:an.marts"), [3, 4]);
        assert_eq!(keys("path:an"), [2, 3, 4, 5, 6]);
        assert_eq!(keys("path:*.raw"), [0, 1]);
        assert_eq!(keys("kind:table"), [0, 1]);
        assert_eq!(keys("tag:daily"), [3]);
        assert_eq!(keys("source:lake"), [0, 1]);
        assert_eq!(keys("+tag:daily"), [0, 1, 2, 3]);
    }

    #[test]
    fn union_intersection_and_exclusion() {
        assert_eq!(keys("fx dim"), [1, 4]);
        assert_eq!(keys("+board,path:an.marts"), [3]);
        assert_eq!(keys("fx +dim,kind:view"), [1, 2, 4]);
        let selected =
            select(&graph(), Some("+board"), Some("path:lake nothing")).expect("good selectors");
        assert_eq!(selected.nodes, BTreeSet::from([2, 3, 5]));
        assert_eq!(selected.unmatched, ["nothing"]);
        assert_eq!(
            select(&graph(), None, Some("kind:view")).expect("a good selector").nodes.len(),
            3
        );
    }

    #[test]
    fn errors_say_where() {
        let error = |text: &str| {
            let error = Selector::parse(text).expect_err("a bad selector");
            (error.at, error.reason)
        };
        assert_eq!(error("orders, fx").0, 7);
        assert_eq!(error("a b++").0, 4);
        assert_eq!(error("@+a").0, 1);
        assert_eq!(error("@a+").0, 2);
        assert_eq!(error("x \"abc").0, 2);
        assert_eq!(error("a..b").0, 2);
        assert_eq!(error("a[bc").0, 1);
        assert_eq!(error("99999999999999999999999+a").0, 0);
        let (at, reason) = error("fx folder:x");
        assert_eq!(at, 3);
        assert!(reason.contains("known are name, path"), "{reason}");
        let shown = Selector::parse("a..b").expect_err("a bad selector").to_string();
        assert_eq!(shown, "selector `a..b`, column 3: a name is missing before this separator");
    }
}
