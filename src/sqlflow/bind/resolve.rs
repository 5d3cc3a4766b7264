//! Column references: from dotted names to base columns.

use sqlparser::ast::Ident;
use sqlparser::tokenizer::Location;

use super::super::lineage::{DiagnosticKind, Influence, Kind};
use super::super::names::Name;
use super::scope::{AliasUse, Content, Merged, Qualifier, Rel, Scope};
use super::{Acc, Binder, Edge, Edges, Lin, NO_TABLE};

/// How a relation knows a column name.
enum Hit {
    /// It has a column of that name.
    Known(Lin),
    /// It may have: its columns are not (all) known.
    Open(Lin),
    /// It may have, though nothing says so.
    Opaque(Lin),
    No,
}

impl Binder<'_> {
    /// Adds the column `parts` names, seen through `step`.
    pub(super) fn reference(
        &mut self,
        parts: &[Ident],
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        match parts {
            [] => {}
            [column] => {
                let name = self.name(column);
                self.bare(name, column.span.start, column.quote_style.is_some(), scope, step, acc);
            }
            _ => self.qualified(parts, scope, step, acc),
        }
    }

    fn bare(
        &mut self,
        name: Name,
        at: Location,
        quoted: bool,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        if !quoted && is_clock(self.names.text(name)) && !self.is_known(name, scope) {
            return;
        }
        match self.lookup(name, at, scope, acc, step) {
            Lookup::Done => {}
            Lookup::Unknown => {
                if !quoted && is_pseudo_column(self.names.text(name)) {
                    return;
                }
                self.unknown_bare(name, at, scope, step, acc);
            }
        }
    }

    /// Whether a relation with known columns in sight has a column of this name.
    fn is_known(&mut self, name: Name, scope: &Scope<'_>) -> bool {
        let mut level = Some(scope);
        while let Some(scope) = level {
            if scope.rels.iter().any(|rel| matches!(self.hit(rel, name), Hit::Known(_))) {
                return true;
            }
            level = scope.parent;
        }
        false
    }

    /// A bare name no relation, alias or parameter knows.
    fn unknown_bare(
        &mut self,
        name: Name,
        at: Location,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        let mut table = NO_TABLE;
        if let [Rel { content: Content::Base { table: only, .. }, .. }] = scope.rels.as_slice() {
            table = *only;
        }
        let text = self.names.text(name).to_owned();
        if table == NO_TABLE {
            self.find(
                DiagnosticKind::UnknownColumn,
                at,
                format!("no table in FROM has a column \"{text}\""),
            );
        } else if !is_implicit_column(&text) {
            let path = self.path_text(table);
            self.find(
                DiagnosticKind::UnknownColumn,
                at,
                format!("{path} has no column \"{text}\""),
            );
        }
        let column = self.column_id(table, name);
        acc.add(&Lin::identity(column), step);
    }

    /// Looks a bare name up from the inside out: a known column anywhere beats guessing at an
    /// open relation, and the innermost open relation beats outer ones.
    fn lookup(
        &mut self,
        name: Name,
        at: Location,
        scope: &Scope<'_>,
        acc: &mut Acc,
        step: Influence,
    ) -> Lookup {
        let mut open: Option<Vec<Lin>> = None;
        let mut opaque: Option<Lin> = None;
        let mut level = Some(scope);
        while let Some(scope) = level {
            if let Some(merged) = scope.merged.iter().rev().find(|m| self.names.same(m.name, name))
            {
                add_merged(merged, step, acc);
                return Lookup::Done;
            }
            let mut known: Vec<Lin> = Vec::new();
            let mut here = Vec::new();
            for rel in &scope.rels {
                match self.hit(rel, name) {
                    Hit::Known(lin) => {
                        if !known.contains(&lin) {
                            known.push(lin);
                        }
                    }
                    Hit::Open(lin) => here.push(lin),
                    Hit::Opaque(lin) => opaque = opaque.or(Some(lin)),
                    Hit::No => {}
                }
            }
            match known.as_slice() {
                [] => {}
                [lin] => {
                    acc.add(lin, step);
                    return Lookup::Done;
                }
                _ => {
                    self.undecided(name, at, step, acc);
                    return Lookup::Done;
                }
            }
            let alias = scope.aliases.iter().rev().find(|a| self.names.same(a.name, name));
            if let Some(alias) = alias {
                let wins = match scope.alias_use {
                    AliasUse::First => true,
                    AliasUse::BeforeOpen => here.is_empty() || !alias.shadows_column,
                    AliasUse::Last => here.is_empty(),
                };
                if wins {
                    acc.add(&alias.lin, step);
                    return Lookup::Done;
                }
            }
            if open.is_none() && !here.is_empty() {
                open = Some(here);
            }
            level = scope.parent;
        }
        match open.as_deref() {
            Some([lin]) => acc.add(lin, step),
            Some(_) => self.undecided(name, at, step, acc),
            None => match opaque {
                Some(lin) => {
                    acc.at_least(Kind::Expression);
                    acc.add(&lin, Influence::Transformation.over_step(step));
                }
                None => return Lookup::Unknown,
            },
        }
        Lookup::Done
    }

    fn undecided(&mut self, name: Name, at: Location, step: Influence, acc: &mut Acc) {
        let text = self.names.text(name).to_owned();
        self.find(
            DiagnosticKind::AmbiguousColumn,
            at,
            format!("column \"{text}\" could belong to several tables; qualify it"),
        );
        let column = self.column_id(NO_TABLE, name);
        acc.add(&Lin::identity(column), step);
    }

    /// How `rel` knows a column called `name`.
    fn hit(&mut self, rel: &Rel, name: Name) -> Hit {
        match &rel.content {
            Content::Base { table, columns: Some(columns) } => {
                match columns.iter().find(|column| self.names.same(**column, name)) {
                    Some(column) => Hit::Known(Lin::identity(self.column_id(*table, *column))),
                    None => Hit::No,
                }
            }
            Content::Base { table, columns: None } => {
                Hit::Open(Lin::identity(self.column_id(*table, name)))
            }
            Content::Derived(columns) => {
                if let Some(column) =
                    columns.iter().find(|c| c.star.is_none() && self.names.same(c.name, name))
                {
                    return Hit::Known(column.lin.clone());
                }
                if let Some(lin) = self.renamed_duplicate(columns, name) {
                    return Hit::Known(lin);
                }
                let stars: Vec<&super::Column> = columns
                    .iter()
                    .filter(|c| {
                        c.star.as_ref().is_some_and(|except| {
                            !except.iter().any(|other| self.names.same(*other, name))
                        })
                    })
                    .collect();
                match stars.as_slice() {
                    [] => Hit::No,
                    [star] => Hit::Open(self.through_star(&star.lin, name)),
                    _ => Hit::Open(Lin::identity(self.column_id(NO_TABLE, name))),
                }
            }
            Content::Opaque(lin) => match &rel.qualifier {
                Qualifier::Alias(alias) if self.names.same(*alias, name) => Hit::Known(lin.clone()),
                _ => Hit::Opaque(lin.clone()),
            },
        }
    }

    /// Dremio calls the second `id` of a select list `id0`, the third `id1`.
    fn renamed_duplicate(&self, columns: &[super::Column], name: Name) -> Option<Lin> {
        let text = self.names.text(name);
        let base = text.trim_end_matches(|c: char| c.is_ascii_digit());
        if base.len() == text.len() || base.is_empty() {
            return None;
        }
        let nth: usize = text[base.len()..].parse().ok()?;
        columns
            .iter()
            .filter(|c| c.star.is_none() && self.names.text(c.name).eq_ignore_ascii_case(base))
            .nth(nth + 1)
            .map(|column| column.lin.clone())
    }

    /// A named column of relations known only as a star.
    fn through_star(&mut self, star: &Lin, name: Name) -> Lin {
        let mut acc = Acc::new();
        acc.at_least(star.kind);
        acc.came_through(star.via.as_deref().unwrap_or_default());
        for edge in star.edges.as_slice() {
            let (table, column) = self.columns[edge.column as usize];
            let id = if self.names.text(column) == "*" {
                self.column_id(table, name)
            } else {
                edge.column
            };
            acc.push(Edge { column: id, influence: edge.influence });
        }
        acc.finish()
    }

    /// `a.b.c`: the longest qualifier that names a relation, then the column, then its fields;
    /// failing that, a column and its fields (contract §7.1).
    fn qualified(&mut self, parts: &[Ident], scope: &Scope<'_>, step: Influence, acc: &mut Acc) {
        let names: Vec<Name> = parts.iter().map(|part| self.name(part)).collect();
        let mut level = Some(scope);
        while let Some(scope) = level {
            for length in (1..names.len()).rev() {
                let qualifier = &names[..length];
                let mut matches = scope.rels.iter().filter(|rel| self.qualifies(rel, qualifier));
                let Some(rel) = matches.next() else { continue };
                let step = if names.len() > length + 1 {
                    acc.at_least(Kind::Expression);
                    Influence::Transformation.over_step(step)
                } else {
                    step
                };
                let others: Vec<Rel> = matches.cloned().collect();
                self.column_of(rel, &others, names[length], &parts[length], step, acc);
                return;
            }
            level = scope.parent;
        }
        self.field_or_unknown(parts, &names, scope, step, acc);
    }

    fn column_of(
        &mut self,
        rel: &Rel,
        others: &[Rel],
        name: Name,
        ident: &Ident,
        step: Influence,
        acc: &mut Acc,
    ) {
        let mut candidates = vec![self.hit(rel, name)];
        for other in others {
            candidates.push(self.hit(other, name));
        }
        let mut open = Vec::new();
        for hit in candidates {
            match hit {
                Hit::Known(lin) => {
                    acc.add(&lin, step);
                    return;
                }
                Hit::Open(lin) if !open.contains(&lin) => open.push(lin),
                Hit::Opaque(lin) => {
                    acc.at_least(Kind::Expression);
                    acc.add(&lin, Influence::Transformation.over_step(step));
                    return;
                }
                _ => {}
            }
        }
        match (open.as_slice(), &rel.content) {
            ([lin], _) => acc.add(lin, step),
            ([], Content::Base { table, .. }) => {
                let table = *table;
                let text = self.names.text(name).to_owned();
                if !is_implicit_column(&text) {
                    let path = self.path_text(table);
                    self.find(
                        DiagnosticKind::UnknownColumn,
                        ident.span.start,
                        format!("{path} has no column \"{text}\""),
                    );
                }
                let column = self.column_id(table, name);
                acc.add(&Lin::identity(column), step);
            }
            ([], _) => {
                let text = self.names.text(name).to_owned();
                self.find(
                    DiagnosticKind::UnknownColumn,
                    ident.span.start,
                    format!("the query in FROM has no column \"{text}\""),
                );
            }
            _ => self.undecided(name, ident.span.start, step, acc),
        }
    }

    /// A dotted name whose head names no relation.
    fn field_or_unknown(
        &mut self,
        parts: &[Ident],
        names: &[Name],
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        let at = parts[0].span.start;
        let mut inner = Acc::new();
        let field_step = Influence::Transformation.over_step(step);
        if matches!(self.lookup(names[0], at, scope, &mut inner, field_step), Lookup::Done) {
            let decided =
                inner.edges.iter().all(|edge| self.columns[edge.column as usize].0 != NO_TABLE);
            if decided {
                acc.at_least(inner.kind.max(Kind::Expression));
                acc.came_through_those_of(&inner);
                inner.edges.into_iter().for_each(|edge| acc.push(edge));
                return;
            }
        }
        let last = names[names.len() - 1];
        let text = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        self.find(
            DiagnosticKind::UnknownColumn,
            at,
            format!("nothing in FROM is called \"{}\" (in {text})", parts[0].value),
        );
        let column = self.column_id(NO_TABLE, last);
        acc.add(&Lin::identity(column), step);
    }

    /// Whether `qualifier` names `rel`.
    pub(super) fn qualifies(&self, rel: &Rel, qualifier: &[Name]) -> bool {
        match &rel.qualifier {
            Qualifier::Alias(alias) => {
                qualifier.len() == 1 && self.names.same(*alias, qualifier[0])
            }
            Qualifier::Path(path) => {
                qualifier.len() <= path.len()
                    && path[path.len() - qualifier.len()..]
                        .iter()
                        .zip(qualifier)
                        .all(|(a, b)| self.names.same(*a, *b))
            }
            Qualifier::Unnamed => false,
        }
    }

    /// The lineage of `name` on one side of a USING join, and the relations that have it.
    pub(super) fn side(&mut self, rels: &[Rel], offset: usize, name: Name) -> (Lin, Vec<usize>) {
        let mut known = Vec::new();
        let mut open = Vec::new();
        for (index, rel) in rels.iter().enumerate() {
            match self.hit(rel, name) {
                Hit::Known(lin) => known.push((lin, offset + index)),
                Hit::Open(lin) => open.push((lin, offset + index)),
                Hit::Opaque(_) | Hit::No => {}
            }
        }
        let found = if known.is_empty() { open } else { known };
        match found.as_slice() {
            [(lin, rel)] => (lin.clone(), vec![*rel]),
            [] => (Lin::CONSTANT, Vec::new()),
            [(first, _), rest @ ..] if rest.iter().all(|(lin, _)| lin == first) => {
                (first.clone(), found.iter().map(|(_, rel)| *rel).collect())
            }
            _ => {
                let column = self.column_id(NO_TABLE, name);
                (Lin::identity(column), Vec::new())
            }
        }
    }

    pub(super) fn path_text(&self, table: u32) -> String {
        let Some(table) = self.tables.get(table as usize) else { return "?".to_owned() };
        crate::model::DatasetPath::new(table.parts.iter().map(|part| self.names.text(*part)))
            .to_string()
    }
}

