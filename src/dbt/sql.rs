//! dbt's SQL as text: rendering what was not compiled, comparing it with a view's, and reading the
//! comment that dbt puts before what it runs.

use serde::Deserialize;

use super::manifest::{Manifest, Node};
use super::relation::relation_path;
use crate::model::DatasetPath;

/// A form in which two spellings of one statement are equal: comments, white space between
/// words, quotes around plain names and a last semicolon do not count; what texts and other quoted names
/// hold does.
pub fn normal_form(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    let mut is_gap = false;
    let push = |out: &mut String, c: char, is_gap: &mut bool| {
        if *is_gap {
            let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"' || c == '\'';
            if out.chars().next_back().is_some_and(is_word) && is_word(c) {
                out.push(' ');
            }
            *is_gap = false;
        }
        out.push(c);
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                let mut name = String::new();
                for inner in chars.by_ref().take_while(|inner| *inner != '"') {
                    name.push(inner);
                }
                // dbt quotes every name; to Dremio the quotes around a plain one mean nothing.
                let is_plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && name.chars().all(|c| c.is_alphanumeric() || c == '_');
                if is_plain && chars.peek() != Some(&'"') {
                    name.chars().for_each(|inner| push(&mut out, inner, &mut is_gap));
                } else {
                    push(&mut out, c, &mut is_gap);
                    out.push_str(&name);
                    out.push(c);
                }
            }
            '\'' => {
                push(&mut out, c, &mut is_gap);
                // A doubled quote ends one text and begins the next: the same letters come out.
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == c {
                        break;
                    }
                }
            }
            '-' if chars.peek() == Some(&'-') => {
                is_gap = true;
                for inner in chars.by_ref() {
                    if inner == '\n' {
                        break;
                    }
                }
            }
            '/' if chars.peek() == Some(&'*') => {
                is_gap = true;
                chars.next();
                let mut last = ' ';
                for inner in chars.by_ref() {
                    if last == '*' && inner == '/' {
                        break;
                    }
                    last = inner;
                }
            }
            c if c.is_whitespace() => is_gap = true,
            c => push(&mut out, c, &mut is_gap),
        }
    }
    while out.ends_with(';') {
        out.pop();
    }
    out
}

/// The node whose `node_id` stands in the comment that dbt puts before (or after) its SQL.
pub fn node_id_of(sql: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Comment {
        app: Option<String>,
        node_id: Option<String>,
    }
    let text = sql.trim();
    let inside = |comment: &str| {
        let comment: Comment = serde_json::from_str(comment.trim()).ok()?;
        (comment.app.as_deref() == Some("dbt")).then_some(comment.node_id).flatten()
    };
    let leading = text
        .strip_prefix("/*")
        .and_then(|rest| rest.split_once("*/"))
        .and_then(|(comment, _)| inside(comment));
    leading.or_else(|| {
        let (_, comment) =
            text.trim_end_matches(';').trim_end().strip_suffix("*/")?.rsplit_once("/*")?;
        inside(comment)
    })
}

/// What a statement of dbt makes or fills: the path after `create view`, `create table` or
/// `insert into`.
pub fn made_relation(sql: &str) -> Option<DatasetPath> {
    let mut rest = sql.trim_start();
    while let Some(comment) = rest.strip_prefix("/*") {
        rest = comment.split_once("*/")?.1.trim_start();
    }
    let mut word = || {
        let trimmed = rest.trim_start();
        let end =
            trimmed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(trimmed.len());
        let (found, after) = trimmed.split_at(end);
        rest = after;
        found.to_ascii_lowercase()
    };
    match word().as_str() {
        "create" => {
            let mut next = word();
            if next == "or" {
                word();
                next = word();
            }
            if !matches!(next.as_str(), "view" | "table" | "vds") {
                return None;
            }
        }
        "insert" | "merge" => {
            if word() != "into" {
                return None;
            }
        }
        _ => return None,
    }
    let mut target = rest.trim_start();
    let lower = target.get(..14).map(str::to_ascii_lowercase);
    if lower.as_deref() == Some("if not exists ") {
        target = target[14..].trim_start();
    }
    let mut in_quotes = false;
    let end = target
        .find(|c: char| {
            if c == '"' {
                in_quotes = !in_quotes;
            }
            !in_quotes && (c.is_whitespace() || c == '(' || c == ';')
        })
        .unwrap_or(target.len());
    let path = super::relation::relation_name_path(&target[..end]);
    (!path.is_empty() && path.parts().iter().all(|part| !part.is_empty())).then_some(path)
}

