//! Conditions on plain columns: comparisons, `LIKE`, `IN`, `BETWEEN`, `IS NULL`, joined by AND, OR
//! and NOT.

use serde_json::Value;
use sqlparser::ast::{BinaryOperator, Expr, InTarget, UnaryOperator, Value as Literal};

use super::{Columns, Row, compare, unsupported};
use crate::model::DataType;

/// A condition whose columns are known by position.
#[derive(Debug)]
pub(super) enum Condition {
    All(Box<Condition>, Box<Condition>),
    Any(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, BinaryOperator, Operand),
    Like { value: Operand, pattern: String, escape: Option<char>, ignore_case: bool },
    In(Operand, Vec<Operand>),
    Null(Operand),
    Constant(bool),
}

/// A column or a literal.
#[derive(Debug)]
pub(super) enum Operand {
    Column(usize),
    Literal(Value),
}

impl Condition {
    pub(super) fn of(expr: &Expr, columns: &Columns) -> Result<Self, String> {
        let of = |expr: &Expr| Self::of(expr, columns).map(Box::new);
        let operand = |expr: &Expr| Operand::of(expr, columns);
        let negate = |condition, negated: bool| {
            if negated { Self::Not(Box::new(condition)) } else { condition }
        };
        let ignore_case = matches!(expr, Expr::ILike { .. });
        Ok(match expr {
            Expr::Nested(inner) => *of(inner)?,
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Self::Not(of(expr)?),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                Self::All(of(left)?, of(right)?)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Self::Any(of(left)?, of(right)?)
            }
            Expr::BinaryOp { left, op, right } => {
                Self::Compare(operand(left)?, op.clone(), operand(right)?)
            }
            Expr::Like { negated, expr, pattern, escape_char, .. }
            | Expr::ILike { negated, expr, pattern, escape_char, .. } => {
                let Value::String(pattern) = literal(pattern)?.0 else {
                    return Err(unsupported("a pattern that is no text"));
                };
                let escape = match escape_char.as_deref().map(literal).transpose()? {
                    Some((Value::String(text), _)) => text.chars().next(),
                    _ => None,
                };
                let like = Self::Like { value: operand(expr)?, pattern, escape, ignore_case };
                negate(like, *negated)
            }
            Expr::In { expr, target: InTarget::List(list), negated, .. } => {
                let list = list.iter().map(operand).collect::<Result<_, _>>()?;
                negate(Self::In(operand(expr)?, list), *negated)
            }
            Expr::Between { expr, negated, low, high } => {
                let from = Self::Compare(operand(expr)?, BinaryOperator::GtEq, operand(low)?);
                let to = Self::Compare(operand(expr)?, BinaryOperator::LtEq, operand(high)?);
                negate(Self::All(Box::new(from), Box::new(to)), *negated)
            }
            Expr::IsNull(expr) => Self::Null(operand(expr)?),
            Expr::IsNotNull(expr) => negate(Self::Null(operand(expr)?), true),
            Expr::Value(value) => match &value.value {
                Literal::Boolean(constant) => Self::Constant(*constant),
                _ => return Err(unsupported("this condition")),
            },
            _ => return Err(unsupported(&format!("the condition {expr}"))),
        })
    }

    /// Splits off what is about the columns up to `last` alone; both parts together say the same.
    pub(super) fn split(self, last: usize) -> (Option<Self>, Option<Self>) {
        let join = |a: Option<Self>, b: Option<Self>| match (a, b) {
            (Some(a), Some(b)) => Some(Self::All(Box::new(a), Box::new(b))),
            (a, b) => a.or(b),
        };
        match self {
            Self::All(a, b) => {
                let (early_a, late_a) = a.split(last);
                let (early_b, late_b) = b.split(last);
                (join(early_a, early_b), join(late_a, late_b))
            }
            other if other.reaches() <= last => (Some(other), None),
            other => (None, Some(other)),
        }
    }

    /// The last column that it looks at.
    fn reaches(&self) -> usize {
        match self {
            Self::All(a, b) | Self::Any(a, b) => a.reaches().max(b.reaches()),
            Self::Not(inner) => inner.reaches(),
            Self::Compare(a, _, b) => a.reaches().max(b.reaches()),
            Self::Like { value, .. } | Self::Null(value) => value.reaches(),
            Self::In(value, list) => {
                list.iter().map(Operand::reaches).fold(value.reaches(), usize::max)
            }
            Self::Constant(_) => 0,
        }
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        match self {
            Self::All(a, b) => a.holds(row) && b.holds(row),
            Self::Any(a, b) => a.holds(row) || b.holds(row),
            Self::Not(inner) => !inner.holds(row),
            Self::Constant(constant) => *constant,
            Self::Null(operand) => operand.value(row).is_null(),
            Self::In(operand, list) => {
                let value = operand.value(row);
                list.iter().any(|other| compare(&value, &other.value(row)).is_eq())
            }
            Self::Like { value, pattern, escape, ignore_case } => match value.value(row) {
                Value::String(text) if *ignore_case => {
                    is_like(&text.to_lowercase(), &pattern.to_lowercase(), *escape)
                }
                Value::String(text) => is_like(&text, pattern, *escape),
                _ => false,
            },
            Self::Compare(a, op, b) => {
                let (a, b) = (a.value(row), b.value(row));
                if a.is_null() || b.is_null() {
                    return false;
                }
                let order = compare(&a, &b);
                match op {
                    BinaryOperator::Eq => order.is_eq(),
                    BinaryOperator::NotEq => order.is_ne(),
                    BinaryOperator::Lt => order.is_lt(),
                    BinaryOperator::LtEq => order.is_le(),
                    BinaryOperator::Gt => order.is_gt(),
                    BinaryOperator::GtEq => order.is_ge(),
                    _ => false,
                }
            }
        }
    }
}

