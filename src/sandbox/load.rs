//! Reading [`World`]s: the catalogues that are built in, and files of the same form.

use std::collections::HashSet;

use crate::model::path::fold;
use crate::model::{DataType, DatasetPath, TypeParseError};
use crate::sandbox::world::{Kind, Node, World};

/// The built-in catalogues as name and text.
const EMBEDDED: [(&str, &str); 2] = [
    ("shop", include_str!("../../assets/sandbox/shop.yaml")),
    ("reference", include_str!("../../assets/sandbox/reference.yaml")),
];

/// Why a catalogue cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No built-in catalogue has this name.
    #[error("there is no catalogue {name:?}: choose one of {}", World::names().collect::<Vec<_>>().join(", "))]
    UnknownName {
        /// What was asked for.
        name: String,
    },
    /// The text is not a catalogue file.
    #[error("the catalogue file cannot be read: {0}")]
    Syntax(#[from] serde_saphyr::Error),
    /// A node says something that cannot be.
    #[error("{path}: {problem}")]
    Node {
        /// The node.
        path: DatasetPath,
        /// What is wrong with it.
        problem: String,
    },
}

impl World {
    /// The names of the built-in catalogues, the default first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The built-in catalogue of this name.
    pub fn embedded(name: &str) -> Result<Self, LoadError> {
        match EMBEDDED.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::from_yaml(text),
            None => Err(LoadError::UnknownName { name: name.to_owned() }),
        }
    }

    /// A catalogue from the text of a file.
    pub fn from_yaml(text: &str) -> Result<Self, LoadError> {
        let world: Self = serde_saphyr::from_str(text)?;
        check_children(&DatasetPath::default(), &world.catalog)?;
        Ok(world)
    }

    /// Every node with its path, parents before children.
    pub fn walk(&self) -> impl Iterator<Item = (DatasetPath, &Node)> {
        let mut stack: Vec<(DatasetPath, &Node)> = Vec::new();
        for node in self.catalog.iter().rev() {
            stack.push((DatasetPath::new([node.name.as_str()]), node));
        }
        std::iter::from_fn(move || {
            let (path, node) = stack.pop()?;
            for child in node.children.iter().rev() {
                stack.push((path.join(child.name.as_str()), child));
            }
            Some((path, node))
        })
    }
}

fn check_children(parent: &DatasetPath, nodes: &[Node]) -> Result<(), LoadError> {
    let mut names = HashSet::new();
    for node in nodes {
        let path = parent.join(node.name.as_str());
        let fail = |problem: String| Err(LoadError::Node { path: path.clone(), problem });
        if !names.insert(fold(&node.name)) {
            return fail("stands twice under its parent".to_owned());
        }
        if parent.is_empty() != matches!(node.kind, Kind::Home | Kind::Space | Kind::Source)
            && !(parent.is_empty() && node.kind == Kind::Function)
        {
            return fail(format!("a {:?} cannot stand here", node.kind));
        }
        if !node.children.is_empty()
            && matches!(node.kind, Kind::File | Kind::Table | Kind::View | Kind::Function)
        {
            return fail("only a container has children".to_owned());
        }
        if (node.kind == Kind::View) != node.sql.is_some() {
            return fail("a view has `sql`, and nothing else has".to_owned());
        }
        if (node.kind == Kind::Function) != node.function.is_some() {
            return fail("a function has `function`, and nothing else has".to_owned());
        }
        let columns = node.columns.iter().chain(&node.read_columns).flatten();
        let mut width = 0;
        for column in columns {
            width += 1;
            if let Err(TypeParseError { at, expected }) = column.data_type.parse::<DataType>() {
                return fail(format!(
                    "the type {:?} of column {:?} is wrong at byte {at}: {expected}",
                    column.data_type, column.name
                ));
            }
        }
        if let Some(row) = node.rows.iter().find(|row| row.len() != width) {
            return fail(format!("a row has {} values for {width} columns", row.len()));
        }
        check_children(&path, &node.children)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(catalog: &str) -> String {
        let text = format!(
            "title: t\nuser: u\npassword: p\nversion: '25.2.0'\ncatalog:\n{}",
            catalog.lines().fold(String::new(), |text, line| text + "  " + line + "\n")
        );
        World::from_yaml(&text).expect_err("must be refused").to_string()
    }

    #[test]
    fn refuses_what_cannot_be_and_names_the_node() {
        assert!(World::embedded("nope").expect_err("unknown").to_string().contains("shop"));
        assert_eq!(error("- {name: a, kind: folder}"), "a: a Folder cannot stand here");
        assert_eq!(
            error("- {name: a, kind: space}\n- {name: A, kind: space}"),
            "A: stands twice under its parent"
        );
        assert_eq!(
            error("- {name: a, kind: space, children: [{name: v, kind: view}]}"),
            "a.v: a view has `sql`, and nothing else has"
        );
        let bad_type =
            "- {name: a, kind: source, children: [{name: t, kind: table, columns: [x LIST<]}]}";
        assert!(error(bad_type).starts_with("a.t: the type \"LIST<\" of column \"x\""));
        let short = "- {name: a, kind: source, children: [{name: t, kind: table, columns: [x INT, y INT], rows: [[1]]}]}";
        assert_eq!(error(short), "a.t: a row has 1 values for 2 columns");
    }
}