enum Lookup {
    Done,
    Unknown,
}

/// A merged column is `COALESCE` of its sides.
fn add_merged(merged: &Merged, step: Influence, acc: &mut Acc) {
    acc.at_least(Kind::Expression);
    for side in &merged.sides {
        acc.add(side, Influence::Transformation.over_step(step));
    }
    for side in &merged.sides {
        acc.add(side, Influence::Conditional.over_step(step));
    }
}

/// The lineage of a merged column as it stands in a star.
pub(super) fn merged_lin(merged: &Merged) -> Lin {
    let mut acc = Acc::new();
    add_merged(merged, Influence::Identity, &mut acc);
    let lin = acc.finish();
    if matches!(lin.edges, Edges::None) { Lin::CONSTANT } else { lin }
}

impl Influence {
    /// This step seen through `outer`, which is nearer to the target.
    pub(super) fn over_step(self, outer: Self) -> Self {
        outer.over(self)
    }
}

/// Values whose names are reserved: no open table has them for columns.
fn is_clock(name: &str) -> bool {
    const CLOCKS: &[&str] = &[
        "sysdate",
        "systimestamp",
        "rownum",
        "localtimestamp",
        "localtime",
        "current_date",
        "current_time",
        "current_timestamp",
        "session_user",
        "system_user",
    ];
    (6..=17).contains(&name.len()) && CLOCKS.iter().any(|clock| name.eq_ignore_ascii_case(clock))
}

/// Names that are values rather than columns when no relation has them.
fn is_pseudo_column(name: &str) -> bool {
    const PSEUDO: &[&str] = &[
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "localtime",
        "localtimestamp",
        "session_user",
        "sysdate",
        "systimestamp",
        "system_user",
        "user",
        "rownum",
        "level",
        "query_user",
        "last_query_id",
        "today",
        "default",
        "unbounded",
    ];
    PSEUDO.iter().any(|pseudo| name.eq_ignore_ascii_case(pseudo))
}

/// `dir0`, `dir1`, … on folder tables (contract §7.2) and metadata columns.
fn is_implicit_column(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower
        .strip_prefix("dir")
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        || lower.starts_with("$_")
        || lower == "rowid"
        || lower == "rownum"
}
