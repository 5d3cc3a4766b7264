//! Translates expressions, with the type of each.

use std::fmt::Write;

use sqlparser::ast::{
    self, BinaryOperator, CastKind, CeilFloorKind, Expr, InTarget, TrimWhereField, UnaryOperator,
    Value,
};

use crate::model::DataType;
use crate::model::path::fold;
use crate::sandbox::calendar::{self, Unit};
use crate::sandbox::sql::nested::field;
use crate::sandbox::sql::query::{Translator, unsupported};
use crate::sandbox::sql::scope::{Scope, Typed};
use crate::sandbox::sql::typing::{self, cast, is_integer};

/// Below the depth at which the engine itself refuses an expression.
const MAX_DEPTH: u32 = 400;

impl Translator<'_> {
    pub(super) fn expr(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<Typed, String> {
        if self.depth >= MAX_DEPTH {
            return Err(unsupported("an expression nested this deeply"));
        }
        self.depth += 1;
        let value = self.checked(expr, scope);
        self.depth -= 1;
        value
    }

    fn checked(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<Typed, String> {
        // Over groups an expression is fine if it is grouped by as a whole; else its parts must be.
        if let Some(groups) = self.groups.take() {
            let whole = self.plain(expr, scope);
            let group = whole.as_ref().ok().and_then(|whole| {
                groups.iter().find(|group| group.sql == whole.sql).map(|group| group.absent)
            });
            self.groups = Some(groups);
            if let Some(absent) = group {
                let whole = whole?;
                let sql = if absent { "NULL".to_owned() } else { whole.sql };
                return Ok(Typed { sql, ..whole });
            }
        }
        self.plain(expr, scope)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each sort of expression")]
    fn plain(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<Typed, String> {
        Ok(match expr {
            Expr::Identifier(name) => self.column(std::slice::from_ref(name), scope)?,
            Expr::CompoundIdentifier(name) => self.column(name, scope)?,
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.access(root, access_chain, scope)?
            }
            Expr::Nested(inner) => {
                let inner = self.expr(inner, scope)?;
                Typed::new(format!("({})", inner.sql), inner.data_type)
            }
            Expr::Value(value) => literal(&value.value)?,
            Expr::TypedString(typed) => {
                let text = match &typed.value.value {
                    Value::SingleQuotedString(text) => text.as_str(),
                    _ => return Err(unsupported("this literal")),
                };
                typed_literal(&typing::named(&typed.data_type)?, text)?
            }
            Expr::IsNull(inner) => self.test(inner, "IS NULL", scope)?,
            Expr::IsNotNull(inner) => self.test(inner, "IS NOT NULL", scope)?,
            Expr::IsTrue(inner) => self.test(inner, "IS TRUE", scope)?,
            Expr::IsNotTrue(inner) => self.test(inner, "IS NOT TRUE", scope)?,
            Expr::IsFalse(inner) => self.test(inner, "IS FALSE", scope)?,
            Expr::IsNotFalse(inner) => self.test(inner, "IS NOT FALSE", scope)?,
            Expr::IsDistinctFrom(left, right) => self.compare(left, "IS NOT", right, scope)?,
            Expr::IsNotDistinctFrom(left, right) => self.compare(left, "IS", right, scope)?,
            Expr::In { expr, target, negated, .. } => {
                self.membership(expr, target, *negated, scope)?
            }
            Expr::Between { expr, negated, low, high } => {
                let value = self.expr(expr, scope)?;
                let low = self.expr(low, scope)?;
                let high = self.expr(high, scope)?;
                let (_, low) = comparable(&value, &low);
                let (value, high) = comparable(&value, &high);
                let not = if *negated { "NOT " } else { "" };
                boolean(format!("({} {not}BETWEEN {} AND {})", value.sql, low.sql, high.sql))
            }
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope)?,
            Expr::UnaryOp { op, expr } => {
                let value = self.expr(expr, scope)?;
                match op {
                    UnaryOperator::Not => boolean(format!("(NOT {})", value.sql)),
                    UnaryOperator::Minus => {
                        Typed::new(format!("(- {})", value.sql), value.data_type)
                    }
                    UnaryOperator::Plus => value,
                    other => return Err(unsupported(&format!("the operator {other}"))),
                }
            }
            Expr::Like { negated, expr, pattern, escape_char, .. } => {
                let value = self.expr(expr, scope)?;
                let pattern = self.expr(pattern, scope)?;
                let escape = match escape_char {
                    Some(escape) => format!(" ESCAPE {}", self.expr(escape, scope)?.sql),
                    None => String::new(),
                };
                let not = if *negated { "NOT " } else { "" };
                boolean(format!("({} {not}LIKE {}{escape})", value.sql, pattern.sql))
            }
            Expr::ILike { negated, expr, pattern, .. } => {
                let value = self.expr(expr, scope)?;
                let pattern = self.expr(pattern, scope)?;
                let not = if *negated { "NOT " } else { "" };
                boolean(format!("(lower({}) {not}LIKE lower({}))", value.sql, pattern.sql))
            }
            Expr::SimilarTo { negated, expr, pattern, .. } => {
                let value = self.expr(expr, scope)?;
                let pattern = self.expr(pattern, scope)?;
                let not = if *negated { "NOT " } else { "" };
                boolean(format!("({not}dx_similar({}, {}))", value.sql, pattern.sql))
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, ..
            } => {
                let value = self.expr(expr, scope)?;
                cast(&value, &typing::named(data_type)?)
            }
            Expr::Extract { field, expr, .. } => {
                let value = self.expr(expr, scope)?;
                let unit = unit_name(&field.to_string())?;
                Typed::new(format!("dx_extract('{unit}', {})", value.sql), DataType::BigInt)
            }
            Expr::Ceil { expr, field } => self.rounded("dx_ceil", expr, field, scope)?,
            Expr::Floor { expr, field } => self.rounded("dx_floor", expr, field, scope)?,
            Expr::Position { expr, r#in } => {
                let needle = self.expr(expr, scope)?;
                let text = self.expr(r#in, scope)?;
                Typed::new(format!("instr({}, {})", text.sql, needle.sql), DataType::Integer)
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut sql = vec![self.expr(expr, scope)?.sql];
                match substring_from {
                    Some(from) => sql.push(self.expr(from, scope)?.sql),
                    None => sql.push("1".to_owned()),
                }
                if let Some(length) = substring_for {
                    sql.push(self.expr(length, scope)?.sql);
                }
                Typed::new(format!("substr({})", sql.join(", ")), DataType::Varchar)
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let function = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                let mut sql = vec![self.expr(expr, scope)?.sql];
                let what = trim_what.as_deref();
                if let Some(what) = what.or(trim_characters.iter().flatten().next()) {
                    sql.push(self.expr(what, scope)?.sql);
                }
                Typed::new(format!("{function}({})", sql.join(", ")), DataType::Varchar)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), scope)?
            }
            Expr::Exists { subquery, negated } => {
                let inner = self.query(subquery, Some(scope))?;
                let not = if *negated { "NOT " } else { "" };
                boolean(format!("({not}EXISTS ({}))", inner.sql))
            }
            Expr::Subquery(query) => {
                let inner = self.query(query, Some(scope))?;
                let data_type = inner.columns.into_iter().next().map_or(DataType::Null, |c| c.1);
                Typed::new(format!("({})", inner.sql), data_type)
            }
            Expr::Array(array) => {
                let mut sql = Vec::new();
                let mut data_type = DataType::Null;
                for value in &array.elem {
                    let value = self.expr(value, scope)?;
                    data_type = typing::common(&data_type, &value.data_type);
                    sql.push(value.sql);
                }
                let data_type = DataType::List(Some(Box::new(data_type)));
                Typed::new(format!("json_array({})", sql.join(", ")), data_type)
            }
            Expr::Function(function) => self.function(function, scope)?,
            Expr::Interval(_) => {
                return Err(unsupported("an INTERVAL that is not added to a date"));
            }
            other => return Err(unsupported(&format!("the expression {other}"))),
        })
    }

    pub(super) fn column(
        &mut self,
        name: &[ast::Ident],
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        if let [single] = name {
            let key = fold(&single.value);
            if let Some((_, value)) = self.arguments.iter().find(|(n, _)| fold(n) == key) {
                return Ok(value.clone());
            }
        }
        let resolved = match scope.resolve(name) {
            Ok(resolved) => resolved,
            Err(problem) => {
                return match name {
                    [single] if single.quote_style.is_none() => {
                        bare_function(&single.value).ok_or(problem)
                    }
                    _ => Err(problem),
                };
            }
        };
        if resolved.local && self.groups.is_some() {
            let written = name.last().map_or("", |ident| ident.value.as_str());
            return Err(format!("VALIDATION ERROR: Expression '{written}' is not being grouped"));
        }
        let mut value = resolved.value;
        for part in resolved.fields {
            value = field(&value, &part.value)?;
        }
        Ok(value)
    }

    fn test(&mut self, inner: &Expr, test: &str, scope: &Scope<'_>) -> Result<Typed, String> {
        Ok(boolean(format!("({} {test})", self.expr(inner, scope)?.sql)))
    }

    fn compare(
        &mut self,
        left: &Expr,
        operator: &str,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let left = self.expr(left, scope)?;
        let right = self.expr(right, scope)?;
        let (left, right) = comparable(&left, &right);
        Ok(boolean(format!("({} {operator} {})", left.sql, right.sql)))
    }

    fn membership(
        &mut self,
        expr: &Expr,
        target: &InTarget,
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let value = self.expr(expr, scope)?;
        let not = if negated { "NOT " } else { "" };
        let set = match target {
            InTarget::List(list) => {
                let mut items = Vec::new();
                for item in list {
                    let item = self.expr(item, scope)?;
                    items.push(comparable(&value, &item).1.sql);
                }
                items.join(", ")
            }
            InTarget::Subquery(query) => self.query(query, Some(scope))?.sql,
            _ => return Err(unsupported("IN over a table")),
        };
        Ok(boolean(format!("({} {not}IN ({set}))", value.sql)))
    }

    fn binary(
        &mut self,
        left: &Expr,
        operator: &BinaryOperator,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        if let (BinaryOperator::Plus | BinaryOperator::Minus, Expr::Interval(interval)) =
            (operator, right)
        {
            let moment = self.expr(left, scope)?;
            let minus = *operator == BinaryOperator::Minus;
            return self.shifted(&moment, interval, minus, scope);
        }
        let sign = match operator {
            BinaryOperator::Eq => return self.compare(left, "=", right, scope),
            BinaryOperator::NotEq => return self.compare(left, "<>", right, scope),
            BinaryOperator::Lt => return self.compare(left, "<", right, scope),
            BinaryOperator::LtEq => return self.compare(left, "<=", right, scope),
            BinaryOperator::Gt => return self.compare(left, ">", right, scope),
            BinaryOperator::GtEq => return self.compare(left, ">=", right, scope),
            BinaryOperator::And | BinaryOperator::Or => {
                let left = self.expr(left, scope)?;
                let right = self.expr(right, scope)?;
                return Ok(boolean(format!("({} {operator} {})", left.sql, right.sql)));
            }
            BinaryOperator::StringConcat => {
                let left = cast(&self.expr(left, scope)?, &DataType::Varchar);
                let right = cast(&self.expr(right, scope)?, &DataType::Varchar);
                return Ok(Typed::new(
                    format!("({} || {})", left.sql, right.sql),
                    DataType::Varchar,
                ));
            }
            BinaryOperator::Plus => '+',
            BinaryOperator::Minus => '-',
            BinaryOperator::Multiply => '*',
            BinaryOperator::Divide => '/',
            BinaryOperator::Modulo => '%',
            other => return Err(unsupported(&format!("the operator {other}"))),
        };
        let left = self.expr(left, scope)?;
        let right = self.expr(right, scope)?;
        for side in [&left, &right] {
            if !typing::is_number(&side.data_type)
                && !matches!(side.data_type, DataType::Null | DataType::Unknown(_))
            {
                return Err(format!(
                    "VALIDATION ERROR: Cannot apply '{sign}' to arguments of type '<{}> {sign} <{}>'",
                    left.data_type, right.data_type
                ));
            }
        }
        let data_type = typing::arithmetic(sign, &left.data_type, &right.data_type);
        let sql = match sign {
            // The engine would divide two whole-looking numbers as whole numbers.
            '/' if !is_integer(&data_type) => {
                format!("(CAST({} AS REAL) / {})", left.sql, right.sql)
            }
            '%' if !is_integer(&data_type) => format!("dx_mod({}, {})", left.sql, right.sql),
            sign => format!("({} {sign} {})", left.sql, right.sql),
        };
        Ok(Typed::new(sql, data_type))
    }

    /// A date or timestamp moved by an interval.
    pub(super) fn shifted(
        &mut self,
        moment: &Typed,
        interval: &ast::Interval,
        minus: bool,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let amount = self.expr(&interval.value, scope)?;
        let field = interval.leading_field.as_ref().map_or("DAY".to_owned(), ToString::to_string);
        let unit = unit_name(&field)?;
        let sign = if minus { "-" } else { "" };
        let amount = Typed::new(format!("({sign}dx_integer({}))", amount.sql), DataType::BigInt);
        Ok(shift(unit, &amount, moment))
    }

    fn rounded(
        &mut self,
        function: &str,
        expr: &Expr,
        field: &CeilFloorKind,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let value = self.expr(expr, scope)?;
        if !matches!(field, CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime)) {
            return Err(unsupported("CEIL or FLOOR to a unit"));
        }
        let data_type = match value.data_type {
            DataType::Decimal { precision, .. } => {
                typing::decimal(precision.unwrap_or(38).into(), 0)
            }
            ref other => other.clone(),
        };
        Ok(Typed::new(format!("{function}({})", value.sql), data_type))
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        let mut sql = "CASE".to_owned();
        if let Some(operand) = operand {
            let _ = write!(sql, " {}", self.expr(operand, scope)?.sql);
        }
        let mut data_type = DataType::Null;
        for when in conditions {
            let condition = self.expr(&when.condition, scope)?;
            let result = self.expr(&when.result, scope)?;
            data_type = typing::common(&data_type, &result.data_type);
            let _ = write!(sql, " WHEN {} THEN {}", condition.sql, result.sql);
        }
        if let Some(otherwise) = otherwise {
            let otherwise = self.expr(otherwise, scope)?;
            data_type = typing::common(&data_type, &otherwise.data_type);
            let _ = write!(sql, " ELSE {}", otherwise.sql);
        }
        Ok(Typed::new(format!("({sql} END)"), data_type))
    }
}

