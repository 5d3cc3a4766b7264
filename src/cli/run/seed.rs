//! The state in which the demo's OpenMetadata starts: as if an earlier sync had brought most of the
//! catalogue over, after which both sides went on changing.

use serde::Serialize;
use serde_json::{Value, json};

use crate::lineage::Engine;
use crate::model::{Catalog, DatasetPath, NodeKind};
use crate::openmetadata::entity::EntityType;
use crate::openmetadata::names;
use crate::sandbox::dremio::Catalogue;
use crate::sandbox::openmetadata::{Named, Seed};
use crate::sync::Selection;
use crate::sync::desired::{Body, Desired, DesiredEdge, ProjectionOptions, project};
use crate::sync::lineage::desired_edges;
use crate::sync::session::SyncSettings;

/// What has happened to every ninth table since. One more has another name now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Nothing,
    /// Its last column had another type.
    Retyped,
    /// Its last column was not there yet.
    Grown,
    /// Its SQL was shorter.
    Rewritten,
    /// Somebody deleted it in OpenMetadata.
    Deleted,
    /// It is new in Dremio.
    New,
}

impl Since {
    fn of(number: usize) -> Self {
        match number % 9 {
            1 => Self::Retyped,
            3 => Self::Grown,
            4 => Self::Rewritten,
            6 => Self::Deleted,
            8 => Self::New,
            _ => Self::Nothing,
        }
    }
}

/// An earlier state of `catalogue`; says what cannot be made.
pub(super) fn earlier(catalogue: &Catalogue, settings: &SyncSettings) -> Result<Seed, String> {
    let catalog = catalogue.known();
    let wikis = catalogue.all().filter_map(|ix| {
        let wiki = catalogue.detail(ix)?.wiki.clone()?;
        let path: DatasetPath = catalogue.path(ix).into_iter().collect();
        Some((path.folded(), wiki))
    });
    let options = ProjectionOptions {
        service_name: settings.service_name.clone(),
        service_type: settings.service_type.clone(),
        default_schema: settings.default_schema.clone(),
        dremio_url: settings.dremio_url.clone(),
        label_classification: None,
        wikis: wikis.collect(),
        labels: std::collections::HashMap::default(),
    };
    let selection = Selection { within: brought_over(&catalog), ..Selection::default() };
    let mut desired = project(&catalog, &selection, &options).map_err(|error| error.to_string())?;
    let graph = Engine::new(&catalog).graph(&catalog);
    desired.edges = desired_edges(&graph, &catalog, &desired, &desired);
    fill(desired, &settings.default_schema)
}

/// The roots that were brought over: neither homes nor the first space nor the last source.
fn brought_over(catalog: &Catalog) -> Vec<DatasetPath> {
    let of_kind = |kind| {
        let mut paths: Vec<DatasetPath> = catalog
            .root()
            .children()
            .filter(|node| node.kind() == kind)
            .map(|node| node.path())
            .collect();
        paths.sort();
        paths
    };
    let mut sources = of_kind(NodeKind::Source);
    sources.pop();
    of_kind(NodeKind::Space).into_iter().skip(1).chain(sources).collect()
}

/// What people have set up besides: one of the two teams that the demo's dbt project names.
fn named() -> Vec<Named> {
    vec![
        Named::team("commerce-data").with("displayName", json!("Commerce data")),
        Named::exclusive("PII"),
        Named::tag("PII.Sensitive"),
        Named::term("Commerce.Order"),
        Named::domain("Commerce"),
    ]
}

