//! [`Writer`]: sends one item, with the order of requests that the server's quirks ask for.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use super::apply::ApplyOptions;
use super::desired::Body;
use super::edges::EdgeBody;
use super::governance::stored::governance_not_stored;
use super::handles::{Handle, Handles};
use super::plan::{Action, Item, ItemKey, Payload};
use crate::model::path::fold;
use crate::openmetadata::entity::{
    ColumnLineage, CreateTable, EntityType, LineageDetails, StoredColumn, StoredCommon, StoredTable,
};
use crate::openmetadata::{Client, Error};

/// A hash that no projection has, for the first of two writes (contract §3.5, repair write).
const THROW_AWAY_HASH: &str = "0";

pub(super) struct Writer<'a> {
    pub(super) client: &'a Client,
    stores_sql_changes: bool,
    handles: Mutex<Handles>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(client: &'a Client, options: &ApplyOptions, handles: Handles) -> Self {
        Self {
            client,
            stores_sql_changes: options.stores_sql_changes,
            handles: Mutex::new(handles),
        }
    }

    /// The id of a table that is known.
    pub(super) fn id(&self, fqn: &str) -> Option<String> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).id(fqn)
    }

    /// See [`Handles::mappings_now`].
    pub(super) fn mappings_now(&self, mappings: &[ColumnLineage]) -> Vec<ColumnLineage> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).mappings_now(mappings)
    }

    pub(super) fn into_handles(self) -> Handles {
        self.handles.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what an item asks for; gives notes on what the server did not take over.
    pub(super) async fn write(&self, item: &Item) -> Result<Vec<String>, Error> {
        match (&item.key, &item.payload) {
            (ItemKey::Entity(entity, _), Some(Payload::Put(body))) => {
                self.put(*entity, item, body).await
            }
            (ItemKey::Entity(entity, _), Some(Payload::Delete)) => {
                if let Some(expected) = &item.expected {
                    self.client.delete(*entity, &expected.id, false).await?;
                }
                Ok(Vec::new())
            }
            (ItemKey::Edge { from, to }, Some(Payload::Edge(body))) => {
                self.put_edge(from, to, body).await
            }
            (_, Some(Payload::PutBack(edge))) => self.put_edge_back(edge).await,
            (ItemKey::Edge { from, to }, Some(Payload::DeleteEdge)) => {
                let (from, to) = (self.handle(from).await?, self.handle(to).await?);
                self.client.delete_edge(&from.id, &to.id).await?;
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn put(
        &self,
        entity: EntityType,
        item: &Item,
        body: &Body,
    ) -> Result<Vec<String>, Error> {
        match body {
            Body::Service(service) => {
                if let (Action::Restore, Some(expected)) = (item.action, &item.expected) {
                    self.client.restore(entity, &expected.id).await?;
                    return Ok(Vec::new());
                }
                self.put_service(service).await
            }
            Body::Database(database) => self.put_container(entity, item, database).await,
            Body::Schema(schema) => self.put_container(entity, item, schema).await,
            Body::Table(table) => self.put_table(item, table).await,
        }
    }

    /// A database or schema.
    async fn put_container(
        &self,
        entity: EntityType,
        item: &Item,
        body: &(impl Serialize + Sync),
    ) -> Result<Vec<String>, Error> {
        if item.action == Action::Restore && item.description_patch.is_some() {
            // What is deleted cannot be patched.
            self.client.put::<StoredCommon>(entity, body).await?;
        }
        let notes = self.patch_descriptions(entity, item).await?;
        self.client.put::<StoredCommon>(entity, body).await?;
        Ok(notes)
    }

    /// A server may be too old for the type, or insist on a connection (quirk 29, contract §2.3).
    async fn put_service(
        &self,
        service: &crate::openmetadata::entity::CreateService,
    ) -> Result<Vec<String>, Error> {
        let entity = EntityType::DatabaseService;
        let mut body = service.clone();
        let mut notes = Vec::new();
        for _ in 0..3 {
            match self.client.put::<StoredCommon>(entity, &body).await {
                Ok(_) => return Ok(notes),
                Err(Error::Rejected { status: 400, .. })
                    if body.service_type != "CustomDatabase" =>
                {
                    notes.push(format!(
                        "the server does not know the service type {}; it was made as CustomDatabase",
                        body.service_type
                    ));
                    "CustomDatabase".clone_into(&mut body.service_type);
                }
                Err(Error::Rejected { .. } | Error::Server { .. }) if body.connection.is_none() => {
                    "CustomDatabase".clone_into(&mut body.service_type);
                    body.connection = Some(json!({
                        "config": { "type": "CustomDatabase", "connectionOptions": {} },
                    }));
                }
                Err(error) => return Err(error),
            }
        }
        self.client.put::<StoredCommon>(entity, &body).await.map(|_| notes)
    }

    /// A bot's new descriptions need a PATCH, which must come before the PUT (quirk 3, 8).
    async fn patch_descriptions(
        &self,
        entity: EntityType,
        item: &Item,
    ) -> Result<Vec<String>, Error> {
        let (Some(patch), Some(expected)) = (&item.description_patch, &item.expected) else {
            return Ok(Vec::new());
        };
        let (mut operations, mut notes) = (Vec::new(), Vec::new());
        if let Some(text) = &patch.entity {
            operations.push(json!({ "op": "add", "path": "/description", "value": text }));
        }
        if let (false, ItemKey::Entity(_, fqn)) = (patch.columns.is_empty(), &item.key) {
            // Columns are addressed by their place, which is read right before (contract §3.6).
            let stored: Option<StoredTable> = self.client.by_name(entity, fqn).await?;
            let columns = stored.map(|table| table.columns).unwrap_or_default();
            for (names, text) in &patch.columns {
                match pointer(&columns, names) {
                    Some((place, guards)) => {
                        operations.extend(guards);
                        operations.push(json!({
                            "op": "add", "path": format!("{place}/description"), "value": text,
                        }));
                    }
                    None => notes.push(format!(
                        "column {} went meanwhile; its description was not replaced",
                        names.join(".")
                    )),
                }
            }
        }
        if !operations.is_empty() {
            if item.action == Action::Restore {
                // What is deleted cannot be patched (contract §3.6).
                self.client.restore(entity, &expected.id).await?;
            }
            self.client.patch(entity, &expected.id, &json!(operations)).await?;
        }
        Ok(notes)
    }

    async fn put_table(&self, item: &Item, table: &CreateTable) -> Result<Vec<String>, Error> {
        let entity = EntityType::Table;
        if item.action == Action::Restore && item.description_patch.is_some() {
            // What is deleted cannot be patched.
            self.client.put::<StoredCommon>(entity, table).await?;
        }
        let mut notes = self.patch_descriptions(entity, item).await?;
        if let (Some(model), true) = (&item.data_model, self.stores_sql_changes) {
            // Storing the facts erases the SQL, so the table itself goes last (contract §6).
            let id = match (&item.expected, item.action) {
                (Some(expected), Action::Update) => expected.id.clone(),
                _ => self.client.put::<StoredTable>(entity, table).await?.entity.common.id,
            };
            self.client.put_data_model(&id, model).await?;
        }
        if item.repair {
            self.put_under_another_hash(table).await?;
        }
        let written = self.client.put::<StoredTable>(entity, table).await?;
        if let (Some(model), false) = (&item.data_model, self.stores_sql_changes) {
            // An older server drops the facts on the PUT.
            self.client.put_data_model(&written.entity.common.id, model).await?;
        }
        let ItemKey::Entity(_, fqn) = &item.key else { return Ok(notes) };
        if written.created && !item.must_be_read_back() {
            self.remember(&written.entity);
            return Ok(notes);
        }
        let mut read = self.client.by_name::<StoredTable>(entity, fqn).await;
        if let Ok(Some(stored)) = &read
            && !item.repair
            && item.data_model.is_none()
            && !not_stored(stored, table).is_empty()
        {
            // An older server than its number says: it saw nothing to store (contract §3.3).
            self.put_under_another_hash(table).await?;
            self.client.put::<StoredCommon>(entity, table).await?;
            read = self.client.by_name(entity, fqn).await;
        }
        // The answer echoes the request; only a read tells what is stored (quirk 35).
        match read {
            Ok(Some(stored)) => {
                notes.extend(not_stored(&stored, table));
                notes.extend(governance_not_stored(&table.common, &stored.common));
                self.remember(&stored);
            }
            Ok(None) => notes.push("the server said yes, and yet it is not there".to_owned()),
            // The write itself went through. If others would fail likewise, they will say so.
            Err(error) => {
                notes.push(format!("written, and could not be read back: {error}"));
                self.remember(&written.entity);
            }
        }
        Ok(notes)
    }

    /// The first of two writes, after which the server has to store the second (contract §3.5).
    async fn put_under_another_hash(&self, table: &CreateTable) -> Result<(), Error> {
        let mut first = table.clone();
        first.common.source_hash = Some(THROW_AWAY_HASH.to_owned());
        self.client.put::<StoredCommon>(EntityType::Table, &first).await.map(drop)
    }

    /// Whether a table's id and columns are known.
    pub(super) fn knows(&self, fqn: &str) -> bool {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).get(fqn).is_some()
    }

    pub(super) fn remember(&self, stored: &StoredTable) {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).add(stored);
    }

    async fn put_edge(&self, from: &str, to: &str, body: &EdgeBody) -> Result<Vec<String>, Error> {
        let (from_handle, to_handle) = (self.handle(from).await?, self.handle(to).await?);
        if from_handle.id == to_handle.id {
            return Ok(vec!["a table is not its own upstream; left out".to_owned()]);
        }
        let (details, mut notes) = details(body, &from_handle, &to_handle);
        self.client.put_edge(&from_handle.id, &to_handle.id, &details).await?;
        notes.truncate(5);
        Ok(notes)
    }

    /// The table's id and columns, read from the server when a bulk request made it.
    pub(super) async fn handle(&self, fqn: &str) -> Result<Handle, Error> {
        let known = self.handles.lock().unwrap_or_else(PoisonError::into_inner).get(fqn).cloned();
        if let Some(handle) = known {
            return Ok(handle);
        }
        let stored: Option<StoredTable> = self.client.by_name(EntityType::Table, fqn).await?;
        let stored = stored.ok_or_else(|| Error::NotFound {
            request: format!("lineage of {fqn}"),
            message: "the table is not there".to_owned(),
        })?;
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.add(&stored);
        handles.get(fqn).cloned().ok_or_else(|| Error::NotFound {
            request: format!("lineage of {fqn}"),
            message: format!("the server has it as {}", stored.common.fully_qualified_name),
        })
    }

    /// Reads back the edges into a table; a note for each edge that is not as it was sent (quirk 17).
    pub(super) async fn verify_edges(&self, to: &str, items: &[&Item]) -> Vec<Option<String>> {
        let failed = |reason: String| vec![Some(reason); items.len()];
        let to_handle = match self.handle(to).await {
            Ok(handle) => handle,
            Err(error) => return failed(format!("could not be read back: {error}")),
        };
        let lineage = match self.client.lineage(&to_handle.id, 1, 0).await {
            Ok(lineage) => lineage,
            Err(error) => return failed(format!("could not be read back: {error}")),
        };
        let mut notes = Vec::with_capacity(items.len());
        for item in items {
            let (ItemKey::Edge { from, .. }, Some(Payload::Edge(body))) =
                (&item.key, &item.payload)
            else {
                notes.push(None);
                continue;
            };
            let Ok(from_handle) = self.handle(from).await else {
                notes.push(Some(format!("{from} could not be read back")));
                continue;
            };
            let stored = lineage
                .upstream_edges
                .iter()
                .find(|edge| edge.from_entity == from_handle.id && edge.to_entity == to_handle.id);
            let sent = details(body, &from_handle, &to_handle).0.columns_lineage.len();
            notes.push(match stored {
                None => Some("the server said yes, and yet the edge is not there".to_owned()),
                Some(edge) => {
                    let kept = edge
                        .lineage_details
                        .as_ref()
                        .map_or(0, |details| details.columns_lineage.len());
                    (kept < sent)
                        .then(|| format!("the server kept {kept} of {sent} column mappings"))
                }
            });
        }
        notes
    }
}

/// What a server did not take over of what it was sent.
fn not_stored(stored: &StoredTable, sent: &CreateTable) -> Vec<String> {
    let mut notes = Vec::new();
    let sql = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
    if sql(&stored.schema_definition) != sql(&sent.schema_definition) {
        notes.push("the server did not store the view's SQL".to_owned());
    }
    let theirs = stored.columns.iter().map(|column| column.name.as_str());
    let ours = sent.columns.iter().map(|column| column.name.as_str());
    if theirs.clone().ne(ours) {
        let theirs: Vec<&str> = theirs.take(20).collect();
        notes.push(format!(
            "the server did not store the columns as sent; it has {} of {}: {}",
            stored.columns.len(),
            sent.columns.len(),
            theirs.join(", ")
        ));
    }
    notes
}

/// Where a column stands in the table's JSON, with operations that fail if it or a column around it
/// has another place by then.
fn pointer(columns: &[StoredColumn], names: &[String]) -> Option<(String, Vec<Value>)> {
    let (mut place, mut guards, mut level) = (String::new(), Vec::new(), Some(columns));
    for name in names {
        let siblings = level?;
        let index = siblings.iter().position(|column| fold(&column.name) == fold(name))?;
        let column = &siblings[index];
        let list = if place.is_empty() { "columns" } else { "children" };
        place = format!("{place}/{list}/{index}");
        guards.push(json!({
            "op": "test", "path": format!("{place}/name"), "value": column.name,
        }));
        level = column.children.as_deref();
    }
    (!names.is_empty()).then_some((place, guards))
}

/// The details to send: columns by the server's own FQNs, others' mappings as they are.
fn details(body: &EdgeBody, from: &Handle, to: &Handle) -> (LineageDetails, Vec<String>) {
    let mut notes = Vec::new();
    let mut columns_lineage = Vec::new();
    for (sources, target, function) in &body.columns {
        let Some(to_column) = to.columns.get(&fold(target)) else {
            notes.push(format!("column {target} is not in OpenMetadata"));
            continue;
        };
        let from_columns: Vec<String> =
            sources.iter().filter_map(|source| from.columns.get(&fold(source)).cloned()).collect();
        if from_columns.len() < sources.len() {
            notes.push(format!("some upstream columns of {target} are not in OpenMetadata"));
        }
        if !from_columns.is_empty() {
            columns_lineage.push(ColumnLineage {
                from_columns,
                to_column: to_column.clone(),
                function: function.clone(),
            });
        }
    }
    columns_lineage.extend(body.foreign.iter().cloned());
    let details = LineageDetails {
        source: Some(body.source.clone()),
        sql_query: body.sql.clone(),
        description: body.description.clone(),
        columns_lineage,
        pipeline: body.pipeline.clone(),
        temp_lineage_tables: body.temp_lineage_tables.clone(),
    };
    (details, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_column_is_guarded_on_every_level() {
        let column = |name: &str, children: Vec<StoredColumn>| StoredColumn {
            name: name.to_owned(),
            children: (!children.is_empty()).then_some(children),
            ..StoredColumn::default()
        };
        let inside = |names: [&str; 2]| names.map(|name| column(name, Vec::new())).to_vec();
        let columns = [
            column("id", Vec::new()),
            column("Address", vec![column("geo", inside(["lon", "Lat"]))]),
        ];
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (place, guards) =
            pointer(&columns, &names(&["address", "geo", "lat"])).expect("is there");
        assert_eq!(place, "/columns/1/children/0/children/1");
        let test = |path: &str, name: &str| json!({ "op": "test", "path": path, "value": name });
        assert_eq!(
            guards,
            [
                test("/columns/1/name", "Address"),
                test("/columns/1/children/0/name", "geo"),
                test("/columns/1/children/0/children/1/name", "Lat"),
            ]
        );
        for gone in [&["street"][..], &["id", "lat"], &["address", "geo", "alt"], &[]] {
            assert_eq!(pointer(&columns, &names(gone)), None, "{gone:?}");
        }
    }
}