fn typed_literal(data_type: &DataType, text: &str) -> Result<Typed, String> {
    let wrong = || format!("PARSE ERROR: Illegal {} literal '{text}'", data_type.base_name());
    let sql = match data_type {
        DataType::Date => calendar::date_text(calendar::parse(text).ok_or_else(wrong)?),
        DataType::Timestamp => calendar::timestamp_text(calendar::parse(text).ok_or_else(wrong)?),
        DataType::Time => calendar::time_text(calendar::parse_time(text).ok_or_else(wrong)?),
        _ => return Err(unsupported("this literal")),
    };
    Ok(Typed::new(format!("'{sql}'"), data_type.clone()))
}

pub(super) fn boolean(sql: String) -> Typed {
    Typed::new(sql, DataType::Boolean)
}

/// The engine's text of a string.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `moment` moved by `amount` units.
pub(super) fn shift(unit: &str, amount: &Typed, moment: &Typed) -> Typed {
    let fine = matches!(unit, "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND");
    let data_type = match moment.data_type {
        DataType::Date if !fine => DataType::Date,
        _ => DataType::Timestamp,
    };
    let moment = cast(moment, &data_type);
    Typed::new(format!("dx_add('{unit}', {}, {})", amount.sql, moment.sql), data_type)
}

/// A unit's name in the form that the engine's functions take.
pub(super) fn unit_name(written: &str) -> Result<&'static str, String> {
    let unit = Unit::parse(written.trim_matches('\''));
    let unit =
        unit.ok_or_else(|| format!("VALIDATION ERROR: '{written}' is not a valid time unit"))?;
    Ok(match unit {
        Unit::Millisecond => "MILLISECOND",
        Unit::Second => "SECOND",
        Unit::Minute => "MINUTE",
        Unit::Hour => "HOUR",
        Unit::Day => "DAY",
        Unit::Week => "WEEK",
        Unit::Month => "MONTH",
        Unit::Quarter => "QUARTER",
        Unit::Year => "YEAR",
        Unit::Decade => "DECADE",
        Unit::Century => "CENTURY",
        Unit::DayOfWeek => "DOW",
        Unit::DayOfYear => "DOY",
        Unit::Epoch => "EPOCH",
    })
}

