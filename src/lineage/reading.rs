//! One view's SQL, read: what it names, which columns flow, and what was looked up on the way.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::graph::{ColumnEdge, Reading, ReadingStatus, RowEdge, SqlPosition};
use crate::model::path::fold;
use crate::model::{Catalog, DatasetPath, NodeId, NodeKind, NodeRef, SchemaState};
use crate::sqlflow::{
    Analysis, ColumnRef, Confidence, FunctionBody, Influence, Kind, OutputColumn, Relation, Schema,
    StatementLineage, Status, analyze,
};

/// Columns of views, as their SQL gives them.
pub(super) type Derived = FxHashMap<NodeId, Arc<[Arc<str>]>>;

/// One view's SQL as read.
#[derive(Debug)]
pub(super) struct ViewLineage {
    pub(super) reading: Reading,
    pub(super) sources: Vec<SourceLineage>,
    /// The columns that the SQL gives, as far as they are known.
    pub(super) outputs: Vec<Arc<str>>,
    /// Whether `outputs` are all of them.
    is_closed: bool,
    /// Every name that was looked up, folded, with a digest of what was found: another find is
    /// another reading.
    asked: Vec<(Vec<String>, u64)>,
    /// What was read, to see whether it has changed.
    sql: Option<Box<str>>,
    context: Vec<String>,
    pub(super) columns: Option<Vec<Arc<str>>>,
    has_details: bool,
}

/// One table, view or source that a view reads.
#[derive(Debug)]
pub(super) struct SourceLineage {
    pub(super) path: DatasetPath,
    /// The other path that the name may mean, when neither was found.
    pub(super) alternative: Option<DatasetPath>,
    pub(super) confidence: Confidence,
    pub(super) columns: Vec<ColumnEdge>,
    pub(super) rows: Vec<RowEdge>,
    pub(super) versions: Vec<String>,
    pub(super) via_function: Option<DatasetPath>,
    pub(super) at: Option<SqlPosition>,
}

impl ViewLineage {
    /// The columns that the server does not tell and the SQL does.
    pub(super) fn derived(&self) -> Option<Arc<[Arc<str>]>> {
        (self.columns.is_none() && self.is_closed).then(|| Arc::from(self.outputs.as_slice()))
    }

    /// Whether it was read from what the catalogue holds now.
    pub(super) fn is_current(&self, derived: &Derived, node: NodeRef<'_>) -> bool {
        let schema = node.schema();
        let same_columns = match &self.columns {
            None => schema.state != SchemaState::Known,
            Some(columns) => {
                schema.state == SchemaState::Known
                    && columns.len() == schema.len()
                    && columns.iter().zip(schema.iter()).all(|(a, b)| **a == *b.name)
            }
        };
        same_columns
            && self.has_details == node.has_details()
            && self.sql.as_deref() == node.sql()
            && self.context.iter().map(String::as_str).eq(node.sql_context())
            && self
                .asked
                .iter()
                .all(|(path, found)| digest(node.catalog(), derived, path) == *found)
    }
}

/// The catalogue as the SQL engine sees it, noting every name that it is asked for.
struct Recorder<'a> {
    catalog: &'a Catalog,
    derived: &'a Derived,
    asked: Mutex<FxHashSet<Vec<String>>>,
}

impl Recorder<'_> {
    fn note(&self, path: &[&str]) {
        let folded = path.iter().map(|part| fold(part)).collect();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(folded);
    }
}

impl Schema for Recorder<'_> {
    fn relation(&self, path: &[&str], column: &mut dyn FnMut(&str)) -> Relation {
        self.note(path);
        let Some(node) = self.catalog.lookup(path) else { return Relation::Missing };
        if !node.kind().is_dataset() {
            return Relation::Missing;
        }
        let schema = node.schema();
        if schema.state == SchemaState::Known {
            for found in schema.iter() {
                column(found.name);
            }
            return Relation::Known;
        }
        let Some(columns) = self.derived.get(&node.id()) else { return Relation::Open };
        for name in columns.iter() {
            column(name);
        }
        Relation::Known
    }

    fn function(&self, path: &[&str]) -> Option<FunctionBody> {
        self.note(path);
        let node = self.catalog.lookup(path).filter(|node| node.kind() == NodeKind::Function)?;
        let function = node.function()?;
        let body = function.body.as_deref()?;
        let arguments = function.arguments.as_deref().unwrap_or_default();
        let context = node.parent().map(|parent| parent.path().parts().to_vec());
        Some(FunctionBody {
            parameters: parameter_names(arguments),
            body: Arc::from(body),
            context: context.unwrap_or_default(),
        })
    }
}

