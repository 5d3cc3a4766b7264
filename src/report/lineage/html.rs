//! The lineage as one page that asks nobody for anything: searchable, with a column's trace on
//! click. The page's script shows the data as text only and never as markup.

use askama::Template;
use serde::Serialize;
use serde_json::{Value, json};

use super::LineageReport;
use super::drawing::Drawing;
use super::escape::shown;
use crate::lineage::{BrokenKind, LineageNode, NodeIndex, SqlPosition};
use crate::model::NodeRef;
use crate::model::display::{clean, clean_lines};
use crate::report::{Escaped, SCHEMA_VERSION};
use crate::sync::HeldKind;

#[derive(Template)]
#[template(path = "lineage/page.html", config = "src/report/askama.toml")]
struct Page {
    title: String,
    host: String,
    /// JSON that no tag can end.
    data: String,
    drawing: Drawing,
    legend: Vec<(&'static str, &'static str)>,
}

impl LineageReport<'_> {
    /// One HTML document without any outside part.
    pub fn to_html(&self) -> Result<String, askama::Error> {
        let drawing = self.drawing();
        let mut legend = vec![("view", "view"), ("table", "table")];
        for (class, words) in [
            ("source", "whole source"),
            ("system", "system table"),
            ("exposure", "exposure"),
            ("missing", "does not exist"),
            ("unchecked", "not found, may exist"),
        ] {
            if drawing.boxes.iter().any(|shown| shown.class == class) {
                legend.push((class, words));
            }
        }
        let page = Page {
            title: clean(&self.title()).into_owned(),
            host: clean(&self.server.host).into_owned(),
            data: embedded(&self.page_data()),
            drawing,
            legend,
        };
        page.render()
    }

    fn page_data(&self) -> Value {
        // Columns first see only what the page shows of them.
        let place = |index: NodeIndex| self.selection.nodes.iter().position(|node| *node == index);
        let places: std::collections::HashMap<NodeIndex, usize> =
            self.selection.nodes.iter().enumerate().map(|(at, node)| (*node, at)).collect();
        let nodes: Vec<Value> =
            self.nodes().map(|(index, node)| self.page_node(index, node)).collect();
        let edges: Vec<Value> = self
            .edges
            .iter()
            .map(|index| {
                let edge = self.graph.edge(*index);
                let columns: Vec<Value> = edge
                    .columns
                    .iter()
                    .map(|column| {
                        json!([
                            clean(&column.from),
                            clean(&column.to),
                            column.kind.as_str().to_lowercase(),
                            column.influence.subtype_name().to_lowercase(),
                            u8::from(column.influence.is_direct()),
                            column.fragments().map(|sql| clean_lines(sql)).collect::<Vec<_>>(),
                        ])
                    })
                    .collect();
                let rows: Vec<Value> = edge
                    .rows
                    .iter()
                    .map(|row| {
                        json!([
                            clean(&row.from),
                            row.influence.as_str().replace('_', " ").to_lowercase()
                        ])
                    })
                    .collect();
                let origins: Vec<&str> = edge.origins.iter().map(|origin| origin.name()).collect();
                json!({
                    "f": places.get(&edge.from),
                    "t": places.get(&edge.to),
                    "id": format!("{}-{}", edge.from.0, edge.to.0),
                    "c": columns,
                    "r": rows,
                    "o": origins.join(", "),
                    "q": super::confidence_name(edge.confidence),
                    "v": edge.versions.iter().map(|version| clean(version)).collect::<Vec<_>>(),
                    "u": edge.via_function.as_ref().map(shown),
                })
            })
            .collect();
        json!({
            "schema_version": SCHEMA_VERSION,
            "coverage": super::json::CoverageEntry::new(self.check.coverage),
            "incomplete": self.incomplete,
            "findings": self.findings(),
            "focus": self.selection.focus.and_then(place),
            "column": self.selection.column.as_ref().map(|(column, _)| clean(column)),
            "nodes": nodes,
            "edges": edges,
        })
    }

    fn page_node(&self, index: NodeIndex, node: &LineageNode) -> Value {
        let found = self.in_catalog(node);
        let schema = found.map(NodeRef::schema);
        let columns: Vec<Value> = node
            .columns
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let found = schema.and_then(|schema| schema.get(at));
                json!([
                    clean(name),
                    found.map(|column| clean(&column.data_type.to_string()).into_owned())
                ])
            })
            .collect();
        let diagnostics: Vec<Value> = node
            .reading
            .iter()
            .flat_map(|reading| &reading.diagnostics)
            .map(|told| json!([told.line, told.column, clean(&told.message)]))
            .collect();
        json!({
            "id": index.0,
            "p": shown(&node.path),
            "n": clean(node.path.name()),
            "d": clean(&node.path.parent().unwrap_or_default().to_string()),
            "r": super::class(node),
            "w": node.role.name(),
            "c": columns,
            "s": found.and_then(NodeRef::sql).map(clean_lines),
            "st": node.reading.as_ref().map(|reading| reading.status.name()),
            "tr": node.reading.as_ref().map(|reading| [reading.traced_columns, reading.columns]),
            "x": node.unchecked.as_deref().map(clean),
            "e": found.and_then(NodeRef::error).map(|error| clean(&error.message)),
            "g": diagnostics,
        })
    }

    fn findings(&self) -> Vec<Value> {
        let finding = |sort: &str, view: NodeIndex, at: Option<SqlPosition>, message: &str| {
            json!({
                "sort": sort,
                "view": shown(&self.graph.node(view).path),
                "at": at.map(|at| format!(":{}:{}", at.line, at.column)),
                "message": clean(message),
            })
        };
        let broken = self.check.broken.iter().map(|broken| {
            let sort = match broken.kind {
                BrokenKind::Table | BrokenKind::Column => "broken reference",
                BrokenKind::Unchecked => "not checked",
            };
            finding(sort, broken.view, broken.at, &broken.message)
        });
        let unreadable = self.check.unreadable.iter().map(|index| {
            let reading = self.graph.node(*index).reading.as_ref();
            let status = reading.map_or("not read", |reading| reading.status.name());
            let told = reading.and_then(|reading| reading.diagnostics.first());
            let at = told.map(|told| SqlPosition { line: told.line, column: told.column });
            let error = self.in_catalog(self.graph.node(*index)).and_then(NodeRef::error);
            let message = told.map(|told| &told.message).or(error.map(|error| &error.message));
            finding(status, *index, at, message.map_or("", String::as_str))
        });
        let cycles = self.check.cycles.iter().filter_map(|group| {
            let names: Vec<String> =
                group.iter().map(|index| self.graph.node(*index).path.to_string()).collect();
            let message = format!("feeds itself: {}", names.join(" → "));
            Some(finding("cycle", *group.first()?, None, &message))
        });
        let differences = self.differences.iter().filter_map(|difference| {
            let view = self.graph.find(&difference.view)?;
            let list = |paths: &[crate::model::DatasetPath]| {
                paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            };
            let message = format!(
                "only in SQL: {}; only in Dremio's graph: {}",
                list(&difference.only_in_sql),
                list(&difference.only_in_graph)
            );
            Some(finding("differs", view, None, &message))
        });
        let held = self.held.into_iter().flat_map(|held| &held.findings).filter_map(|found| {
            let view = self.graph.find(found.to_path.as_ref()?)?;
            let sort = match found.kind {
                HeldKind::Missing => "missing in OpenMetadata",
                HeldKind::Differs => "different in OpenMetadata",
                HeldKind::Extra => "only in OpenMetadata",
                HeldKind::Manual => return None,
            };
            Some(finding(sort, view, None, &super::held::line(found)))
        });
        broken.chain(unreadable).chain(cycles).chain(differences).chain(held).collect()
    }
}

/// JSON for a `script` element: nothing in it can end the element or begin a comment.
fn embedded(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    // A value serialises, and memory takes it.
    if serde_json::to_writer(Escaped(&mut bytes), value).is_err() {
        return "{}".to_owned();
    }
    // Outside of strings JSON has none of these.
    String::from_utf8_lossy(&bytes)
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}