/// Both sides of a comparison in one form: moments are text, and must be written alike.
fn comparable(left: &Typed, right: &Typed) -> (Typed, Typed) {
    use DataType::{Date, Timestamp, Varchar};
    let target = match (&left.data_type, &right.data_type) {
        (Date | Varchar, Timestamp) | (Timestamp, Date | Varchar) => Timestamp,
        (Date, Varchar) | (Varchar, Date) => Date,
        _ => return (left.clone(), right.clone()),
    };
    (cast(left, &target), cast(right, &target))
}

fn literal(value: &Value) -> Result<Typed, String> {
    Ok(match value {
        Value::Null => Typed::new("NULL", DataType::Null),
        Value::Boolean(flag) => Typed::new(if *flag { "1" } else { "0" }, DataType::Boolean),
        Value::SingleQuotedString(text) => Typed::new(quoted(text), DataType::Varchar),
        Value::Number(number, _) => {
            let data_type = if number.contains(['e', 'E']) {
                DataType::Double
            } else if let Some((whole, fraction)) = number.split_once('.') {
                let digits = i64::try_from(whole.len() + fraction.len()).unwrap_or(38);
                typing::decimal(digits, i64::try_from(fraction.len()).unwrap_or(0))
            } else if number.parse::<i32>().is_ok() {
                DataType::Integer
            } else {
                DataType::BigInt
            };
            Typed::new(number.clone(), data_type)
        }
        other => return Err(unsupported(&format!("the literal {other}"))),
    })
}

/// Functions that SQL writes without parentheses.
pub(super) fn bare_function(name: &str) -> Option<Typed> {
    Some(match name.to_ascii_uppercase().as_str() {
        "CURRENT_DATE" => Typed::new("date('now')", DataType::Date),
        "CURRENT_TIMESTAMP" | "NOW" | "LOCALTIMESTAMP" => {
            Typed::new("strftime('%Y-%m-%d %H:%M:%f', 'now')", DataType::Timestamp)
        }
        "CURRENT_TIME" => Typed::new("strftime('%H:%M:%f', 'now')", DataType::Time),
        _ => return None,
    })
}