/// A digest of all that [`Recorder`] tells of a path.
fn digest(catalog: &Catalog, derived: &Derived, path: &[String]) -> u64 {
    let mut hasher = FxHasher::default();
    if let Some(node) = catalog.lookup(path) {
        let kind = node.kind();
        if kind.is_dataset() {
            let schema = node.schema();
            if schema.state == SchemaState::Known {
                (1_u8, schema.len()).hash(&mut hasher);
                schema.iter().for_each(|column| column.name.hash(&mut hasher));
            } else if let Some(columns) = derived.get(&node.id()) {
                (1_u8, columns.len()).hash(&mut hasher);
                columns.iter().for_each(|name| (**name).hash(&mut hasher));
            } else {
                3_u8.hash(&mut hasher);
            }
        } else if kind == NodeKind::Function {
            let function = node.function();
            (2_u8, function.map(|function| (&function.arguments, &function.body)))
                .hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The names in `a INTEGER, b DECIMAL(10, 2)`.
fn parameter_names(arguments: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut start, mut quoted) = (0_usize, 0, false);
    let ends = arguments.char_indices().chain([(arguments.len(), ',')]);
    for (at, c) in ends {
        match c {
            '"' => quoted = !quoted,
            _ if quoted && at < arguments.len() => {}
            '(' | '<' => depth += 1,
            ')' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 || at == arguments.len() => {
                let name = first_name(arguments[start..at].trim());
                if !name.is_empty() {
                    names.push(name);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

/// The first word of an argument, or what stands in its quotes.
fn first_name(argument: &str) -> String {
    let Some(rest) = argument.strip_prefix('"') else {
        return argument.split_whitespace().next().unwrap_or_default().to_owned();
    };
    let mut name = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' && chars.next_if_eq(&'"').is_none() {
            break;
        }
        name.push(c);
    }
    name
}

/// Reads a view.
pub(super) fn read_view(catalog: &Catalog, derived: &Derived, node: NodeRef<'_>) -> ViewLineage {
    let schema = node.schema();
    let known = (schema.state == SchemaState::Known)
        .then(|| schema.iter().map(|column| Arc::from(column.name)).collect());
    let has_details = node.has_details();
    let mut view = ViewLineage {
        reading: Reading {
            status: if has_details { ReadingStatus::Hidden } else { ReadingStatus::Unread },
            diagnostics: Vec::new(),
            traced_columns: 0,
            columns: schema.len(),
        },
        sources: Vec::new(),
        outputs: Vec::new(),
        is_closed: false,
        asked: Vec::new(),
        sql: node.sql().map(Into::into),
        context: node.sql_context().map(str::to_owned).collect(),
        columns: known,
        has_details,
    };
    let Some(sql) = node.sql() else { return view };
    let recorder = Recorder { catalog, derived, asked: Mutex::default() };
    let analysis = analyze(sql, &view.context, &recorder);
    let asked = recorder.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
    view.asked = asked
        .into_iter()
        .map(|path| {
            let found = digest(catalog, derived, &path);
            (path, found)
        })
        .collect();
    view.reading.status = match analysis.status() {
        Status::Parsed => ReadingStatus::Parsed,
        Status::Partial => ReadingStatus::Partial,
        Status::Failed => ReadingStatus::Failed,
    };
    view.reading.diagnostics = analysis.diagnostics().cloned().collect();
    collect(sql, &analysis, &mut view);
    view.is_closed = match &analysis.statements[..] {
        [statement] => {
            statement.status != Status::Failed
                && !statement.columns.is_empty()
                && statement.columns.iter().all(|column| column.name != "*")
        }
        _ => false,
    };
    view
}

/// Reads SQL that makes the dataset `node` as if it were a view's.
pub(super) fn read_sql(catalog: &Catalog, node: NodeRef<'_>, sql: &str) -> Vec<SourceLineage> {
    let schema = node.schema();
    let mut view = ViewLineage {
        reading: Reading {
            status: ReadingStatus::Parsed,
            diagnostics: Vec::new(),
            traced_columns: 0,
            columns: schema.len(),
        },
        sources: Vec::new(),
        outputs: Vec::new(),
        is_closed: false,
        asked: Vec::new(),
        sql: None,
        context: Vec::new(),
        columns: (schema.state == SchemaState::Known)
            .then(|| schema.iter().map(|column| Arc::from(column.name)).collect()),
        has_details: true,
    };
    let derived = Derived::default();
    let recorder = Recorder { catalog, derived: &derived, asked: Mutex::default() };
    let analysis = analyze(sql, &[], &recorder);
    collect(sql, &analysis, &mut view);
    view.sources
}

fn collect(sql: &str, analysis: &Analysis, view: &mut ViewLineage) {
    for statement in &analysis.statements {
        let mut by_path: FxHashMap<&DatasetPath, usize> = FxHashMap::default();
        for source in &statement.sources {
            let position = *by_path.entry(&*source.path).or_insert_with(|| {
                view.sources.push(SourceLineage {
                    path: (*source.path).clone(),
                    alternative: source.alternative.clone(),
                    confidence: source.confidence,
                    columns: Vec::new(),
                    rows: Vec::new(),
                    versions: Vec::new(),
                    via_function: source.via_function.clone(),
                    at: position_in(sql, source.span.clone()),
                });
                view.sources.len() - 1
            });
            view.sources[position].versions.extend(source.versions.iter().cloned());
        }
        let known = view.columns.as_deref();
        let mut traced = 0;
        let mut count = 0;
        for (output, names) in statement.columns.iter().zip(targets(statement, known)) {
            count += names.len();
            let is_decided = output.sources.iter().all(|source| source.column.table.is_some());
            let has_origin = !output.sources.is_empty() || output.kind != Kind::Expression;
            let is_star = output.name == "*";
            if is_decided && has_origin {
                traced += names.iter().filter(|name| &***name != "*").count();
            }
            let expression: Arc<str> = Arc::from(output.expression.as_str());
            for (number, source) in output.sources.iter().enumerate() {
                let Some(position) = position_of(&by_path, &source.column) else { continue };
                let edges = &mut view.sources[position].columns;
                let mut on_way = output
                    .fragments
                    .iter()
                    .filter(|fragment| fragment.sources.contains(&number))
                    .map(|fragment| Arc::clone(&fragment.expression));
                let own = on_way.next().unwrap_or_else(|| Arc::clone(&expression));
                let further: Vec<Arc<str>> = on_way.collect();
                edges.extend(names.iter().map(|name| ColumnEdge {
                    // A star hands on every column under its own name.
                    from: if is_star {
                        Arc::clone(name)
                    } else {
                        Arc::from(&*source.column.column)
                    },
                    to: Arc::clone(name),
                    kind: output.kind,
                    influence: source.influence,
                    expression: Arc::clone(&own),
                    further: further.clone(),
                }));
            }
            view.outputs.extend(names.into_iter().filter(|name| &**name != "*"));
        }
        for row in &statement.row_influences {
            if let Some(position) = position_of(&by_path, &row.column) {
                view.sources[position].rows.push(RowEdge {
                    from: Arc::from(row.column.column.as_str()),
                    influence: row.influence,
                });
            }
        }
        view.reading.traced_columns += traced;
        view.reading.columns = view.reading.columns.max(count);
    }
    for source in &mut view.sources {
        source.rows.sort();
        source.rows.dedup();
    }
    view.reading.traced_columns = view.reading.traced_columns.min(view.reading.columns);
}

/// Where the dotted name begins whose last part has this span; nowhere for names from function
/// bodies.
fn position_in(sql: &str, span: std::ops::Range<usize>) -> Option<SqlPosition> {
    let before = sql.get(..span.start).filter(|_| !span.is_empty())?;
    let before = &before[..start_of_name(before)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Some(SqlPosition {
        line: 1 + before.matches('\n').count(),
        column: 1 + before[line_start..].chars().count(),
    })
}

/// Where the parts begin that stand right before the end of a text, each with a dot behind it.
fn start_of_name(before: &str) -> usize {
    let mut start = before.len();
    while let Some(rest) = before[..start].trim_end().strip_suffix('.') {
        let rest = rest.trim_end();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | '-');
        let part = if let Some(inner) = rest.strip_suffix('"') {
            opening_quote(inner)
        } else {
            let at = rest.trim_end_matches(is_part).len();
            Some(at).filter(|at| *at < rest.len() && !introduces_a_name(&rest[*at..]))
        };
        let Some(at) = part else { break };
        start = at;
    }
    start
}

/// Whether a bare word stands before names and is none itself: the SQL is hostile that has a dot
/// behind it.
fn introduces_a_name(word: &str) -> bool {
    const WORDS: &[&str] = &["FROM", "JOIN", "USING", "INTO", "TABLE", "UPDATE", "LATERAL"];
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Where the quote stands that opens the text up to the end; two quotes are one in the text.
fn opening_quote(inner: &str) -> Option<usize> {
    let bytes = inner.as_bytes();
    let mut at = bytes.len();
    while at > 0 {
        at -= 1;
        if bytes[at] == b'"' {
            if at > 0 && bytes[at - 1] == b'"' {
                at -= 1;
            } else {
                return Some(at);
            }
        }
    }
    None
}

fn position_of(by_path: &FxHashMap<&DatasetPath, usize>, column: &ColumnRef) -> Option<usize> {
    by_path.get(&**column.table.as_ref()?).copied()
}

/// The view's own names for each column of its SELECT: by position, as Dremio assigned them when
/// the view was saved. A single star over a table of unknown columns stands for all names that the
/// other columns leave over; if the numbers do not fit, the SQL's own names hold.
fn targets(statement: &StatementLineage, known: Option<&[Arc<str>]>) -> Vec<Vec<Arc<str>>> {
    let columns = &statement.columns;
    let own = || columns.iter().map(|column| vec![Arc::from(column.name.as_str())]).collect();
    let Some(known) = known else { return own() };
    let mut stars = columns.iter().enumerate().filter(|(_, column)| column.name == "*");
    match (stars.next(), stars.next()) {
        (None, _) if known.len() == columns.len() => {
            known.iter().map(|name| vec![Arc::clone(name)]).collect()
        }
        (Some((at, star)), None) if is_whole_star(star) && known.len() + 1 >= columns.len() => {
            let end = known.len() + 1 + at - columns.len();
            let one = |name: &Arc<str>| vec![Arc::clone(name)];
            known[..at]
                .iter()
                .map(one)
                .chain([known[at..end].to_vec()])
                .chain(known[end..].iter().map(one))
                .collect()
        }
        _ => own(),
    }
}

/// Whether an unexpanded star hands on all columns of exactly one table.
fn is_whole_star(star: &OutputColumn) -> bool {
    let [source] = &star.sources[..] else { return false };
    source.column.column == "*"
        && source.column.table.is_some()
        && source.influence == Influence::Identity
        && star.expression.trim_end().ends_with('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_whatever_their_types() {
        assert_eq!(parameter_names("a INTEGER, b DECIMAL(10, 2)"), ["a", "b"]);
        assert_eq!(
            parameter_names("s ROW(x INT, y INT), l LIST<STRUCT<a: INT, b: INT>>"),
            ["s", "l"]
        );
        assert_eq!(
            parameter_names("\"my, arg\" INT, \"say \"\"hi\"\"\" INT"),
            ["my, arg", "say \"hi\""]
        );
        assert_eq!(parameter_names(""), [] as [&str; 0]);
        assert_eq!(parameter_names("\"open INT, b INT"), ["open INT, b INT"]);
    }

    #[test]
    fn positions_count_characters() {
        let at = |line, column| Some(SqlPosition { line, column });
        assert_eq!(position_in("SELECT ä\nFROM é.t", 15..17), at(2, 6));
        assert_eq!(position_in("FROM t", 5..6), at(1, 6));
        assert_eq!(position_in("FROM t", 0..0), None);
        assert_eq!(position_in("é", 1..2), None);
        let start = |sql: &str| position_in(sql, sql.len() - 1..sql.len());
        assert_eq!(start("FROM lake.\"a \"\"b\".t"), at(1, 6));
        assert_eq!(start("FROM \"x\" . shop-raw . t"), at(1, 6));
        assert_eq!(start("FROM .t"), at(1, 7));
        assert_eq!(start("\".t"), at(1, 3));
        assert_eq!(start("LEFT join . t"), at(1, 13));
        assert_eq!(start("FROM fromage.t"), at(1, 6));
    }
}
