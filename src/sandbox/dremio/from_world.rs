//! From a catalogue file to the [`Catalogue`] that is served.

use std::sync::Arc;

use super::catalogue::{
    Account, Catalogue, CatalogueError, Detail, NewNode, NodeIx, Schema, Visibility,
};
use crate::model::Column;
use crate::model::path::fold;
use crate::sandbox::world::{Backend, Kind, Node, World};

impl Catalogue {
    /// The catalogue of a file, with the user's home and Dremio's system schemas where it has none.
    pub fn from_world(world: &World) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::new(Account {
            user: world.user.clone(),
            password: world.password.clone(),
            version: world.version.clone(),
        });
        let home = format!("@{}", world.user);
        for node in &world.catalog {
            catalogue.add_tree(None, node)?;
        }
        if !world.catalog.iter().any(|node| fold(&node.name) == fold(&home)) {
            let mut node = NewNode::new(home, Kind::Home);
            node.visibility = Visibility::SoftwareOnly;
            catalogue.add(None, node)?;
        }
        super::system::add_to(&mut catalogue)?;
        Ok(catalogue.finish())
    }

    fn add_tree(&mut self, parent: Option<NodeIx>, node: &Node) -> Result<(), CatalogueError> {
        let schema = match &node.columns {
            None => Schema::Unknown,
            Some(specs) => {
                let columns = specs.iter().map(|spec| {
                    let data_type =
                        spec.data_type.parse().map_err(|source| CatalogueError::Type {
                            path: node.name.clone(),
                            column: spec.name.clone(),
                            source,
                        })?;
                    Ok(Column { name: spec.name.clone(), data_type, nullable: None })
                });
                Schema::Known(columns.collect::<Result<Vec<_>, _>>()?.into())
            }
        };
        let detail = Detail {
            wiki: node.wiki.clone(),
            labels: node.labels.clone(),
            connector: node.connector.clone(),
            state: node.state.clone(),
            format: node.format.clone(),
            sql: node.sql.clone(),
            context: node.context.clone(),
            sql_hidden: node.sql_hidden,
            forbidden: node.forbidden,
            reflections: node.reflections.clone(),
            function: node.function.clone(),
        };
        let added = self.add(
            parent,
            NewNode {
                name: node.name.clone(),
                kind: node.kind,
                backend: node.backend.unwrap_or_else(|| backend_of(node.connector.as_deref())),
                schema,
                detail: Some(Arc::new(detail)),
                visibility: Visibility::Listed,
            },
        )?;
        node.children.iter().try_for_each(|child| self.add_tree(Some(added), child))
    }
}

/// How a connector lists (contract §2.5).
fn backend_of(connector: Option<&str>) -> Backend {
    match connector.unwrap_or_default() {
        "S3" | "NAS" | "HDFS" | "ADL" | "AZURE_STORAGE" | "GCS" | "SAMPLE_SOURCE" | "MAPRFS" => {
            Backend::Storage
        }
        "NESSIE" | "ARCTIC" | "OPEN_CATALOG" => Backend::Versioned,
        _ => Backend::Stored,
    }
}
