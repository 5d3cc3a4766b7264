//! Access to what is inside nested values: fields of structs, elements of lists, values of maps.

use sqlparser::ast::{self, AccessExpr, Expr, Subscript};

use crate::model::DataType;
use crate::model::path::fold;
use crate::sandbox::sql::expr::quoted;
use crate::sandbox::sql::from::element;
use crate::sandbox::sql::query::{Translator, unsupported};
use crate::sandbox::sql::scope::{Scope, Typed};

impl Translator<'_> {
    pub(super) fn access(
        &mut self,
        root: &Expr,
        chain: &[AccessExpr],
        scope: &Scope<'_>,
    ) -> Result<Typed, String> {
        // `a.b[0].c` comes as a root, then mixed steps; leading names may be a table's.
        let mut name: Vec<ast::Ident> = match root {
            Expr::Identifier(ident) => vec![ident.clone()],
            Expr::CompoundIdentifier(parts) => parts.clone(),
            _ => Vec::new(),
        };
        let mut steps = chain.iter().peekable();
        let mut value = if name.is_empty() {
            self.expr(root, scope)?
        } else {
            while let Some(AccessExpr::Dot(Expr::Identifier(ident))) = steps.peek() {
                name.push(ident.clone());
                steps.next();
            }
            self.column(&name, scope)?
        };
        for step in steps {
            value = match step {
                AccessExpr::Dot(Expr::Identifier(ident)) => field(&value, &ident.value)?,
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    let index = self.expr(index, scope)?;
                    subscript(&value, &index)?
                }
                other => return Err(unsupported(&format!("the access {other}"))),
            };
        }
        Ok(value)
    }
}

/// `value.name` of a struct, or of JSON whose shape is not known.
pub(super) fn field(value: &Typed, name: &str) -> Result<Typed, String> {
    let key = fold(name);
    let (name, data_type) = match &value.data_type {
        DataType::Struct(Some(fields)) => {
            let field = fields.iter().find(|field| fold(&field.name) == key).ok_or_else(|| {
                format!("VALIDATION ERROR: Column '{name}' not found in {}", value.data_type)
            })?;
            (field.name.as_str(), field.data_type.clone())
        }
        DataType::Map(Some(entry)) => (name, entry.1.clone()),
        DataType::Struct(None) | DataType::Map(None) | DataType::Unknown(_) => {
            (name, DataType::Unknown("ANY".to_owned()))
        }
        other => {
            return Err(format!(
                "VALIDATION ERROR: Incompatible types: a field {name:?} of a {}",
                other.base_name()
            ));
        }
    };
    let path = quoted(&format!("$.\"{name}\""));
    Ok(Typed::new(format!("json_extract({}, {path})", value.sql), data_type))
}

/// `value[index]` of a list or a map.
fn subscript(value: &Typed, index: &Typed) -> Result<Typed, String> {
    if index.data_type == DataType::Varchar {
        return field(value, index.sql.trim_matches('\''));
    }
    let data_type = element(&value.data_type);
    let path = format!("'$[' || {} || ']'", index.sql);
    Ok(Typed::new(format!("json_extract({}, {path})", value.sql), data_type))
}
