//! Translates function calls: aggregates, window functions and the catalogue's own functions.
//! Built-in scalar functions are in [`scalar`](super::scalar).

use std::fmt::Write;

use sqlparser::ast::{
    self, DuplicateTreatment, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, WindowFrame,
    WindowFrameBound, WindowType,
};

use crate::model::DataType;
use crate::model::path::fold;
use crate::sandbox::sql::expr::boolean;
use crate::sandbox::sql::from::{element, idents};
use crate::sandbox::sql::prepass;
use crate::sandbox::sql::query::{Translator, direction, unsupported};
use crate::sandbox::sql::scope::{Scope, Typed};
use crate::sandbox::sql::typing::{self, cast};

/// Functions that make one value of many rows.
const AGGREGATES: [&str; 24] = [
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "LISTAGG",
    "ARRAY_AGG",
    "STDDEV",
    "STDDEV_SAMP",
    "STDDEV_POP",
    "VARIANCE",
    "VAR_SAMP",
    "VAR_POP",
    "MEDIAN",
    "PERCENTILE_CONT",
    "ANY_VALUE",
    "APPROX_COUNT_DISTINCT",
    "NDV",
    "BOOL_AND",
    "BOOL_OR",
    "CORR",
    "SUM0",
    "$SUM0",
    "EVERY",
];

/// Functions that exist with OVER only.
const WINDOWS: [&str; 11] = [
    "ROW_NUMBER",
    "RANK",
    "DENSE_RANK",
    "PERCENT_RANK",
    "CUME_DIST",
    "NTILE",
    "LAG",
    "LEAD",
    "FIRST_VALUE",
    "LAST_VALUE",
    "NTH_VALUE",
];

