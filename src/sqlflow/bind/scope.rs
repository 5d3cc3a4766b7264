//! Scopes: the relations of a FROM clause, the CTEs in sight, select aliases, and the way out to
//! enclosing queries.

use std::cell::Cell;
use std::rc::Rc;

use super::super::lineage::RowInfluence;
use super::super::names::{Folded, Name};
use super::{Binder, Column, Lin, TableId};

/// The CTEs in sight, innermost first.
pub(in crate::sqlflow) type Env = Option<Rc<Cte>>;

/// One CTE and those in sight before it.
pub(in crate::sqlflow) struct Cte {
    pub(super) name: Folded,
    pub(super) columns: Rc<[Column]>,
    /// The row influences of its body; they count where it is read.
    pub(super) rows: Vec<(u32, RowInfluence)>,
    pub(super) used: Cell<bool>,
    pub(super) outer: Env,
}

/// Looks a CTE up by its one-part name.
pub(super) fn find_cte(env: &Env, name: Folded) -> Option<Rc<Cte>> {
    let mut next = env.as_ref();
    while let Some(cte) = next {
        if cte.name == name {
            return Some(Rc::clone(cte));
        }
        next = cte.outer.as_ref();
    }
    None
}

/// How a relation in FROM is called.
#[derive(Clone, Debug)]
pub(super) enum Qualifier {
    /// An alias, which hides the table's own name.
    Alias(Name),
    /// A table's full path: any ending of it can qualify a column.
    Path(Rc<[Name]>),
    /// Nothing.
    Unnamed,
}

/// What a relation in FROM gives.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A base table; `None` for unknown columns.
    Base { table: TableId, columns: Option<Rc<[Name]>> },
    /// A query, CTE, VALUES, …
    Derived(Rc<[Column]>),
    /// A function whose columns are not known but all come from the same values.
    Opaque(Lin),
}

/// A relation in FROM.
#[derive(Clone, Debug)]
pub(super) struct Rel {
    pub(super) qualifier: Qualifier,
    pub(super) content: Content,
}

/// A column merged by USING or NATURAL.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    pub(super) name: Name,
    /// The lineage of each side.
    pub(super) sides: Vec<Lin>,
    /// The relations it was merged from, by position in the scope.
    pub(super) rels: Vec<usize>,
}

/// An output alias of the select list.
#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub(super) name: Name,
    pub(super) lin: Lin,
    /// The alias's own expression uses a column of the same name, so that column exists.
    pub(super) shadows_column: bool,
}

/// When a bare name may mean an alias of the select list rather than a column of an open table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sqlflow) enum AliasUse {
    /// After columns, even of open tables: WHERE, ON, and most select lists.
    Last,
    /// Before columns of open tables: select lists where that is the habit.
    BeforeOpen,
    /// Before columns of open tables even if one has that name: HAVING, QUALIFY, GROUP BY.
    First,
}

/// What names mean at one place.
pub(in crate::sqlflow) struct Scope<'p> {
    pub(super) parent: Option<&'p Scope<'p>>,
    pub(super) env: Env,
    pub(super) rels: Vec<Rel>,
    pub(super) merged: Vec<Merged>,
    pub(super) aliases: Vec<Alias>,
    pub(super) alias_use: AliasUse,
    /// Windows of the WINDOW clause, resolved.
    pub(super) windows: Vec<(Name, Lin)>,
}

impl<'p> Scope<'p> {
    pub(in crate::sqlflow) fn new(parent: Option<&'p Scope<'p>>, env: Env) -> Self {
        Self {
            parent,
            env,
            rels: Vec::new(),
            merged: Vec::new(),
            aliases: Vec::new(),
            alias_use: AliasUse::Last,
            windows: Vec::new(),
        }
    }

    /// Makes a function's parameters known by name.
    pub(in crate::sqlflow) fn parameters(&mut self, binder: &mut Binder<'_>, names: &[String]) {
        self.alias_use = AliasUse::First;
        for name in names {
            let name = binder.names.intern(name);
            self.aliases.push(Alias { name, lin: Lin::CONSTANT, shadows_column: false });
        }
    }
}
