//! Reading the columns of many tables by one query instead of asking for each (contract §4.6).

use super::columns::{self, Assembler, Names};
use super::queue::Batches;
use super::walk::{Stage, Walk};
use super::{CatalogApi, Strategy};
use crate::dremio::{Error, QueryResult};
use crate::model::{Column, DatasetDetail, Entity, EntityDetail, NodeId, NodeKind};

/// From how many tables on one query for all their columns beats asking for each (contract §4.6).
const SQL_PAYS_FROM: usize = 400;
/// Tables that the query did not mention are asked for one by one up to this number.
const MAX_RECHECKS: usize = 400;

/// How the bulk query stands.
#[derive(Debug, Default)]
pub(super) enum Bulk {
    /// Tables wait until the tree is complete and it can be said whether the query pays.
    #[default]
    Undecided,
    Running(Box<BulkRun>),
    Over,
}

#[derive(Debug, Default)]
pub(super) struct BulkRun {
    pub(super) names: Names,
    pub(super) assembler: Assembler,
    /// Tables without an answer so far.
    pub(super) open: Vec<NodeId>,
    pub(super) answered: usize,
}

impl<A: CatalogApi> Walk<A> {
    /// Whether tables can still be left to the bulk query.
    pub(super) fn may_use_bulk(&self) -> bool {
        matches!(self.bulk, Bulk::Undecided)
            && match self.options.strategy {
                Strategy::Auto => self.options.auto_sql && self.queue.batches == Batches::Missing,
                Strategy::Rest => false,
                Strategy::Sql => true,
            }
    }

    /// Once the tree is complete: sends what was held to the query or to single reads.
    pub(super) fn decide_on_bulk(&mut self) {
        if self.held.is_empty() || !matches!(self.bulk, Bulk::Undecided) {
            return;
        }
        let held = std::mem::take(&mut self.held);
        let (tables, others): (Vec<_>, Vec<_>) = held.into_iter().partition(|node| {
            self.tree.get(*node).is_some_and(|node| matches!(node.kind(), NodeKind::Table(_)))
        });
        let pays = match self.options.strategy {
            Strategy::Auto => tables.len() >= SQL_PAYS_FROM,
            Strategy::Rest => false,
            Strategy::Sql => !tables.is_empty(),
        };
        if pays {
            let mut run = BulkRun::default();
            for node in &tables {
                if let Some(node) = self.tree.get(*node) {
                    run.names.insert(&node.path(), node.id());
                }
            }
            run.open = tables;
            self.bulk = Bulk::Running(Box::new(run));
            self.queue.columns(0);
        } else {
            self.bulk = Bulk::Over;
            self.enqueue_details(tables);
        }
        self.enqueue_details(others);
    }

    /// Roots to which the bulk query is limited: with filters only, where that can save much.
    pub(super) fn roots_in_scope(&self) -> Vec<&str> {
        const FEW: usize = 10;
        if !self.filter.is_selective() && self.options.exclude.is_empty() {
            return Vec::new();
        }
        let roots: Vec<_> = self.tree.root().children().map(crate::model::NodeRef::name).collect();
        if roots.len() > FEW { Vec::new() } else { roots }
    }

    pub(super) fn take_rows(&mut self, offset: u64, answer: Result<QueryResult, Error>) {
        let result = match answer {
            Ok(result) => result,
            Err(error) => return self.abandon_bulk(&error.to_string()),
        };
        let Bulk::Running(run) = &mut self.bulk else { return };
        let (names, assembler) = (&run.names, &mut run.assembler);
        let mut tables = Vec::new();
        let mut done = |schema: &str, table: &str, columns| {
            tables.extend(names.find(schema, table).map(|node| (node, columns)));
        };
        let rows = result.rows.len() as u64;
        let is_last = rows != columns::PAGE_ROWS;
        let mut fault = assembler.take(&result, &mut done).err();
        if result.truncated || rows < result.row_count {
            fault = Some("the server cut its answer".to_owned());
        } else if is_last && fault.is_none() {
            assembler.finish(&mut done);
        }
        run.answered += tables.len();
        for (node, columns) in tables {
            self.take_columns(node, Some(columns));
        }
        match fault {
            Some(fault) => self.abandon_bulk(&fault),
            None if is_last => self.finish_bulk(),
            None => self.queue.columns(offset + rows),
        }
    }

    fn take_columns(&mut self, node: NodeId, columns: Option<Vec<Column>>) {
        let Some(view) = self.tree.get(node) else { return };
        // Somebody may have asked for it meanwhile and got more.
        if self.marked(node).stage != Stage::Queued {
            return;
        }
        let detail = EntityDetail::Dataset(DatasetDetail { columns, ..DatasetDetail::default() });
        self.take_entity(node, Entity { item: view.item(), created_at: None, detail });
    }

    fn finish_bulk(&mut self) {
        let Bulk::Running(run) = std::mem::replace(&mut self.bulk, Bulk::Over) else { return };
        if run.answered == 0 {
            self.bulk = Bulk::Running(run);
            return self.abandon_bulk("it knows none of the tables that are listed");
        }
        let open: Vec<_> =
            run.open.into_iter().filter(|node| self.marked(*node).stage == Stage::Queued).collect();
        // Those without a schema have no rows (contract §4.4), and those whose name is ambiguous.
        if open.len() <= MAX_RECHECKS {
            self.enqueue_details(open);
            return;
        }
        self.warn(format!(
            "INFORMATION_SCHEMA knows no columns of {} tables; their schema is taken as unknown",
            open.len()
        ));
        for node in open {
            self.take_columns(node, None);
        }
    }

    /// Gives the bulk query up; what it did not answer is read by REST.
    pub(super) fn abandon_bulk(&mut self, why: &str) {
        let Bulk::Running(run) = std::mem::replace(&mut self.bulk, Bulk::Over) else { return };
        self.warn(format!(
            "columns could not be read by one query ({why}); they are read dataset by dataset"
        ));
        let open: Vec<_> =
            run.open.into_iter().filter(|node| self.marked(*node).stage == Stage::Queued).collect();
        self.enqueue_details(open);
    }
}