impl Translator<'_> {
    pub(super) fn function(
        &mut self,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let parts = idents(&function.name)?;
        let name = match parts.as_slice() {
            [single] => single.value.to_ascii_uppercase(),
            _ => String::new(),
        };
        if WINDOWS.contains(&name.as_str()) || AGGREGATES.contains(&name.as_str()) {
            return self.aggregate(&name, function, scope);
        }
        match name.as_str() {
            "FLATTEN" => return self.flatten(function, scope),
            "GROUPING" | "GROUPING_ID" => return self.grouping(function, scope),
            _ => {}
        }
        if !name.is_empty()
            && let Some(value) = self.scalar(&name, function, scope)?
        {
            return Ok(value);
        }
        self.own_function(function, scope)
    }

    /// The argument expressions; a `*` counts as none.
    pub(super) fn argument_exprs(function: &ast::Function) -> Result<Vec<&Expr>, String> {
        let FunctionArguments::List(list) = &function.args else { return Ok(Vec::new()) };
        list.args
            .iter()
            .filter_map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(Ok(expr)),
                FunctionArg::Unnamed(_) => None,
                _ => Some(Err(unsupported("named arguments"))),
            })
            .collect()
    }

    pub(super) fn arguments_of(
        &mut self,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Vec<Typed>, String> {
        Self::argument_exprs(function)?.into_iter().map(|expr| self.expr(expr, scope)).collect()
    }

    fn aggregate(
        &mut self,
        name: &str,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let windowed = function.over.is_some();
        if WINDOWS.contains(&name) && !windowed {
            return Err(format!("VALIDATION ERROR: OVER clause is necessary for {name}"));
        }
        // What is inside an aggregate is computed before grouping.
        let groups = if windowed { None } else { self.groups.take() };
        let inside = self.inside_aggregate(name, function, scope);
        if !windowed {
            self.groups = groups;
            self.saw_aggregate = true;
        }
        let mut value = inside?;
        if let Some(over) = &function.over {
            let over = self.over(over, scope)?;
            value.sql.push_str(&over);
        }
        Ok(value)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each aggregate")]
    fn inside_aggregate(
        &mut self,
        name: &str,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let arguments = self.arguments_of(function, scope)?;
        let distinct = matches!(
            &function.args,
            FunctionArguments::List(list)
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
        );
        let mut order = Vec::new();
        for key in &function.within_group {
            let value = self.expr(&key.expr, scope)?;
            order.push((value, direction(key)));
        }
        let order_by = match order.as_slice() {
            [] => String::new(),
            keys => {
                let keys: Vec<String> =
                    keys.iter().map(|(value, direction)| value.sql.clone() + direction).collect();
                format!(" ORDER BY {}", keys.join(", "))
            }
        };
        let first = arguments.first().cloned();
        let argument = || {
            first.clone().ok_or_else(|| {
                format!("VALIDATION ERROR: Invalid number of arguments to function '{name}'")
            })
        };
        let unique = if distinct { "DISTINCT " } else { "" };
        let exact_or_double = |data_type: &DataType| match data_type {
            DataType::Decimal { scale, .. } => {
                typing::decimal(38, scale.unwrap_or(0).max(6).into())
            }
            _ => DataType::Double,
        };
        let mut value = match name {
            "COUNT" => match arguments.as_slice() {
                [] => Typed::new("count(*)", DataType::BigInt),
                [one] => Typed::new(format!("count({unique}{})", one.sql), DataType::BigInt),
                _ => return Err(unsupported("COUNT of several columns")),
            },
            "APPROX_COUNT_DISTINCT" | "NDV" => {
                Typed::new(format!("count(DISTINCT {})", argument()?.sql), DataType::BigInt)
            }
            "SUM" | "SUM0" | "$SUM0" => {
                let argument = argument()?;
                let data_type = match &argument.data_type {
                    DataType::Decimal { scale, .. } => {
                        typing::decimal(38, scale.unwrap_or(0).into())
                    }
                    t if typing::is_integer(t) => DataType::BigInt,
                    DataType::Varchar | DataType::Date | DataType::Timestamp => {
                        return Err(format!(
                            "VALIDATION ERROR: Cannot apply 'SUM' to arguments of type 'SUM(<{}>)'",
                            argument.data_type
                        ));
                    }
                    _ => DataType::Double,
                };
                Typed::new(format!("sum({unique}{})", argument.sql), data_type)
            }
            "AVG" => {
                let argument = argument()?;
                let data_type = exact_or_double(&argument.data_type);
                Typed::new(format!("avg({unique}{})", argument.sql), data_type)
            }
            "MIN" | "MAX" | "ANY_VALUE" => {
                let argument = argument()?;
                let function = if name == "MIN" { "min" } else { "max" };
                Typed::new(format!("{function}({})", argument.sql), argument.data_type)
            }
            "BOOL_AND" | "EVERY" => boolean(format!("min({})", argument()?.sql)),
            "BOOL_OR" => boolean(format!("max({})", argument()?.sql)),
            "LISTAGG" => {
                let separator = arguments.get(1).map_or("''", |separator| separator.sql.as_str());
                let text = cast(&argument()?, &DataType::Varchar);
                let function = if distinct { "dx_listagg_distinct" } else { "dx_listagg" };
                let sql = format!("{function}({}, {separator}{order_by})", text.sql);
                Typed::new(sql, DataType::Varchar)
            }
            "ARRAY_AGG" => {
                let argument = argument()?;
                let data_type = DataType::List(Some(Box::new(argument.data_type.clone())));
                let sql = as_json(&argument);
                Typed::new(format!("json_group_array({unique}{sql}{order_by})"), data_type)
            }
            "MEDIAN" => {
                let argument = argument()?;
                Typed::new(format!("dx_percentile({}, 0.5)", argument.sql), DataType::Double)
            }
            "PERCENTILE_CONT" => {
                let Some((value, _)) = order.first() else {
                    return Err("VALIDATION ERROR: PERCENTILE_CONT needs WITHIN GROUP".to_owned());
                };
                let sql = format!("dx_percentile({}, {})", value.sql, argument()?.sql);
                Typed::new(sql, DataType::Double)
            }
            "STDDEV" | "STDDEV_SAMP" | "STDDEV_POP" | "VARIANCE" | "VAR_SAMP" | "VAR_POP" => {
                let kind = match name {
                    "STDDEV" => "stddev_samp".to_owned(),
                    "VARIANCE" => "var_samp".to_owned(),
                    other => other.to_ascii_lowercase(),
                };
                Typed::new(format!("dx_{kind}({})", argument()?.sql), DataType::Double)
            }
            "CORR" => {
                let pair: Vec<&str> = arguments.iter().map(|a| a.sql.as_str()).collect();
                Typed::new(format!("dx_corr({})", pair.join(", ")), DataType::Double)
            }
            "NTILE" => Typed::new(format!("ntile({})", argument()?.sql), DataType::Integer),
            "PERCENT_RANK" | "CUME_DIST" => {
                Typed::new(format!("{}()", name.to_ascii_lowercase()), DataType::Double)
            }
            "ROW_NUMBER" | "RANK" | "DENSE_RANK" => {
                Typed::new(format!("{}()", name.to_ascii_lowercase()), DataType::BigInt)
            }
            // LAG, LEAD, FIRST_VALUE, LAST_VALUE, NTH_VALUE
            _ => {
                let sql: Vec<&str> = arguments.iter().map(|a| a.sql.as_str()).collect();
                let name = name.to_ascii_lowercase();
                Typed::new(format!("{name}({})", sql.join(", ")), argument()?.data_type)
            }
        };
        if let Some(filter) = &function.filter {
            let filter = self.expr(filter, scope)?;
            let _ = write!(value.sql, " FILTER (WHERE {})", filter.sql);
        }
        Ok(value)
    }

    fn over(&mut self, over: &WindowType, scope: &Scope<'_>) -> Result<String, String> {
        let spec = match over {
            WindowType::WindowSpec(spec) => spec.clone(),
            WindowType::NamedWindow(name) => {
                let key = fold(&name.value);
                let found = self.windows.iter().find(|window| fold(&window.0.value) == key);
                match found.map(|window| &window.1) {
                    Some(ast::NamedWindowExpr::WindowSpec(spec)) => spec.clone(),
                    _ => return Err(format!("VALIDATION ERROR: Window '{name}' not found")),
                }
            }
        };
        let mut parts = Vec::new();
        if !spec.partition_by.is_empty() {
            let mut keys = Vec::new();
            for key in &spec.partition_by {
                keys.push(self.expr(key, scope)?.sql);
            }
            parts.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        if !spec.order_by.is_empty() {
            let mut keys = Vec::new();
            for key in &spec.order_by {
                keys.push(self.expr(&key.expr, scope)?.sql + &direction(key));
            }
            parts.push(format!("ORDER BY {}", keys.join(", ")));
        }
        if let Some(frame) = &spec.window_frame {
            parts.push(self.frame(frame, scope)?);
        }
        Ok(format!(" OVER ({})", parts.join(" ")))
    }

    fn frame(&mut self, frame: &WindowFrame, scope: &Scope<'_>) -> Result<String, String> {
        let start = self.bound(&frame.start_bound, scope)?;
        Ok(match &frame.end_bound {
            Some(end) => format!("{} BETWEEN {start} AND {}", frame.units, self.bound(end, scope)?),
            None => format!("{} {start}", frame.units),
        })
    }

    fn bound(&mut self, bound: &WindowFrameBound, scope: &Scope<'_>) -> Result<String, String> {
        Ok(match bound {
            WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
            WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
            WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
            WindowFrameBound::Preceding(Some(rows)) => {
                format!("{} PRECEDING", self.expr(rows, scope)?.sql)
            }
            WindowFrameBound::Following(Some(rows)) => {
                format!("{} FOLLOWING", self.expr(rows, scope)?.sql)
            }
        })
    }

    /// FLATTEN makes a row of each element: a join with the list's elements.
    fn flatten(&mut self, function: &ast::Function, scope: &Scope<'_>) -> Result<Typed, String> {
        let Some(mut joins) = self.flattens.take() else {
            return Err("VALIDATION ERROR: FLATTEN is allowed in the SELECT list only".to_owned());
        };
        let list = self.arguments_of(function, scope);
        let name = self.fresh('f');
        let value = list.and_then(|mut list| match (list.pop(), list.is_empty()) {
            (Some(list), true) => {
                joins.push(format!(" CROSS JOIN json_each({}) AS {name}", list.sql));
                Ok(Typed::new(format!("{name}.value"), element(&list.data_type)))
            }
            _ => Err("VALIDATION ERROR: FLATTEN takes one list".to_owned()),
        });
        self.flattens = Some(joins);
        value
    }

    /// GROUPING(a, b): a bit for each expression that the grouping set leaves out.
    fn grouping(&mut self, function: &ast::Function, scope: &Scope<'_>) -> Result<Typed, String> {
        let groups = self.groups.take();
        let arguments = self.arguments_of(function, scope);
        let mut bits = 0_u32;
        for argument in arguments? {
            let absent =
                groups.iter().flatten().any(|group| group.sql == argument.sql && group.absent);
            bits = bits << 1 | u32::from(absent);
        }
        self.groups = groups;
        self.saw_aggregate = true;
        Ok(Typed::new(bits.to_string(), DataType::BigInt))
    }

    /// A scalar function of the catalogue, expanded in place.
    fn own_function(
        &mut self,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let name: Vec<String> =
            idents(&function.name)?.into_iter().map(|part| part.value).collect();
        let values = self.arguments_of(function, scope)?;
        let entry = self.store.index.function(&self.context, &name).filter(|entry| {
            self.store.index.node(*entry).function.as_ref().is_some_and(|spec| spec.scalar)
        });
        let Some(entry) = entry else {
            let types: Vec<String> =
                values.iter().map(|value| format!("<{}>", value.data_type)).collect();
            return Err(format!(
                "VALIDATION ERROR: No match found for function signature {}({})",
                name.join("."),
                types.join(", ")
            ));
        };
        let arguments = self.bind_arguments(entry, values)?;
        let node = self.store.index.node(entry);
        let Some(spec) = node.function.clone() else { return Err(unsupported("this function")) };
        let body = prepass::parse_expression(&spec.body)?;
        let context = self.store.parent_of(entry);
        let saved_context = std::mem::replace(&mut self.context, context);
        let saved_arguments = std::mem::replace(&mut self.arguments, arguments);
        // The arguments were checked against the grouping already.
        let saved_groups = self.groups.take();
        let value = self.expr(&body, &Scope::default());
        (self.context, self.arguments) = (saved_context, saved_arguments);
        self.groups = saved_groups;
        let returns = spec.returns.parse::<DataType>().map_err(|error| error.to_string())?;
        let value = cast(&value?, &returns);
        Ok(Typed::new(format!("({})", value.sql), value.data_type))
    }

    /// The function's argument names with the values that a call gives them.
    pub(super) fn bind_arguments(
        &self,
        entry: usize,
        values: Vec<Typed>,
    ) -> Result<Vec<(String, Typed)>, String> {
        let node = self.store.index.node(entry);
        let declared = node.function.as_ref().map_or("", |function| function.arguments.as_str());
        let declared = declared_arguments(declared);
        if declared.len() != values.len() {
            return Err(format!(
                "VALIDATION ERROR: Function '{}' takes {} arguments, not {}",
                node.name,
                declared.len(),
                values.len()
            ));
        }
        declared
            .into_iter()
            .zip(values)
            .map(|((name, data_type), value)| {
                let data_type = data_type.parse::<DataType>().map_err(|e| e.to_string())?;
                let value = cast(&value, &data_type);
                Ok((name.to_owned(), Typed::new(format!("({})", value.sql), data_type)))
            })
            .collect()
    }
}

/// `a INTEGER, b DECIMAL(10,2)` as names and types.
fn declared_arguments(text: &str) -> Vec<(&str, &str)> {
    let mut depth = 0;
    text.split(|c: char| {
        depth += i32::from(matches!(c, '(' | '<')) - i32::from(matches!(c, ')' | '>'));
        c == ',' && depth == 0
    })
    .filter_map(|argument| argument.trim().split_once(' '))
    .collect()
}

/// A value as a member of a JSON array or object: nested ones as such, not as their text.
pub(super) fn as_json(value: &Typed) -> String {
    match value.data_type {
        DataType::Struct(_) | DataType::List(_) | DataType::Map(_) => {
            format!("json({})", value.sql)
        }
        _ => value.sql.clone(),
    }
}