impl Operand {
    fn of(expr: &Expr, columns: &Columns) -> Result<Self, String> {
        if let Ok(column) = column(expr, columns) {
            return Ok(Self::Column(column));
        }
        if let Ok((value, _)) = literal(expr) {
            return Ok(Self::Literal(value));
        }
        Err(format!("VALIDATION ERROR: Column '{expr}' not found in any table"))
    }

    fn reaches(&self) -> usize {
        match self {
            Self::Column(at) => *at,
            Self::Literal(_) => 0,
        }
    }

    fn value(&self, row: &Row) -> Value {
        match self {
            Self::Column(at) => row[*at].clone(),
            Self::Literal(value) => value.clone(),
        }
    }
}

/// The position of the column that an expression names, compared without case.
pub(super) fn column(expr: &Expr, columns: &Columns) -> Result<usize, String> {
    let name = match expr {
        Expr::Identifier(ident) => Some(&ident.value),
        Expr::CompoundIdentifier(idents) => idents.last().map(|ident| &ident.value),
        _ => None,
    };
    name.and_then(|name| {
        let wanted = name.to_lowercase();
        columns.iter().position(|(name, _)| name.to_lowercase() == wanted)
    })
    .ok_or_else(|| format!("VALIDATION ERROR: Column '{expr}' not found in any table"))
}

pub(super) fn literal(expr: &Expr) -> Result<(Value, DataType), String> {
    let Expr::Value(value) = expr else { return Err(unsupported(&format!("{expr}"))) };
    Ok(match &value.value {
        Literal::Number(digits, _) => match digits.parse::<i64>() {
            Ok(number) => (number.into(), DataType::Integer),
            Err(_) => (digits.parse::<f64>().unwrap_or(0.0).into(), DataType::Double),
        },
        Literal::SingleQuotedString(text) => (text.as_str().into(), DataType::Varchar),
        Literal::Boolean(value) => ((*value).into(), DataType::Boolean),
        Literal::Null => (Value::Null, DataType::Null),
        other => return Err(unsupported(&format!("{other}"))),
    })
}

/// SQL's `LIKE`: `%` any text, `_` any character.
fn is_like(text: &str, pattern: &str, escape: Option<char>) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut tokens: Vec<(char, bool)> = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            tokens.extend(chars.next().map(|literal| (literal, true)));
        } else {
            tokens.push((c, false));
        }
    }
    // One remembered `%` is enough: a later one makes every earlier choice good.
    let (mut at, mut token) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(('%', false)) => {
                star = Some((token, at));
                token += 1;
            }
            Some((c, is_literal)) if *c == text[at] || (*c == '_' && !is_literal) => {
                at += 1;
                token += 1;
            }
            _ => match star {
                Some((star_token, star_at)) => {
                    star = Some((star_token, star_at + 1));
                    token = star_token + 1;
                    at = star_at + 1;
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|token| *token == ('%', false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_patterns() {
        assert!(is_like("sales_01.orders", "sales%", None));
        assert!(is_like("abcabc", "%bc", None));
        assert!(is_like("abc", "a_c", None));
        assert!(!is_like("abc", "a_", None));
        assert!(!is_like("sales-01", r"sales\_%", Some('\\')));
        assert!(is_like("sales_01", r"sales\_%", Some('\\')));
        assert!(is_like("", "%", None));
    }
}
