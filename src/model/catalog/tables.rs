//! A [`Catalog`] as a handful of long columns: the stored form, small and quick to read back.
//!
//! Everything is an index into a table; nothing here is trusted when it is read, since a file can
//! be anything.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Catalog, Container, Details, Listing, Node, NodeId, StoredColumn};
use crate::model::entity::{FunctionDetail, NodeError, NodeKind, SourceDetail};
use crate::model::intern::Interner;
use crate::model::path::with_folded;
use crate::model::types::DataType;

/// The columns of the stored form. Nodes stand parents first, siblings in listing order.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::model) struct Tables {
    names: Vec<Arc<str>>,
    types: Vec<Arc<DataType>>,
    kinds: Vec<NodeKind>,
    /// How the root was listed.
    root_listing: u8,
    node_names: Vec<u32>,
    /// 0 for the root, else one more than the position of the node above.
    node_parents: Vec<u32>,
    node_kinds: Vec<u8>,
    node_ids: Vec<Option<Arc<str>>>,
    node_listings: Vec<u8>,
    errors: Vec<(u32, Arc<NodeError>)>,
    details: Vec<StoredDetails>,
    column_names: Vec<u32>,
    column_types: Vec<u32>,
    /// Positions of columns that can hold nulls, and of those that cannot; mostly both are empty.
    nullable: Vec<u32>,
    not_null: Vec<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredDetails {
    node: u32,
    /// How many columns of the column tables are this node's; absent = no schema known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    columns: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw_kind: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sql: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    sql_context: Box<[Box<str>]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Box<SourceDetail>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    function: Option<Box<FunctionDetail>>,
    /// False where only a listing was read.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    read: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

fn listing_code(listing: Listing) -> u8 {
    match listing {
        Listing::Unread => 0,
        Listing::Partial => 1,
        Listing::Complete => 2,
    }
}

fn listing_of(code: u8) -> Listing {
    match code {
        0 => Listing::Unread,
        1 => Listing::Partial,
        _ => Listing::Complete,
    }
}

impl From<&Catalog> for Tables {
    fn from(catalog: &Catalog) -> Self {
        let live = catalog.len();
        let mut tables = Self {
            names: catalog.names.values().to_vec(),
            types: catalog.types.values().to_vec(),
            kinds: Vec::new(),
            root_listing: listing_code(catalog.root().listing()),
            node_names: Vec::with_capacity(live),
            node_parents: Vec::with_capacity(live),
            node_kinds: Vec::with_capacity(live),
            node_ids: Vec::with_capacity(live),
            node_listings: Vec::with_capacity(live),
            errors: Vec::new(),
            details: Vec::new(),
            column_names: Vec::with_capacity(catalog.column_count()),
            column_types: Vec::with_capacity(catalog.column_count()),
            nullable: Vec::new(),
            not_null: Vec::new(),
        };
        // The root has no position; its children's parent is 0.
        let mut positions = vec![0_u32; catalog.index_bound()];
        for (position, view) in (0_u32..).zip(catalog.walk()) {
            positions[view.id().index()] = position + 1;
            let node = &catalog.nodes[view.id().index()];
            tables.node_names.push(node.name);
            tables.node_parents.push(positions[node.parent.index()]);
            tables.push_kind(node.kind);
            tables.node_ids.push(node.id.clone());
            tables.node_listings.push(listing_code(view.listing()));
            if let Some(error) = &node.error {
                tables.errors.push((position, Arc::clone(error)));
            }
            if let Some(details) = &node.details {
                tables.push_details(position, details);
            }
        }
        tables
    }
}

impl Tables {
    fn push_kind(&mut self, kind: NodeKind) {
        let known = self.kinds.iter().position(|other| *other == kind);
        let code = known.unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        // There are eleven kinds.
        self.node_kinds.push(u8::try_from(code).unwrap_or(u8::MAX));
    }

    fn push_details(&mut self, node: u32, details: &Details) {
        for column in details.columns.iter().flatten() {
            // Positions beyond this are further than a catalogue's memory reaches.
            let position = u32::try_from(self.column_names.len()).unwrap_or(u32::MAX);
            match column.nullable {
                Some(true) => self.nullable.push(position),
                Some(false) => self.not_null.push(position),
                None => {}
            }
            self.column_names.push(column.name);
            self.column_types.push(column.data_type);
        }
        self.details.push(StoredDetails {
            node,
            columns: details
                .columns
                .as_ref()
                .map(|columns| u32::try_from(columns.len()).unwrap_or(u32::MAX)),
            created_at: details.created_at.clone(),
            raw_kind: details.raw_kind.clone(),
            sql: details.sql.clone(),
            sql_context: details.sql_context.clone(),
            format: details.format.clone(),
            source: details.source.clone(),
            function: details.function.clone(),
            read: details.entity_read,
        });
    }

    /// The catalogue, or what in the tables contradicts itself.
    pub(in crate::model) fn into_catalog(self) -> Result<Catalog, String> {
        let count = self.node_names.len();
        for (what, len) in [
            ("parents", self.node_parents.len()),
            ("kinds", self.node_kinds.len()),
            ("ids", self.node_ids.len()),
            ("listings", self.node_listings.len()),
        ] {
            if len != count {
                return Err(format!("{count} nodes have {len} {what}"));
            }
        }
        let mut catalog = Catalog {
            names: Interner::from_values(self.names),
            types: Interner::from_values(self.types),
            ..Catalog::default()
        };
        let known_names = catalog.names.values().len();
        catalog.nodes[0].name = catalog.intern_name("");
        catalog.nodes.reserve_exact(count);
        catalog.by_name.reserve(count);
        let mut children = vec![Vec::new(); count + 1];
        let ids = self.node_ids.into_iter();
        for (position, server_id) in (0..count).zip(ids) {
            let name = self.node_names[position];
            let parent = self.node_parents[position];
            let kind = self.kinds.get(usize::from(self.node_kinds[position])).copied();
            let (Some(kind), true) = (kind, (name as usize) < known_names) else {
                return Err(format!("node {position} points nowhere"));
            };
            // Parents come first; what points ahead could make a ring.
            if parent as usize > position {
                return Err(format!("node {position} stands before the one above it"));
            }
            let id = NodeId(u32::try_from(position + 1).map_err(|_| "too many nodes".to_owned())?);
            let folded = Arc::clone(&catalog.names.values()[name as usize]);
            let key = with_folded(&folded, |folded| catalog.intern_name(folded));
            if catalog.by_name.insert((NodeId(parent), key), id).is_some() {
                return Err(format!("two nodes have the name of node {position}"));
            }
            children[parent as usize].push(id);
            catalog.nodes.push(Node {
                name,
                parent: NodeId(parent),
                kind,
                removed: false,
                id: server_id,
                error: None,
                container: None,
                details: None,
            });
        }
        catalog.live = count;
        let listings = std::iter::once(self.root_listing).chain(self.node_listings);
        for ((node, children), code) in catalog.nodes.iter_mut().zip(children).zip(listings) {
            let listing = listing_of(code);
            if listing != Listing::Unread || !children.is_empty() {
                node.container = Some(Arc::new(Container { children, listing, seen: None }));
            }
        }
        for (position, error) in self.errors {
            let node = catalog.nodes.get_mut(position as usize + 1);
            node.ok_or_else(|| format!("an error points at node {position}"))?.error = Some(error);
        }
        let columns = Columns::new(
            self.column_names,
            self.column_types,
            &self.nullable,
            &self.not_null,
            (known_names, catalog.types.values().len()),
        )?;
        place_details(&mut catalog, self.details, columns)?;
        Ok(catalog)
    }
}

fn place_details(
    catalog: &mut Catalog,
    details: Vec<StoredDetails>,
    mut columns: Columns,
) -> Result<(), String> {
    for stored in details {
        let own = stored.columns.map(|count| columns.take(count as usize)).transpose()?;
        catalog.columns += own.as_ref().map_or(0, |own| own.len());
        let node = catalog.nodes.get_mut(stored.node as usize + 1);
        let node = node.ok_or_else(|| format!("details point at node {}", stored.node))?;
        if node.details.is_some() {
            return Err(format!("node {} has details twice", stored.node));
        }
        node.details = Some(Arc::new(Details {
            created_at: stored.created_at,
            raw_kind: stored.raw_kind,
            columns: own,
            sql: stored.sql,
            sql_context: stored.sql_context,
            format: stored.format,
            source: stored.source,
            function: stored.function,
            entity_read: stored.read,
        }));
    }
    Ok(())
}

/// The column tables, taken from the front.
struct Columns {
    all: Vec<StoredColumn>,
    used: usize,
}

impl Columns {
    fn new(
        names: Vec<u32>,
        types: Vec<u32>,
        nullable: &[u32],
        not_null: &[u32],
        (known_names, known_types): (usize, usize),
    ) -> Result<Self, String> {
        if names.len() != types.len() {
            return Err(format!("{} columns have {} types", names.len(), types.len()));
        }
        let in_range = |indices: &[u32], bound: usize| {
            indices.iter().max().is_none_or(|index| (*index as usize) < bound)
        };
        if !in_range(&names, known_names) || !in_range(&types, known_types) {
            return Err("a column points nowhere".to_owned());
        }
        let mut all: Vec<_> = names
            .into_iter()
            .zip(types)
            .map(|(name, data_type)| StoredColumn { name, data_type, nullable: None })
            .collect();
        for (positions, value) in [(nullable, true), (not_null, false)] {
            for position in positions {
                let column = all.get_mut(*position as usize);
                column.ok_or("a nullable column is not there")?.nullable = Some(value);
            }
        }
        Ok(Self { all, used: 0 })
    }

    fn take(&mut self, count: usize) -> Result<Box<[StoredColumn]>, String> {
        let end = self.used.saturating_add(count);
        let own = self.all.get(self.used..end).ok_or("more columns are used than there are")?;
        self.used = end;
        Ok(own.into())
    }
}
