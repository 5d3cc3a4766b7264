//! A catalogue of names that break careless programs: dots, quotes, slashes, control characters,
//! escapes, marks that turn text around, a thousand letters, twins that differ by case only.

use std::sync::Arc;

use super::dremio::catalogue::{Account, Catalogue, CatalogueError, Detail, NewNode, Schema};
use super::world::{Backend, Kind};
use crate::model::{Column, DataType, DatasetPath};

/// The names that every listing backend of the hostile catalogue holds, each as a dataset.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "dots.in.a.name",
        ".leading dot",
        "trailing dot.",
        "say \"hi\"",
        "\"",
        "\"quoted\"",
        "it's",
        "back`tick",
        "spaces  two",
        " leading space",
        "trailing space ",
        "100%",
        "100%25",
        "%2F",
        "a+b",
        "a b+c",
        "hash#tag",
        "what?",
        "a&b=c",
        "semi;colon",
        "back\\slash",
        "comma, space",
        "[brackets]",
        "{\"json\": 1}",
        "<b>bold</b>",
        "$(echo)",
        "a:b@c",
        "tab\there",
        "new\nline",
        "bell\u{7}",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}",
        "\u{9b}31m",
        "🦀 emoji 👩‍👩‍👧",
        "\u{202e}txt.exe",
        "\u{200f}rtl mark",
        "שלום",
        "漢字",
        "e\u{301} decomposed",
        "é composed",
        "zero\u{200b}width",
        "nbsp\u{a0}",
        "Twin",
        "TWIN",
        "SELECT",
        "null",
        "0",
        "..",
        ".",
    ]
    .map(str::to_owned)
    .into();
    names.push("long ".repeat(200));
    names
}

/// Names that a `/` is part of; file systems cannot hold these.
const SLASHED: [&str; 3] = ["a/b", "/", "../up"];

/// A catalogue in which a space, a database, a storage and a versioned source hold [`names`].
pub fn catalogue() -> Result<Catalogue, CatalogueError> {
    let mut catalogue = Catalogue::new(Account {
        user: "demo@example.com".to_owned(),
        password: "p\"ä ss%".to_owned(),
        version: "25.2.0-202410241428100111-a963b970".to_owned(),
    });
    super::dremio::system::add_to(&mut catalogue)?;
    catalogue.add(None, NewNode::new("@demo@example.com", Kind::Home))?;
    let roots = [
        ("space 🦀", Kind::Space, Backend::Stored, None),
        ("data base", Kind::Source, Backend::Stored, Some("POSTGRES")),
        ("lake%20#1", Kind::Source, Backend::Storage, Some("S3")),
        ("nessie;x", Kind::Source, Backend::Versioned, Some("NESSIE")),
    ];
    let columns: Arc<[Column]> = names()
        .into_iter()
        .chain([String::new()])
        .map(|name| Column { name, data_type: DataType::Varchar, nullable: None })
        .collect();
    for (root, kind, backend, connector) in roots {
        let mut node = NewNode::new(root, kind);
        node.backend = backend;
        node.detail =
            Some(Arc::new(Detail { connector: connector.map(str::to_owned), ..Detail::default() }));
        let root_ix = catalogue.add(None, node)?;
        let folder = catalogue.add(Some(root_ix), NewNode::new("in.a \"folder\"", Kind::Folder))?;
        let mut all = names();
        if backend != Backend::Storage {
            all.extend(SLASHED.map(str::to_owned));
        }
        for name in all {
            let is_view = kind == Kind::Space;
            let table: DatasetPath =
                ["data base", "in.a \"folder\"", name.as_str()].into_iter().collect();
            let mut node = NewNode::new(name, if is_view { Kind::View } else { Kind::Table });
            node.schema = Schema::Known(Arc::clone(&columns));
            node.detail = Some(Arc::new(Detail {
                sql: is_view.then(|| format!("SELECT * FROM {}", table.to_sql())),
                wiki: Some("\u{1b}[2J\u{202e}wiki".to_owned()),
                ..Detail::default()
            }));
            catalogue.add(Some(folder), node)?;
        }
        if backend == Backend::Storage {
            for name in names() {
                let name = format!("{name}~");
                let folder = catalogue.add(Some(folder), NewNode::new(name, Kind::Folder))?;
                catalogue.add(Some(folder), NewNode::new("a.csv", Kind::File))?;
            }
        }
    }
    Ok(catalogue.finish())
}