fn fill(desired: Desired, default_schema: &str) -> Result<Seed, String> {
    let mut seed = Seed { named: named(), ..Seed::default() };
    seed.entities.push((EntityType::DatabaseService, value(&desired.service)?));
    let mut there = std::collections::HashSet::new();
    let mut renamed = None;
    let (mut number, mut is_described) = (0, false);
    for entity in desired.entities {
        let kind = entity.body.entity_type();
        let mut body = match &entity.body {
            Body::Service(body) => value(body)?,
            Body::Database(body) => value(body)?,
            Body::Schema(body) => value(body)?,
            Body::Table(body) => value(body)?,
        };
        if kind == EntityType::Table {
            number += 1;
            match Since::of(number) {
                Since::New => continue,
                Since::Deleted => seed.deleted.push(entity.fqn.clone()),
                since => change(&mut body, since),
            }
            if let (false, Some(text)) = (is_described, body["description"].as_str()) {
                is_described = true;
                let text = format!("Owned by the **data office**; ask there first. {text}");
                body["description"] = json!(text);
            }
            let is_still_the_same = Since::of(number) == Since::Nothing;
            if renamed.is_none() && is_still_the_same && is_view_in_folder(&body, default_schema) {
                renamed = Some(before_its_renaming(&body));
            }
            there.insert(entity.fqn);
        }
        seed.entities.push((kind, body));
    }
    seed.entities.extend(renamed.map(|body| (EntityType::Table, body)));
    let edges = desired.edges.iter();
    let edges = edges.filter(|edge| there.contains(&edge.from) && there.contains(&edge.to));
    for (number, edge) in edges.enumerate() {
        if number % 6 != 4 {
            let details = details(edge, number);
            seed.edges.push((edge.from.clone(), edge.to.clone(), details));
        }
    }
    Ok(seed)
}

fn value(body: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(body).map_err(|error| error.to_string())
}

/// Turns a table's body back to what it was, with the hash of another state.
fn change(body: &mut Value, since: Since) {
    let columns = body.get_mut("columns").and_then(Value::as_array_mut);
    let is_changed = match (since, columns) {
        (Since::Retyped, Some(columns)) if !columns.is_empty() => {
            if let Some(Value::Object(column)) = columns.last_mut() {
                for field in ["children", "arrayDataType", "dataLength", "precision", "scale"] {
                    column.remove(field);
                }
                column.insert("dataType".to_owned(), json!("STRING"));
                column.insert("dataTypeDisplay".to_owned(), json!("string"));
            }
            true
        }
        (Since::Grown, Some(columns)) if columns.len() > 1 => columns.pop().is_some(),
        (Since::Rewritten, _) => shorten(body),
        _ => false,
    };
    if is_changed {
        body["sourceHash"] = json!("0".repeat(32));
    }
}

fn is_view_in_folder(body: &Value, default_schema: &str) -> bool {
    let schema = body["databaseSchema"].as_str().unwrap_or_default();
    body["tableType"] == "View" && schema.rsplit('.').next() != Some(default_schema)
}

/// A table under the name that it had once: Dremio has it no more, OpenMetadata still does.
fn before_its_renaming(body: &Value) -> Value {
    let mut body = body.clone();
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    body["name"] = json!(format!("{name}_v1"));
    body["description"] = json!(format!(
        "Replaced by **{name}**. Kept until the last report has moved over; ask the data office \
         before you use it."
    ));
    body["sourceHash"] = json!("0".repeat(32));
    if let Some(Value::Array(columns)) = body.get_mut("columns")
        && columns.len() > 1
    {
        columns.pop();
    }
    body
}

/// Takes the last line from a view's SQL that has several.
fn shorten(body: &mut Value) -> bool {
    let Some(sql) = body["schemaDefinition"].as_str() else { return false };
    let Some((before, _)) = sql.trim_end().rsplit_once('\n') else { return false };
    body["schemaDefinition"] = json!(before);
    true
}

/// The details that an edge had: the first was drawn by hand, some had no columns yet.
fn details(edge: &DesiredEdge, number: usize) -> Value {
    if number == 0 {
        return json!({ "source": "Manual", "description": "Drawn at the data council." });
    }
    let columns: Vec<Value> = edge
        .columns
        .iter()
        .map(|(from, to, function)| {
            let from: Vec<String> =
                from.iter().map(|name| names::child_fqn(&edge.from, name)).collect();
            let to = names::child_fqn(&edge.to, to);
            let mut mapping = json!({ "fromColumns": from, "toColumn": to });
            if let Some(function) = function {
                mapping["function"] = json!(function);
            }
            mapping
        })
        .collect();
    let columns = if number % 7 == 5 { Vec::new() } else { columns };
    let mut details = json!({ "source": edge.source, "columnsLineage": columns });
    if let Some(sql) = &edge.sql {
        details["sqlQuery"] = json!(sql);
    }
    details
}