/// A node's SQL: as compiled, or its raw text with `ref`, `source` and `this` put in. `None` where
/// other Jinja decides what it says.
pub fn compiled(manifest: &Manifest, node: &Node) -> Option<String> {
    if let Some(sql) = &node.compiled_code {
        return Some(sql.to_string());
    }
    let raw = node.raw_code.as_deref()?;
    let is_dremio = manifest.is_dremio();
    let mut sql = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('{') {
        let (before, tail) = rest.split_at(at);
        sql.push_str(before);
        if let Some(comment) = tail.strip_prefix("{#") {
            rest = comment.split_once("#}")?.1;
        } else if tail.starts_with("{%") {
            return None;
        } else if let Some(inner) = tail.strip_prefix("{{") {
            let (expression, after) = inner.split_once("}}")?;
            sql.push_str(&render(manifest, node, expression.trim_matches('-').trim(), is_dremio)?);
            rest = after;
        } else {
            sql.push('{');
            rest = &tail[1..];
        }
    }
    sql.push_str(rest);
    Some(sql)
}

fn render(manifest: &Manifest, node: &Node, expression: &str, is_dremio: bool) -> Option<String> {
    if expression == "this" {
        return relation_path(node, is_dremio).map(|path| path.to_sql());
    }
    let (function, arguments) = expression.strip_suffix(')')?.split_once('(')?;
    if function.trim() == "config" {
        return Some(String::new());
    }
    let mut texts = Vec::new();
    for argument in arguments.split(',') {
        let argument = argument.trim();
        let quote = argument.chars().next().filter(|c| matches!(c, '\'' | '"'));
        match quote {
            Some(quote) => texts.push(argument.trim_matches(quote)),
            // `version=2`: which version is meant stands in depends_on, where it may not be unique.
            None => return None,
        }
    }
    let target = match (function.trim(), texts.as_slice()) {
        ("ref", [name]) => {
            upstream(manifest, node, |found| *found.name == **name && found.source_name.is_none())
        }
        ("ref", [package, name]) => {
            upstream(manifest, node, |found| *found.name == **name && *found.package == **package)
        }
        ("source", [source, name]) => upstream(manifest, node, |found| {
            *found.name == **name && found.source_name.as_deref() == Some(*source)
        }),
        _ => None,
    }?;
    // What an ephemeral model reads would have to be put in whole.
    if target.is_ephemeral() {
        return None;
    }
    match &target.relation_name {
        Some(relation) => Some(relation.to_string()),
        None => relation_path(target, is_dremio).map(|path| path.to_sql()),
    }
}

fn upstream<'a>(
    manifest: &'a Manifest,
    node: &Node,
    is_it: impl Fn(&Node) -> bool,
) -> Option<&'a Node> {
    let mut found =
        node.depends_on.iter().filter_map(|id| manifest.node(id)).filter(|node| is_it(node));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_comments_do_not_count_but_texts_do() {
        let a = normal_form("select a ,b -- why\nfrom  t /* x */ where c = 'x  y' ;");
        assert_eq!(a, normal_form("select a, b\nfrom t where c='x  y'"));
        assert_ne!(a, normal_form("select a, b from t where c = 'x y'"));
        assert_eq!(
            normal_form("select \"a\" from \"t\".\"x-y\""),
            normal_form("select a from t.\"x-y\"")
        );
        assert_ne!(normal_form("select ab"), normal_form("select a b"));
        assert_eq!(normal_form("select 'it''s -- no'"), "select 'it''s -- no'");
    }

    #[test]
    fn comments_of_dbt_tell_the_node_and_statements_what_they_make() {
        let sql = "/* {\"app\": \"dbt\", \"node_id\": \"model.p.m\"} */\n\n create or replace view \"Shop\".a.\"b c\" \n as select 1";
        assert_eq!(node_id_of(sql).as_deref(), Some("model.p.m"));
        assert_eq!(made_relation(sql).expect("a view").parts(), ["Shop", "a", "b c"]);
        assert_eq!(node_id_of("/* hello */ select 1"), None);
        assert_eq!(made_relation("/* x */ select 1"), None);
        assert_eq!(
            made_relation("create table if not exists a.b(x int)").expect("a table").parts(),
            ["a", "b"]
        );
        assert_eq!(made_relation("/* never closed"), None);
        assert_eq!(
            node_id_of("select 1 /* {\"app\": \"dbt\", \"node_id\": \"m\"} */").as_deref(),
            Some("m")
        );
    }
}
