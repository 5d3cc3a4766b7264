//! Expressions: from a syntax tree to the edges of its value.

use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, InTarget, JsonPathElem, OrderByExpr,
    Query, Subscript,
};

use super::super::lineage::{Influence, Kind, RowInfluence};
use super::scope::Scope;
use super::{Acc, Binder, Lin};

impl Binder<'_> {
    /// The lineage of one expression.
    pub(super) fn lineage(&mut self, expr: &Expr, scope: &Scope<'_>) -> Lin {
        let mut acc = Acc::new();
        self.walk(expr, scope, Influence::Identity, &mut acc);
        acc.finish()
    }

    /// Counts every column of `expr` as deciding rows.
    pub(super) fn decides(&mut self, expr: &Expr, scope: &Scope<'_>, how: RowInfluence) {
        let mut acc = Acc::new();
        self.walk(expr, scope, Influence::Identity, &mut acc);
        self.rows.add_all(&acc.edges, how);
    }

    fn operands<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        acc.at_least(Kind::Expression);
        let step = Influence::Transformation.over_step(step);
        for expr in exprs {
            self.walk(expr, scope, step, acc);
        }
    }

    /// Adds what `expr` is made of, seen through `step`.
    pub(super) fn walk(&mut self, expr: &Expr, scope: &Scope<'_>, step: Influence, acc: &mut Acc) {
        match expr {
            Expr::Identifier(ident) => {
                self.reference(std::slice::from_ref(ident), scope, step, acc);
            }
            Expr::CompoundIdentifier(parts) => self.reference(parts, scope, step, acc),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.field_access(root, access_chain, scope, step, acc);
            }
            Expr::Nested(inner)
            | Expr::Collate { expr: inner, .. }
            | Expr::OuterJoin(inner)
            | Expr::Prior(inner)
            | Expr::Named { expr: inner, .. }
            | Expr::Prefixed { value: inner, .. } => self.walk(inner, scope, step, acc),
            Expr::Value(_)
            | Expr::TypedString(_)
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..) => {}
            Expr::BinaryOp { .. } => self.binary_chain(expr, scope, step, acc),
            Expr::Function(function) => self.function(function, scope, step, acc),
            Expr::Case { operand, conditions, else_result, .. } => {
                acc.at_least(Kind::Expression);
                let value = Influence::Transformation.over_step(step);
                let condition = Influence::Conditional.over_step(step);
                if let Some(operand) = operand {
                    self.walk(operand, scope, condition, acc);
                }
                for branch in conditions {
                    self.walk(&branch.condition, scope, condition, acc);
                    self.walk(&branch.result, scope, value, acc);
                }
                if let Some(otherwise) = else_result {
                    self.walk(otherwise, scope, value, acc);
                }
            }
            Expr::Subquery(query) => {
                let columns = self.subquery(query, scope);
                for column in columns.iter() {
                    acc.add(&column.lin, step);
                }
            }
            Expr::Exists { subquery, .. } => {
                acc.at_least(Kind::Expression);
                self.exists(subquery, scope, step, acc);
            }
            Expr::In { expr, target, .. } => {
                self.operands([expr.as_ref()], scope, step, acc);
                let step = Influence::Transformation.over_step(step);
                match target {
                    InTarget::List(list) => {
                        for item in list {
                            self.walk(item, scope, step, acc);
                        }
                    }
                    InTarget::Subquery(query) => {
                        let columns = self.subquery(query, scope);
                        for column in columns.iter() {
                            acc.add(&column.lin, step);
                        }
                    }
                    InTarget::Unnest(array) => self.walk(array, scope, step, acc),
                    InTarget::Table { .. } => {}
                }
            }
            _ => self.walk_rest(expr, scope, step, acc),
        }
    }

    /// The plain operators and calls with a syntax of their own.
    fn walk_rest(&mut self, expr: &Expr, scope: &Scope<'_>, step: Influence, acc: &mut Acc) {
        match expr {
            Expr::IsFalse(e)
            | Expr::IsNotFalse(e)
            | Expr::IsTrue(e)
            | Expr::IsNotTrue(e)
            | Expr::IsNull(e)
            | Expr::IsNotNull(e)
            | Expr::IsUnknown(e)
            | Expr::IsNotUnknown(e)
            | Expr::IsJson { expr: e, .. }
            | Expr::IsNormalized { expr: e, .. }
            | Expr::UnaryOp { expr: e, .. }
            | Expr::Cast { expr: e, .. }
            | Expr::Extract { expr: e, .. }
            | Expr::Ceil { expr: e, .. }
            | Expr::Floor { expr: e, .. } => self.operands([e.as_ref()], scope, step, acc),
            Expr::Interval(interval) => self.operands([interval.value.as_ref()], scope, step, acc),
            Expr::IsDistinctFrom(a, b)
            | Expr::IsNotDistinctFrom(a, b)
            | Expr::AnyOp { left: a, right: b, .. }
            | Expr::AllOp { left: a, right: b, .. }
            | Expr::AtTimeZone { timestamp: a, time_zone: b }
            | Expr::Position { expr: a, r#in: b }
            | Expr::RLike { expr: a, pattern: b, .. } => {
                self.operands([a.as_ref(), b.as_ref()], scope, step, acc);
            }
            Expr::Between { expr, low, high, .. } => {
                self.operands([expr.as_ref(), low.as_ref(), high.as_ref()], scope, step, acc);
            }
            Expr::Like { expr, pattern, .. }
            | Expr::ILike { expr, pattern, .. }
            | Expr::SimilarTo { expr, pattern, .. } => {
                self.operands([expr.as_ref(), pattern.as_ref()], scope, step, acc);
            }
            Expr::Convert { expr, styles, .. } => {
                self.operands(std::iter::once(expr.as_ref()).chain(styles), scope, step, acc);
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let rest = substring_from.iter().chain(substring_for).map(AsRef::as_ref);
                self.operands(std::iter::once(expr.as_ref()).chain(rest), scope, step, acc);
            }
            Expr::Trim { expr, trim_what, trim_characters, .. } => {
                let rest = trim_what.iter().map(AsRef::as_ref);
                let characters = trim_characters.iter().flatten();
                let all = std::iter::once(expr.as_ref()).chain(rest).chain(characters);
                self.operands(all, scope, step, acc);
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let fixed = [expr.as_ref(), overlay_what.as_ref(), overlay_from.as_ref()];
                let all = fixed.into_iter().chain(overlay_for.iter().map(AsRef::as_ref));
                self.operands(all, scope, step, acc);
            }
            Expr::Tuple(items) => self.operands(items, scope, step, acc),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                self.operands(sets.iter().flatten(), scope, step, acc);
            }
            Expr::Struct { values, .. } => self.operands(values, scope, step, acc),
            Expr::Dictionary(fields) => {
                self.operands(fields.iter().map(|field| field.value.as_ref()), scope, step, acc);
            }
            Expr::Map(map) => {
                let all = map.entries.iter().flat_map(|e| [e.key.as_ref(), e.value.as_ref()]);
                self.operands(all, scope, step, acc);
            }
            Expr::Array(array) => self.operands(&array.elem, scope, step, acc),
            Expr::JsonAccess { value, path } => {
                self.operands([value.as_ref()], scope, step, acc);
                let step = Influence::Transformation.over_step(step);
                for part in &path.path {
                    if let JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } = part
                    {
                        self.walk(key, scope, step, acc);
                    }
                }
            }
            Expr::MatchAgainst { columns, .. } => {
                acc.at_least(Kind::Expression);
                for column in columns {
                    let parts: Vec<_> =
                        column.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                    self.reference(&parts, scope, Influence::Transformation.over_step(step), acc);
                }
            }
            Expr::MemberOf(member) => {
                self.operands([member.value.as_ref(), member.array.as_ref()], scope, step, acc);
            }
            Expr::Lambda(lambda) => self.lambda(lambda, scope, step, acc),
            // The rest is handled by `walk`.
            _ => {}
        }
    }

    /// `a + b + c + …` leans left as deep as it is long, so it is walked in a loop.
    fn binary_chain(&mut self, expr: &Expr, scope: &Scope<'_>, step: Influence, acc: &mut Acc) {
        acc.at_least(Kind::Expression);
        let step = Influence::Transformation.over_step(step);
        let mut rights = Vec::new();
        let mut next = expr;
        while let Expr::BinaryOp { left, right, .. } = next {
            rights.push(right.as_ref());
            next = left;
        }
        self.walk(next, scope, step, acc);
        for right in rights.into_iter().rev() {
            self.walk(right, scope, step, acc);
        }
    }

    /// `root[0].field['key']`; a dotted head may name a table: `t.tags[0].x`.
    fn field_access(
        &mut self,
        root: &Expr,
        chain: &[AccessExpr],
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        acc.at_least(Kind::Expression);
        let step = Influence::Transformation.over_step(step);
        let mut head = Vec::new();
        match root {
            Expr::Identifier(ident) => head.push(ident.clone()),
            Expr::CompoundIdentifier(parts) => head.extend(parts.iter().cloned()),
            _ => {}
        }
        let mut rest = chain;
        if !head.is_empty() {
            while let [AccessExpr::Dot(Expr::Identifier(ident)), tail @ ..] = rest {
                head.push(ident.clone());
                rest = tail;
            }
        }
        if head.is_empty() {
            self.walk(root, scope, step, acc);
        } else {
            self.reference(&head, scope, step, acc);
        }
        for access in rest {
            match access {
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    self.walk(index, scope, step, acc);
                }
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                    for bound in lower_bound.iter().chain(upper_bound).chain(stride) {
                        self.walk(bound, scope, step, acc);
                    }
                }
                AccessExpr::Dot(Expr::Function(function)) => {
                    self.function_arguments(function, scope, step, acc);
                }
                AccessExpr::Dot(_) => {}
            }
        }
    }

    /// `x -> f(x, column)`: parameters are no columns.
    fn lambda(
        &mut self,
        lambda: &sqlparser::ast::LambdaFunction,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        use sqlparser::ast::OneOrManyWithParens;
        let mut inner = Scope::new(Some(scope), scope.env.clone());
        let parameters = match &lambda.params {
            OneOrManyWithParens::One(parameter) => std::slice::from_ref(parameter),
            OneOrManyWithParens::Many(parameters) => parameters.as_slice(),
        };
        for parameter in parameters {
            let name = self.name(&parameter.name);
            inner.aliases.push(super::scope::Alias {
                name,
                lin: Lin::CONSTANT,
                shadows_column: false,
            });
        }
        self.operands([lambda.body.as_ref()], &inner, step, acc);
    }

    fn exists(&mut self, query: &Query, scope: &Scope<'_>, step: Influence, acc: &mut Acc) {
        let columns = self.subquery(query, scope);
        // `EXISTS (SELECT * …)` asks for no column in particular.
        if !selects_star(query) {
            let step = Influence::Transformation.over_step(step);
            for column in columns.iter() {
                acc.add(&column.lin, step);
            }
        }
    }

    /// Adds the keys of an ORDER BY inside a call or a window.
    pub(super) fn keys(
        &mut self,
        keys: &[OrderByExpr],
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        for key in keys {
            self.walk(&key.expr, scope, step, acc);
        }
    }

    /// Adds the arguments of a call as they are.
    pub(super) fn arguments(
        &mut self,
        arguments: &[FunctionArg],
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        for argument in arguments {
            let (FunctionArg::Unnamed(value)
            | FunctionArg::Named { arg: value, .. }
            | FunctionArg::ExprNamed { arg: value, .. }) = argument;
            if let FunctionArgExpr::Expr(expr) = value {
                self.walk(expr, scope, step, acc);
            }
        }
    }

    fn function_arguments(
        &mut self,
        function: &Function,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        if let sqlparser::ast::FunctionArguments::List(list) = &function.args {
            self.arguments(&list.args, scope, step, acc);
        }
    }
}

fn selects_star(query: &Query) -> bool {
    use sqlparser::ast::{SelectItem, SetExpr};
    match query.body.as_ref() {
        SetExpr::Select(select) => select.projection.iter().any(|item| {
            matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
        }),
        SetExpr::Query(query) => selects_star(query),
        _ => false,
    }
}
