//! What a whole reading of the catalogue comes to, without the way over HTTP.

use super::catalogue::{Catalogue, NodeIx, Visibility};
use crate::model::{
    Catalog, Change, DatasetDetail, DatasetPath, Entity, EntityDetail, Item, NodeKind, TableKind,
};
use crate::sandbox::world::Kind;

impl Catalogue {
    /// The catalogue as its user sees it: every listing, columns and SQL that may be read.
    pub fn known(&self) -> Catalog {
        let mut known = Catalog::new();
        let roots: Vec<NodeIx> = self
            .roots()
            .iter()
            .copied()
            .filter(|root| self.visibility(*root) != Visibility::System)
            .collect();
        self.learn(&mut known, DatasetPath::default(), &roots);
        known
    }

    fn learn(&self, known: &mut Catalog, parent: DatasetPath, children: &[NodeIx]) {
        let items: Vec<Item> = children.iter().map(|ix| self.known_item(*ix)).collect();
        known.apply(Change::Children { parent, items: items.clone(), first: true, last: true });
        for (ix, item) in children.iter().zip(items) {
            if item.kind.is_container() {
                self.learn(known, item.path, self.children(*ix));
            } else if item.kind.is_dataset() {
                let detail = self.detail(*ix);
                if detail.is_some_and(|detail| detail.forbidden) {
                    continue;
                }
                let readable = detail.filter(|detail| !detail.sql_hidden);
                let dataset = DatasetDetail {
                    columns: self.columns(*ix).map(std::borrow::Cow::into_owned),
                    sql: readable.and_then(|detail| detail.sql.clone()),
                    sql_context: detail.map(|detail| detail.context.clone()).unwrap_or_default(),
                    format: detail.and_then(|detail| detail.format.clone()),
                };
                let detail = EntityDetail::Dataset(dataset);
                known.apply(Change::Entity(Box::new(Entity { item, created_at: None, detail })));
            }
        }
    }

    fn known_item(&self, ix: NodeIx) -> Item {
        let kind = match self.kind(ix) {
            Kind::Home => NodeKind::Home,
            Kind::Space => NodeKind::Space,
            Kind::Source => NodeKind::Source,
            Kind::Folder => NodeKind::Folder,
            Kind::File => NodeKind::File,
            Kind::Table => NodeKind::Table(TableKind::Unknown),
            Kind::View => NodeKind::View,
            Kind::Function => NodeKind::Function,
        };
        Item { path: self.path(ix).into_iter().collect(), id: None, kind, raw_kind: None }
    }
}
