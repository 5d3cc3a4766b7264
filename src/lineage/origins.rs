//! Where edges are known from, in words short enough for a row.

use super::dbt::Disagreement;
use super::graph::{Edge, LineageGraph, Origin};

/// The sign between the one that knows an edge and the one that should know it and does not.
pub const DISPUTED: char = '≠';

impl Origin {
    /// A word that fits a row.
    pub fn short(self) -> &'static str {
        match self {
            Self::ViewSql => "SQL",
            Self::Dbt => "dbt",
            Self::DremioGraph => "graph",
        }
    }

    /// Who says otherwise, where only one of dbt and a view's SQL knows an edge.
    fn other(self) -> Self {
        if self == Self::Dbt { Self::ViewSql } else { Self::Dbt }
    }
}

impl LineageGraph {
    /// Takes down on which edges dbt and the SQL of views disagree.
    pub(super) fn dispute(&mut self, disagreements: &[Disagreement]) {
        let ends =
            disagreements.iter().filter_map(|it| Some((self.find(&it.from)?, self.find(&it.to)?)));
        self.disputed = ends.collect();
    }

    /// Whether dbt and a view's SQL both speak of the view, and only one of them knows the edge.
    pub fn is_disputed(&self, edge: &Edge) -> bool {
        self.disputed.contains(&(edge.from, edge.to))
    }

    /// Whether there is an edge that dbt or Dremio's own graph tells of: only then a word for each
    /// edge says anything.
    pub fn has_several_origins(&self) -> bool {
        self.edges().iter().any(|edge| edge.origins != [Origin::ViewSql])
    }

    /// Where an edge is known from: `SQL`, `dbt`, `SQL+dbt`, `graph`, …; `dbt≠SQL` where dbt alone
    /// knows an edge into a view whose SQL was read, `SQL≠dbt` the other way round.
    pub fn told_by(&self, edge: &Edge) -> String {
        let words: Vec<&str> = edge.origins.iter().map(|origin| origin.short()).collect();
        match edge.origins.as_slice() {
            [only] if self.is_disputed(edge) => {
                format!("{}{DISPUTED}{}", only.short(), only.other().short())
            }
            _ => words.join("+"),
        }
    }

    /// The same as an end of a line of text: `from SQL+dbt`, `from dbt, not in the SQL`.
    pub fn told_by_in_words(&self, edge: &Edge) -> String {
        match edge.origins.as_slice() {
            [Origin::Dbt] if self.is_disputed(edge) => "from dbt, not in the SQL".to_owned(),
            [Origin::ViewSql] if self.is_disputed(edge) => "from SQL, not in dbt".to_owned(),
            _ => format!("from {}", self.told_by(edge)),
        }
    }
}
