//! OpenLineage events (spec 2-0-2), one a line: a dataset event for everything without lineage of
//! its own, and for each view a run that made it: START, then COMPLETE with the facets.
//!
//! A run's id is made of the view and its SQL, so that the same definition is the same run.

use std::collections::BTreeMap;
use std::io::{self, Write};

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::LineageReport;
use crate::lineage::{Edge, LineageNode, NodeIndex, NodeRole};
use crate::model::{DataType, NodeRef};
use crate::report::Escaped;

const PRODUCER: &str = concat!("urn:dremio-explorer:", env!("CARGO_PKG_VERSION"));
const SPEC: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json";
const FACETS: &str = "https://openlineage.io/spec/facets";

type Inputs = BTreeMap<(String, String), Vec<Value>>;

impl LineageReport<'_> {
    /// The events, one JSON document a line, sorted by dataset.
    pub fn write_openlineage(&self, out: impl Write) -> io::Result<()> {
        let mut out = Escaped(out);
        for event in self.events() {
            serde_json::to_writer(&mut out, &event)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn events(&self) -> Vec<Value> {
        let mut edges: BTreeMap<NodeIndex, Vec<&Edge>> = BTreeMap::new();
        for index in &self.edges {
            let edge = self.graph.edge(*index);
            if self.is_dataset(self.graph.node(edge.from)) {
                edges.entry(edge.to).or_default().push(edge);
            }
        }
        let mut events = Vec::new();
        for (index, node) in self.nodes().filter(|(_, node)| self.is_dataset(node)) {
            match edges.get(&index) {
                Some(edges) => events.extend(self.run(node, edges)),
                None => events.push(self.event(
                    "DatasetEvent",
                    json!({"dataset": self.dataset(node, self.facets(node, None))}),
                )),
            }
        }
        events
    }

    /// What does not exist is no dataset.
    #[expect(clippy::unused_self, reason = "reads as a question to the report")]
    fn is_dataset(&self, node: &LineageNode) -> bool {
        node.role != NodeRole::Missing || node.unchecked.is_some()
    }

    fn event(&self, definition: &str, mut body: Value) -> Value {
        let mut event = Map::new();
        event.insert("eventTime".to_owned(), json!(self.taken_at));
        event.insert("producer".to_owned(), json!(PRODUCER));
        event.insert("schemaURL".to_owned(), json!(format!("{SPEC}#/$defs/{definition}")));
        if let Some(body) = body.as_object_mut() {
            event.append(body);
        }
        Value::Object(event)
    }

    fn run(&self, node: &LineageNode, edges: &[&Edge]) -> [Value; 2] {
        let namespace = self.namespace();
        let name = node.path.to_string();
        let sql = self.in_catalog(node).and_then(NodeRef::sql);
        let run = json!({"runId": run_id(&namespace, &name, sql.unwrap_or_default())});
        let mut job_facets = Map::new();
        let job_type =
            json!({"processingType": "BATCH", "integration": "DREMIO", "jobType": "VIEW"});
        job_facets.insert("jobType".to_owned(), facet("2-0-3", "JobType", "Job", job_type));
        if let Some(sql) = sql {
            let body = json!({"query": sql, "dialect": "dremio"});
            job_facets.insert("sql".to_owned(), facet("1-1-0", "SQL", "Job", body));
        }
        let inputs: Vec<Value> =
            edges.iter().map(|edge| self.dataset(self.graph.node(edge.from), Map::new())).collect();
        let start = json!({
            "eventType": "START",
            "run": run,
            "job": {"namespace": namespace, "name": name},
        });
        let complete = json!({
            "eventType": "COMPLETE",
            "run": run,
            "job": {"namespace": namespace, "name": name, "facets": job_facets},
            "inputs": inputs,
            "outputs": [self.dataset(node, self.facets(node, Some(edges)))],
        });
        [self.event("RunEvent", start), self.event("RunEvent", complete)]
    }

    fn dataset(&self, node: &LineageNode, facets: Map<String, Value>) -> Value {
        let mut dataset = json!({"namespace": self.namespace(), "name": node.path.to_string()});
        if !facets.is_empty() {
            dataset["facets"] = Value::Object(facets);
        }
        dataset
    }

    fn facets(&self, node: &LineageNode, edges: Option<&[&Edge]>) -> Map<String, Value> {
        let mut facets = Map::new();
        let kind = match node.role {
            NodeRole::View => "VIEW",
            NodeRole::Source => "SOURCE",
            NodeRole::Exposure => "REPORT",
            NodeRole::Table | NodeRole::System | NodeRole::Missing => "TABLE",
        };
        let body = json!({"datasetType": kind});
        facets.insert("datasetType".to_owned(), facet("1-0-0", "DatasetType", "Dataset", body));
        if !node.columns.is_empty() {
            let schema = self.in_catalog(node).map(NodeRef::schema);
            let fields: Vec<Value> = node
                .columns
                .iter()
                .enumerate()
                .map(|(at, name)| {
                    let found = schema.and_then(|schema| schema.get(at));
                    field(name, found.map(|column| column.data_type), at)
                })
                .collect();
            let body = json!({"fields": fields});
            facets.insert("schema".to_owned(), facet("1-2-0", "Schema", "Dataset", body));
        }
        if let Some(edges) = edges {
            let lineage = self.column_lineage(edges);
            facets.insert(
                "columnLineage".to_owned(),
                facet("1-2-0", "ColumnLineage", "Dataset", lineage),
            );
        }
        facets
    }

    fn column_lineage(&self, edges: &[&Edge]) -> Value {
        let mut fields: BTreeMap<&str, Inputs> = BTreeMap::new();
        let mut rows = Inputs::new();
        for edge in edges {
            let from = self.graph.node(edge.from).path.to_string();
            for column in &edge.columns {
                let inputs = fields.entry(&column.to).or_default();
                let transformations =
                    inputs.entry((from.clone(), column.from.to_string())).or_default();
                let transformation = json!({
                    "type": column.influence.type_name(),
                    "subtype": column.influence.subtype_name(),
                    "description": &*column.expression,
                    "masking": false,
                });
                if !transformations.contains(&transformation) {
                    transformations.push(transformation);
                }
            }
            for row in &edge.rows {
                rows.entry((from.clone(), row.from.to_string())).or_default().push(json!({
                    "type": "INDIRECT",
                    "subtype": row.influence.as_str(),
                    "description": "",
                    "masking": false,
                }));
            }
        }
        let fields: Map<String, Value> = fields
            .into_iter()
            .map(|(name, inputs)| {
                (name.to_owned(), json!({"inputFields": self.input_fields(inputs)}))
            })
            .collect();
        let mut lineage = json!({"fields": fields});
        if !rows.is_empty() {
            lineage["dataset"] = json!(self.input_fields(rows));
        }
        lineage
    }

    fn input_fields(&self, inputs: Inputs) -> Vec<Value> {
        let namespace = self.namespace();
        inputs
            .into_iter()
            .map(|((name, field), transformations)| {
                json!({
                    "namespace": namespace,
                    "name": name,
                    "field": field,
                    "transformations": transformations,
                })
            })
            .collect()
    }

    /// `dremio://host:port`; a host without a port is one of Cloud.
    fn namespace(&self) -> String {
        let host = &self.server.host;
        let port = host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_some() { format!("dremio://{host}") } else { format!("dremio://{host}:443") }
    }
}

fn facet(version: &str, name: &str, of: &str, mut body: Value) -> Value {
    let mut facet = Map::new();
    facet.insert("_producer".to_owned(), json!(PRODUCER));
    let name = format!("{name}{of}Facet");
    let url = format!("{FACETS}/{version}/{name}.json#/$defs/{name}");
    facet.insert("_schemaURL".to_owned(), json!(url));
    if let Some(body) = body.as_object_mut() {
        facet.append(body);
    }
    Value::Object(facet)
}

fn field(name: &str, data_type: Option<&DataType>, at: usize) -> Value {
    let mut field = json!({"name": name});
    if let Some(data_type) = data_type {
        field["type"] = json!(data_type.to_string());
    }
    field["ordinal_position"] = json!(at + 1);
    let parts = data_type.map(DataType::children).unwrap_or_default();
    if !parts.is_empty() {
        let parts = parts.iter().enumerate();
        field["fields"] =
            parts.map(|(at, (name, data_type))| self::field(name, Some(data_type), at)).collect();
    }
    field
}

/// A name-based UUID (version 3).
fn run_id(namespace: &str, name: &str, sql: &str) -> String {
    use std::fmt::Write as _;

    let mut hash = Md5::new();
    for part in [PRODUCER_SPACE, namespace, name, sql] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes: [u8; 16] = hash.finalize().into();
    bytes[6] = (bytes[6] & 0x0F) | 0x30;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let mut id = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Keeps the ids apart from those that others make of the same names; not the version, with which
/// they must not change.
const PRODUCER_SPACE: &str = "dremio-explorer view";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_the_right_form_and_follow_the_sql() {
        let id = run_id("dremio://h:1", "a.b", "SELECT 1");
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'3');
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_eq!(id, run_id("dremio://h:1", "a.b", "SELECT 1"));
        assert_ne!(id, run_id("dremio://h:1", "a.b", "SELECT 2"));
        assert_ne!(id, run_id("dremio://h:1", "a.", "bSELECT 1"));
    }
}
