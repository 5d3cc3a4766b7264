//! Star expansion: `*`, `t.*`, with EXCLUDE, EXCEPT, REPLACE and RENAME.

use std::rc::Rc;

use sqlparser::ast::{
    ExcludeSelectItem, ObjectName, RenameSelectItem, SelectItemQualifiedWildcardKind,
    WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Location;

use super::super::lineage::DiagnosticKind;
use super::super::names::Name;
use super::resolve::merged_lin;
use super::scope::{Content, Rel, Scope};
use super::{Binder, Column, Lin};

impl Binder<'_> {
    /// `*`: columns merged by USING first, then those of each relation in order.
    pub(super) fn star(&mut self, scope: &Scope<'_>) -> Vec<Column> {
        let mut columns = Vec::new();
        for merged in &scope.merged {
            let lin = merged_lin(merged);
            columns.push(Column { name: merged.name, lin, star: None, item: None });
        }
        for (index, rel) in scope.rels.iter().enumerate() {
            let mut given = self.columns_of(rel);
            for merged in scope.merged.iter().filter(|merged| merged.rels.contains(&index)) {
                let hide = |column: &Column| {
                    column.star.is_none() && self.names.same(column.name, merged.name)
                };
                given.retain(|column| !hide(column));
            }
            columns.append(&mut given);
        }
        columns
    }

    /// `q.*`.
    pub(super) fn qualified_star(
        &mut self,
        kind: &SelectItemQualifiedWildcardKind,
        scope: &Scope<'_>,
    ) -> Vec<Column> {
        match kind {
            SelectItemQualifiedWildcardKind::ObjectName(name) => {
                let qualifier = self.parts(name);
                let mut level = Some(scope);
                while let Some(scope) = level {
                    if let Some(rel) = scope.rels.iter().find(|rel| self.qualifies(rel, &qualifier))
                    {
                        let rel = rel.clone();
                        return self.columns_of(&rel);
                    }
                    level = scope.parent;
                }
                self.struct_star(name, &qualifier, scope)
            }
            SelectItemQualifiedWildcardKind::Expr(expr) => {
                let lin = self.lineage(expr, scope).transformed();
                let name = self.names.intern("*");
                vec![Column { name, lin, star: Some(Rc::from([])), item: None }]
            }
        }
    }

    /// `column.*` over a struct.
    fn struct_star(
        &mut self,
        name: &ObjectName,
        qualifier: &[Name],
        scope: &Scope<'_>,
    ) -> Vec<Column> {
        let idents: Vec<_> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        let known = scope.rels.iter().any(|rel| match &rel.content {
            Content::Base { columns: Some(columns), .. } => {
                columns.iter().any(|column| self.names.same(*column, qualifier[0]))
            }
            Content::Derived(columns) => {
                columns.iter().any(|column| self.names.same(column.name, qualifier[0]))
            }
            _ => false,
        }) || scope.rels.iter().any(|rel| self.qualifies(rel, &qualifier[..1]));
        let star = self.names.intern("*");
        if known {
            let mut acc = super::Acc::new();
            self.reference(
                &idents,
                scope,
                super::super::lineage::Influence::Transformation,
                &mut acc,
            );
            let lin = acc.finish().transformed();
            return vec![Column { name: star, lin, star: Some(Rc::from([])), item: None }];
        }
        let at = idents.first().map_or(Location { line: 0, column: 0 }, |ident| ident.span.start);
        self.find(
            DiagnosticKind::UnknownTable,
            at,
            format!("nothing in FROM is called \"{name}\", so {name}.* is left out"),
        );
        Vec::new()
    }

    /// All columns of a relation; an unknown table gives one star.
    pub(super) fn columns_of(&mut self, rel: &Rel) -> Vec<Column> {
        match &rel.content {
            Content::Base { table, columns: Some(columns) } => columns
                .iter()
                .map(|name| {
                    let lin = Lin::identity(self.column_id(*table, *name));
                    Column { name: *name, lin, star: None, item: None }
                })
                .collect(),
            Content::Base { table, columns: None } => {
                let name = self.names.intern("*");
                let lin = Lin::identity(self.column_id(*table, name));
                vec![Column { name, lin, star: Some(Rc::from([])), item: None }]
            }
            Content::Derived(columns) => columns.to_vec(),
            Content::Opaque(lin) => {
                let name = match &rel.qualifier {
                    super::scope::Qualifier::Alias(alias) if !lin.is_sourceless() => *alias,
                    _ => self.names.intern("*"),
                };
                vec![Column { name, lin: lin.clone(), star: None, item: None }]
            }
        }
    }

    /// Applies EXCLUDE, EXCEPT, ILIKE, REPLACE and RENAME to an expanded star.
    pub(super) fn star_options(
        &mut self,
        columns: &mut Vec<Column>,
        options: &WildcardAdditionalOptions,
        scope: &Scope<'_>,
    ) {
        let mut dropped = Vec::new();
        match &options.opt_exclude {
            Some(ExcludeSelectItem::Single(name)) => dropped.extend(self.last_part(name)),
            Some(ExcludeSelectItem::Multiple(names)) => {
                for name in names {
                    dropped.extend(self.last_part(name));
                }
            }
            None => {}
        }
        if let Some(except) = &options.opt_except {
            dropped.push(self.name(&except.first_element));
            for ident in &except.additional_elements {
                let name = self.name(ident);
                dropped.push(name);
            }
        }
        if !dropped.is_empty() {
            columns.retain(|column| {
                column.star.is_some() || !dropped.iter().any(|d| self.names.same(*d, column.name))
            });
            hide_behind_stars(columns, &dropped);
        }
        if let Some(ilike) = &options.opt_ilike {
            let pattern = ilike.pattern.to_lowercase();
            columns.retain(|column| {
                column.star.is_some()
                    || like(&pattern, self.names.folded_text(self.names.folded(column.name)))
            });
        }
        if let Some(replace) = &options.opt_replace {
            for item in &replace.items {
                let name = self.name(&item.column_name);
                let lin = self.lineage(&item.expr, scope);
                let same = |c: &&mut Column| c.star.is_none() && self.names.same(c.name, name);
                if let Some(column) = columns.iter_mut().find(same) {
                    column.lin = lin;
                } else {
                    hide_behind_stars(columns, &[name]);
                    columns.push(Column { name, lin, star: None, item: None });
                }
            }
        }
        let renames = match &options.opt_rename {
            Some(RenameSelectItem::Single(rename)) => std::slice::from_ref(rename),
            Some(RenameSelectItem::Multiple(renames)) => renames.as_slice(),
            None => &[],
        };
        for rename in renames {
            let (from, to) = (self.name(&rename.ident), self.name(&rename.alias));
            for column in columns.iter_mut() {
                if column.star.is_none() && self.names.same(column.name, from) {
                    column.name = to;
                }
            }
        }
    }

    pub(super) fn last_part(&mut self, name: &ObjectName) -> Option<Name> {
        self.parts(name).last().copied()
    }
}

/// Makes the open stars among `columns` not stand for `names`.
fn hide_behind_stars(columns: &mut [Column], names: &[Name]) {
    for column in columns {
        if let Some(except) = &column.star {
            let all: Vec<Name> = except.iter().copied().chain(names.iter().copied()).collect();
            column.star = Some(all.into());
        }
    }
}

/// SQL LIKE with `%` and `_`, both sides in lower case.
fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '%' {
            back = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '_' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            p = star + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}
