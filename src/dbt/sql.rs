//! dbt's SQL as text: comparing it with a view's, and reading the comment that dbt puts before what
//! it runs. Rendering what was not compiled: `render`.

use serde::Deserialize;

pub use super::render::compiled;
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
