//! `${NAME}` in a workflow file, which OpenMetadata's ingestion fills from the environment.
//!
//! `$NAME` without braces is left alone: passwords hold dollars.

use super::file::Reader;
use super::tree::{Node, Tree};

/// Fills the placeholders below `tree`; one that nothing fills is a problem.
pub(super) fn fill(tree: &mut Tree, environment: &[(String, String)], reader: &mut Reader<'_>) {
    match &mut tree.node {
        Node::Null => {}
        Node::Scalar(text) => match filled(text, environment) {
            Ok(filled) => *text = filled,
            Err(name) => {
                let message = format!("${{{name}}}: there is no environment variable {name}");
                reader.problem(tree.line, tree.column, message);
            }
        },
        Node::List(items) => {
            for item in items {
                fill(item, environment, reader);
            }
        }
        Node::Map(entries) => {
            for (_, tree) in entries {
                fill(tree, environment, reader);
            }
        }
    }
}

/// The text with its placeholders filled, or the name of one that is not there.
fn filled(text: &str, environment: &[(String, String)]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, opened) = rest.split_at(start);
        out.push_str(before);
        let name = opened[2..].split('}').next().unwrap_or_default();
        if !is_name(name) || !opened[2 + name.len()..].starts_with('}') {
            out.push_str("${");
            rest = &opened[2..];
            continue;
        }
        let value = environment.iter().find(|(other, _)| other == name);
        out.push_str(&value.ok_or_else(|| name.to_owned())?.1);
        rest = &opened[2 + name.len() + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_braces_are_filled() {
        let environment = [("HOST".to_owned(), "h".to_owned()), ("E".to_owned(), String::new())];
        let filled = |text: &str| filled(text, &environment);
        assert_eq!(filled("http://${HOST}:1/${HOST}${E}").as_deref(), Ok("http://h:1/h"));
        for text in ["pa$HOST", "${", "a${HOST", "${}", "${not a name}", "100 %"] {
            assert_eq!(filled(text).as_deref(), Ok(text));
        }
        assert_eq!(filled("x${GONE}"), Err("GONE".to_owned()));
    }
}
