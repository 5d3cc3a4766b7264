//! Calls: aggregates, windows, conditionals, and user functions whose bodies are read.

use std::rc::Rc;

use sqlparser::ast::{
    Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, WindowSpec,
    WindowType,
};

use super::super::lineage::{Influence, Kind};
use super::super::names::Name;
use super::super::schema::FunctionBody;
use super::super::{lex, parse, prepass};
use super::function_names::{is_aggregate, is_date_part, is_ranking, takes_date_part};
use super::scope::{Alias, AliasUse, Scope};
use super::{Acc, Binder, Column, Edge, Lin};

/// How deep user functions may call each other before their bodies are no longer read.
const MAX_FUNCTION_DEPTH: usize = 12;

impl Binder<'_> {
    /// Adds what a call is made of, seen through `step`.
    pub(super) fn function(
        &mut self,
        function: &Function,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        let simple = match function.name.0.as_slice() {
            [part] => part.as_ident().map(|ident| ident.value.to_ascii_lowercase()),
            _ => None,
        };
        let name = simple.as_deref().unwrap_or("");
        let aggregate = is_aggregate(name);
        if !aggregate
            && function.over.is_none()
            && let Some((path, body)) = self.user_function(function)
        {
            self.expand(&path, &body, function, scope, step, acc);
            return;
        }
        if let Some(over) = &function.over {
            acc.at_least(Kind::Window);
            let value = if aggregate { Influence::Aggregation } else { Influence::Transformation };
            if !is_ranking(name) {
                self.call(function, name, scope, value.over_step(step), acc);
            }
            self.window(over, scope, Influence::Window.over_step(step), acc);
        } else if aggregate || !function.within_group.is_empty() {
            acc.at_least(Kind::Aggregation);
            self.call(function, name, scope, Influence::Aggregation.over_step(step), acc);
        } else {
            acc.at_least(Kind::Expression);
            self.call(function, name, scope, Influence::Transformation.over_step(step), acc);
        }
        if let Some(filter) = &function.filter {
            self.walk(filter, scope, Influence::Conditional.over_step(step), acc);
        }
        self.keys(&function.within_group, scope, Influence::Window.over_step(step), acc);
    }

    /// The arguments of a call, with the roles its name gives them.
    fn call(
        &mut self,
        function: &Function,
        name: &str,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        let list = match &function.args {
            FunctionArguments::None => return,
            FunctionArguments::Subquery(query) => {
                let columns = self.subquery(query, scope);
                for column in columns.iter() {
                    acc.add(&column.lin, step);
                }
                return;
            }
            FunctionArguments::List(list) => list,
        };
        let conditional = Influence::Conditional.over_step(step);
        match name {
            "coalesce" | "nvl" | "ifnull" => {
                let mut inner = Acc::new();
                self.arguments(&list.args, scope, step, &mut inner);
                acc.at_least(inner.kind);
                acc.came_through_those_of(&inner);
                inner.edges.iter().for_each(|edge| acc.push(*edge));
                for edge in inner.edges {
                    acc.push(Edge {
                        column: edge.column,
                        influence: Influence::Conditional.over_step(step),
                    });
                }
            }
            "if" | "iif" | "nvl2" | "decode" if !list.args.is_empty() => {
                self.arguments(&list.args[..1], scope, conditional, acc);
                self.arguments(&list.args[1..], scope, step, acc);
            }
            "count_if" | "countif" => self.arguments(&list.args, scope, conditional, acc),
            _ if takes_date_part(name) => {
                let end = list.args.len().saturating_sub(1);
                for (index, argument) in list.args.iter().enumerate() {
                    let part = end > 0
                        && (index == 0 || index == end)
                        && is_date_part(argument, index > 0);
                    if !part {
                        self.arguments(std::slice::from_ref(argument), scope, step, acc);
                    }
                }
            }
            _ => self.arguments(&list.args, scope, step, acc),
        }
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(keys) => {
                    self.keys(keys, scope, Influence::Window.over_step(step), acc);
                }
                FunctionArgumentClause::Where(filter) => {
                    self.walk(filter, scope, conditional, acc);
                }
                FunctionArgumentClause::Having(bound) => {
                    self.walk(&bound.1, scope, conditional, acc);
                }
                _ => {}
            }
        }
    }

    fn window(&mut self, over: &WindowType, scope: &Scope<'_>, step: Influence, acc: &mut Acc) {
        match over {
            WindowType::WindowSpec(spec) => self.window_spec(spec, scope, step, acc),
            WindowType::NamedWindow(ident) => self.named_window(&ident.value, scope, step, acc),
        }
    }

    /// Adds the keys of a window.
    pub(super) fn window_spec(
        &mut self,
        spec: &WindowSpec,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        if let Some(base) = &spec.window_name {
            self.named_window(&base.value, scope, step, acc);
        }
        for key in &spec.partition_by {
            self.walk(key, scope, step, acc);
        }
        self.keys(&spec.order_by, scope, step, acc);
    }

    /// Adds the keys of a window of the WINDOW clause.
    pub(super) fn named_window(
        &mut self,
        name: &str,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        let name = self.names.intern(name);
        let mut level = Some(scope);
        while let Some(scope) = level {
            if let Some((_, lin)) = scope.windows.iter().find(|(n, _)| self.names.same(*n, name)) {
                acc.add(lin, step);
                return;
            }
            level = scope.parent;
        }
    }

    /// The user function a call means: context + name first, then as written.
    pub(super) fn user_function(
        &mut self,
        function: &Function,
    ) -> Option<(Vec<Name>, FunctionBody)> {
        if self.function_depth >= MAX_FUNCTION_DEPTH {
            return None;
        }
        let parts: Vec<&str> = function
            .name
            .0
            .iter()
            .filter_map(|part| part.as_ident().map(|ident| ident.value.as_str()))
            .collect();
        let context = Rc::clone(&self.context);
        let full: Vec<&str> =
            context.iter().map(String::as_str).chain(parts.iter().copied()).collect();
        let (path, body) = match self.schema.function(&full) {
            Some(body) => (full, body),
            None => (parts.clone(), self.schema.function(&parts)?),
        };
        let path = path.into_iter().map(|part| self.names.intern(part)).collect();
        Some((path, body))
    }

    /// Reads a user function's body with its arguments in the place of its parameters.
    fn expand(
        &mut self,
        path: &[Name],
        body: &FunctionBody,
        call: &Function,
        scope: &Scope<'_>,
        step: Influence,
        acc: &mut Acc,
    ) {
        acc.at_least(Kind::Expression);
        let step = Influence::Transformation.over_step(step);
        let arguments = self.bound_arguments(body, call, scope);
        let columns = self.body_columns(path, body, arguments);
        for column in columns.iter() {
            acc.add(&column.lin, step);
        }
    }

    /// The columns a table function gives, from its body.
    pub(super) fn expand_table(
        &mut self,
        path: &[Name],
        body: &FunctionBody,
        call: &Function,
        scope: &Scope<'_>,
    ) -> Rc<[Column]> {
        let arguments = self.bound_arguments(body, call, scope);
        self.body_columns(path, body, arguments)
    }

    fn bound_arguments(
        &mut self,
        body: &FunctionBody,
        call: &Function,
        scope: &Scope<'_>,
    ) -> Vec<Alias> {
        let FunctionArguments::List(list) = &call.args else { return Vec::new() };
        let mut bound = Vec::new();
        for (index, argument) in list.args.iter().enumerate() {
            let (name, value) = match argument {
                FunctionArg::Named { name, arg, .. } => (Some(name.value.clone()), arg),
                FunctionArg::Unnamed(arg) | FunctionArg::ExprNamed { arg, .. } => {
                    (body.parameters.get(index).cloned(), arg)
                }
            };
            if let (Some(name), FunctionArgExpr::Expr(expr)) = (name, value) {
                let lin = self.lineage(expr, scope);
                let name = self.names.intern(&name);
                bound.push(Alias { name, lin, shadows_column: false });
            }
        }
        bound
    }

    fn body_columns(
        &mut self,
        path: &[Name],
        body: &FunctionBody,
        arguments: Vec<Alias>,
    ) -> Rc<[Column]> {
        let outer_via = self.via.replace(path.to_vec());
        let columns = self.columns_of_text(&body.body, &body.context, arguments);
        self.via = outer_via;
        columns
    }

    /// The columns of a view that is read through, and its path.
    pub(super) fn read_through(&mut self, parts: &[Name]) -> Option<(Vec<Name>, Rc<[Column]>)> {
        if self.function_depth >= MAX_FUNCTION_DEPTH {
            return None;
        }
        let texts: Vec<String> =
            parts.iter().map(|part| self.names.text(*part).to_owned()).collect();
        let written: Vec<&str> = texts.iter().map(String::as_str).collect();
        let context = Rc::clone(&self.context);
        let full: Vec<&str> =
            context.iter().map(String::as_str).chain(written.iter().copied()).collect();
        let (path, view) = match self.schema.view(&full) {
            Some(view) => (full, view),
            None => (written.clone(), self.schema.view(&written)?),
        };
        let path = path.into_iter().map(|part| self.names.intern(part)).collect();
        let columns = self.columns_of_text(&view.sql, &view.context, Vec::new());
        Some((path, columns))
    }

    /// The columns of a query or expression in a text of its own.
    fn columns_of_text(
        &mut self,
        text: &str,
        context: &[String],
        arguments: Vec<Alias>,
    ) -> Rc<[Column]> {
        let dialect = self.dialect();
        let lexed = lex::lex(text, dialect, true);
        // Versions inside a body are not the statement's own.
        let mut notes = prepass::Notes::default();
        let mut tokens = prepass::rewrite(lexed.tokens, &mut notes);
        if tokens.last().is_some_and(|t| t.token == sqlparser::tokenizer::Token::SemiColon) {
            tokens.pop();
        }
        if lex::is(&tokens, 0, "RETURN") {
            tokens.remove(0);
        }
        let mut scope = Scope::new(None, None);
        scope.aliases = arguments;
        scope.alias_use = AliasUse::First;
        let outer_context = std::mem::replace(&mut self.context, context.into());
        self.function_depth += 1;
        let parenthesis = sqlparser::tokenizer::Token::LParen;
        let first = tokens.iter().position(|token| token.token != parenthesis).unwrap_or(0);
        let columns: Rc<[Column]> = if lex::is_any(&tokens, first, &["SELECT", "WITH", "VALUES"]) {
            match parse::query(tokens, dialect) {
                Ok(parsed) => self.query(&parsed.tree, &None, Some(&scope)),
                Err(_) => Rc::from([]),
            }
        } else {
            match parse::expression(tokens, dialect) {
                Ok(parsed) => {
                    let lin = self.lineage(&parsed.tree, &scope);
                    let name = self.names.intern("EXPR$0");
                    Rc::from([Column { name, lin, star: None, item: None }])
                }
                Err(_) => Rc::from([]),
            }
        };
        self.function_depth -= 1;
        self.context = outer_context;
        columns
    }
}

impl Lin {
    /// This value under another name of its own: an expression over it.
    pub(super) fn transformed(&self) -> Self {
        let mut acc = Acc::new();
        acc.at_least(Kind::Expression);
        acc.add(self, Influence::Transformation);
        acc.finish()
    }
}
