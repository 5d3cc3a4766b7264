//! No name gets out of its place.

use dremio_explorer::model::DatasetPath;
use dremio_explorer::report::lineage::{ImpactReport, Wanted};
use serde_json::Value;

use crate::{EVIL, all, hostile, wanted};

fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[test]
fn hostile_names_stay_in_their_place() {
    let lineage = hostile();
    let first = DatasetPath::new(["@home", EVIL[0], EVIL[0]]);
    let first = first.to_string();
    for wanted in [Wanted::default(), wanted(&first, None), wanted(&first, Some(EVIL[0]))] {
        for (form, text) in all(&lineage, &wanted) {
            assert!(!text.chars().any(acts), "{form} holds something that acts");
            match form {
                "json" => {
                    let value: Value = serde_json::from_str(&text).unwrap();
                    assert!(value["nodes"].to_string().contains("alert(1)"));
                }
                "openlineage" => {
                    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
                }
                "csv" => check_csv(&text),
                "mermaid" => check_mermaid(&text),
                "dot" => check_dot(&text),
                "svg" => check_markup(
                    &text,
                    &["svg", "title", "style", "defs", "marker", "path", "rect", "g", "text"],
                ),
                "html" => check_html(&text),
                _ => {}
            }
        }
    }
    let node = lineage.graph.find(&DatasetPath::new(["lake", EVIL[3], EVIL[3]])).unwrap();
    let report = ImpactReport::new(&lineage.graph, &lineage.server, false, node, Some(EVIL[3]));
    let mut out = Vec::new();
    report.write_csv(&mut out).unwrap();
    check_csv(&String::from_utf8(out).unwrap());
    assert!(!report.to_text().chars().any(acts));
}

fn check_csv(text: &str) {
    let mut reader = ::csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.unwrap() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
    }
}

/// Every line is one of the few forms that are written; a label never ends early.
fn check_mermaid(text: &str) {
    for line in text.lines().skip(1) {
        let line = line.trim();
        let is_fixed = line == "end" || line.starts_with("classDef ") || line.starts_with("class ");
        let edge = line.split_once(' ').is_some_and(|(from, rest)| {
            from.starts_with('n') && (rest.starts_with("--> n") || rest.starts_with("-.-> n"))
        });
        let label = line.split_once("[\"").is_some_and(|(_, rest)| {
            let inside = rest.rsplit_once("\"]").map(|(inside, _)| inside.replace("<br/>", ""));
            inside.is_some_and(|inside| !inside.contains(['"', '<', '>', '[', ']', '`']))
        });
        assert!(is_fixed || edge || label, "{line}");
    }
}

/// Quotes are closed on their line; labels hold only the tags that are written.
fn check_dot(text: &str) {
    for line in text.lines() {
        let outside = match line.split_once("[label=<") {
            Some((_, rest)) => {
                let (label, rest) = rest.rsplit_once(">, tooltip=").expect("a tooltip");
                check_markup(label, &["table", "tr", "td", "font", "b", "hr/"]);
                rest
            }
            None => line,
        };
        let unescaped = outside.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(unescaped.matches('"').count() % 2, 0, "{line}");
    }
}

/// All tags are of these names.
fn check_markup(text: &str, tags: &[&str]) {
    for (at, _) in text.match_indices('<') {
        let rest = text[at + 1..].trim_start_matches('/');
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        let name = name.trim_end_matches('/');
        let known = tags.iter().any(|tag| tag.trim_end_matches('/') == name);
        assert!(known, "a tag of another's: {}", &text[at..text.len().min(at + 60)]);
    }
}

fn check_html(text: &str) {
    assert_eq!(text.matches("<script").count(), 2, "a script of another's");
    assert_eq!(text.matches("</script").count(), 2, "a script is ended by another");
    assert!(!text.contains("http-equiv=\"refresh") && !text.contains("alert(1)</"));
    assert!(text.contains("default-src 'none'"));
    // Nothing is fetched from anywhere.
    for needle in
        ["src=\"", "href=\"", "url(http", "@import", "<link", "<img", "fetch(", "innerHTML"]
    {
        assert!(!text.contains(needle), "{needle}");
    }
    let data = text.split("<script type=\"application/json\" id=\"data\">").nth(1).unwrap();
    let data = data.split("</script>").next().unwrap();
    assert!(!data.contains(['<', '>', '&']));
    let value: Value = serde_json::from_str(data).unwrap();
    assert!(!value["nodes"].as_array().unwrap().is_empty());
    let body = text.split("<body>").nth(1).unwrap().split("<script").next().unwrap();
    let tags = [
        "header", "h1", "div", "button", "output", "nav", "input", "ul", "main", "svg", "defs",
        "marker", "path", "g", "title", "rect", "text", "span", "i", "aside", "footer", "noscript",
        "p",
    ];
    check_markup(body, &tags);
}
