//! Built-in scalar functions of Dremio, in the engine's terms. Those that the engine lacks are
//! registered by [`runtime`](super::runtime) under names that start with `dx_`.

use sqlparser::ast::{self, Expr};

use crate::model::{DataType, Field};
use crate::sandbox::sql::expr::{bare_function, boolean, quoted, shift, unit_name};
use crate::sandbox::sql::functions::as_json;
use crate::sandbox::sql::query::{Translator, unsupported};
use crate::sandbox::sql::scope::{Scope, Typed};
use crate::sandbox::sql::typing::{self, cast};

impl Translator<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each function")]
    /// The call of a built-in function, or `None` where there is none of this name.
    pub(super) fn scalar(
        &mut self,
        name: &str,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Option<Typed>, String> {
        if let Some(value) = self.with_unit(name, function, scope)? {
            return Ok(Some(value));
        }
        if !is_built_in(name) {
            return Ok(None);
        }
        let arguments = self.arguments_of(function, scope)?;
        let count = arguments.len();
        let wrong_count = || {
            format!("VALIDATION ERROR: Invalid number of arguments to function '{name}': {count}")
        };
        let get = |index: usize| arguments.get(index).ok_or_else(wrong_count);
        let sql = |index: usize| get(index).map(|argument| argument.sql.as_str());
        let list = || arguments.iter().map(|a| a.sql.as_str()).collect::<Vec<_>>().join(", ");
        let common = || {
            arguments.iter().fold(DataType::Null, |data_type, argument| {
                typing::common(&data_type, &argument.data_type)
            })
        };
        let text = |sql: String| Typed::new(sql, DataType::Varchar);
        let integer = |sql: String| Typed::new(sql, DataType::Integer);
        let double = |sql: String| Typed::new(sql, DataType::Double);
        Ok(Some(match name {
            "COALESCE" | "NVL" | "IFNULL" => {
                if count < 2 {
                    return Err(wrong_count());
                }
                Typed::new(format!("coalesce({})", list()), common())
            }
            "NULLIF" => {
                Typed::new(format!("nullif({}, {})", sql(0)?, sql(1)?), get(0)?.data_type.clone())
            }
            "GREATEST" => Typed::new(format!("max({})", list()), common()),
            "LEAST" => Typed::new(format!("min({})", list()), common()),
            "CONCAT" => {
                let parts: Vec<String> = arguments
                    .iter()
                    .map(|part| format!("coalesce({}, '')", cast(part, &DataType::Varchar).sql))
                    .collect();
                text(format!("({})", parts.join(" || ")))
            }
            "CONCAT_WS" => text(format!("concat_ws({})", list())),
            "UPPER" | "UCASE" => text(format!("dx_upper({})", sql(0)?)),
            "LOWER" | "LCASE" => text(format!("dx_lower({})", sql(0)?)),
            "INITCAP" => text(format!("dx_initcap({})", sql(0)?)),
            "REVERSE" => text(format!("dx_reverse({})", sql(0)?)),
            "TRIM" | "BTRIM" => text(format!("trim({})", list())),
            "LTRIM" | "RTRIM" | "REPLACE" => text(format!("{}({})", name.to_lowercase(), list())),
            "SUBSTR" | "SUBSTRING" => text(format!("substr({})", list())),
            "LEFT" => text(format!("substr({}, 1, {})", sql(0)?, sql(1)?)),
            "RIGHT" => text(format!("dx_right({}, {})", sql(0)?, sql(1)?)),
            "LPAD" | "RPAD" => {
                let fill = if count > 2 { sql(2)? } else { "' '" };
                let value = cast(get(0)?, &DataType::Varchar).sql;
                text(format!("dx_{}({value}, {}, {fill})", name.to_lowercase(), sql(1)?))
            }
            "REPEAT" => text(format!("replace(hex(zeroblob({})), '00', {})", sql(1)?, sql(0)?)),
            "SPLIT_PART" => text(format!("dx_split_part({})", list())),
            "MD5" => text(format!("dx_md5({})", cast(get(0)?, &DataType::Varchar).sql)),
            "LENGTH" | "CHAR_LENGTH" | "CHARACTER_LENGTH" => {
                integer(format!("length({})", sql(0)?))
            }
            "STRPOS" => integer(format!("instr({}, {})", sql(0)?, sql(1)?)),
            "LOCATE" => integer(format!("instr({}, {})", sql(1)?, sql(0)?)),
            "ASCII" => integer(format!("unicode({})", sql(0)?)),
            "CHR" => text(format!("char({})", sql(0)?)),
            "STARTS_WITH" => boolean(format!("(instr({}, {}) = 1)", sql(0)?, sql(1)?)),
            "ENDS_WITH" => {
                let (value, end) = (sql(0)?, sql(1)?);
                boolean(format!("(dx_right({value}, length({end})) = {end})"))
            }
            "REGEXP_LIKE" | "REGEXP_MATCHES" => boolean(format!("dx_regexp_like({})", list())),
            "REGEXP_REPLACE" => text(format!("dx_regexp_replace({})", list())),
            "REGEXP_EXTRACT" => {
                let group = if count > 2 { sql(2)? } else { "0" };
                text(format!("dx_regexp_extract({}, {}, {group})", sql(0)?, sql(1)?))
            }
            "ABS" | "SIGN" => {
                let argument = get(0)?;
                let name = name.to_lowercase();
                Typed::new(format!("{name}({})", argument.sql), argument.data_type.clone())
            }
            "ROUND" | "TRUNCATE" | "TRUNC" => {
                let argument = get(0)?;
                let digits = if count > 1 { sql(1)? } else { "0" };
                let function = if name == "ROUND" { "dx_round" } else { "dx_truncate" };
                let data_type = match argument.data_type {
                    DataType::Decimal { precision, scale } => typing::decimal(
                        precision.unwrap_or(38).into(),
                        digits.parse::<i64>().unwrap_or(0).min(scale.unwrap_or(0).into()).max(0),
                    ),
                    ref other => other.clone(),
                };
                Typed::new(format!("{function}({}, {digits})", argument.sql), data_type)
            }
            "MOD" => {
                let data_type = typing::arithmetic('%', &get(0)?.data_type, &get(1)?.data_type);
                let function = if typing::is_integer(&data_type) {
                    format!("({} % {})", sql(0)?, sql(1)?)
                } else {
                    format!("dx_mod({})", list())
                };
                Typed::new(function, data_type)
            }
            "POWER" | "POW" => double(format!("dx_power({})", list())),
            "SQRT" | "LN" | "LOG10" | "EXP" | "RADIANS" | "DEGREES" | "SIN" | "COS" | "TAN" => {
                double(format!("dx_math({}, {})", quoted(name), sql(0)?))
            }
            "LOG" if count == 2 => {
                double(format!("(dx_math('LN', {}) / dx_math('LN', {}))", sql(1)?, sql(0)?))
            }
            "LOG" => double(format!("dx_math('LN', {})", sql(0)?)),
            "GEO_DISTANCE" => double(format!("dx_geo_distance({})", list())),
            "RANDOM" => double("(abs(random()) / 9223372036854775807.0)".to_owned()),
            "NOW" | "CURRENT_DATE" | "CURRENT_TIMESTAMP" | "CURRENT_TIME" => {
                bare_function(name).ok_or_else(wrong_count)?
            }
            "TO_CHAR" => {
                let argument = get(0)?;
                let format = sql(1)?;
                if typing::is_number(&argument.data_type) {
                    text(format!("dx_number_text({}, {format})", argument.sql))
                } else {
                    text(format!("dx_format({}, {format})", argument.sql))
                }
            }
            "TO_DATE" | "TO_TIMESTAMP" => {
                let (data_type, function) = if name == "TO_DATE" {
                    (DataType::Date, "dx_date")
                } else {
                    (DataType::Timestamp, "dx_timestamp")
                };
                let argument = get(0)?;
                let value = if typing::is_number(&argument.data_type) {
                    format!("dx_from_seconds({})", argument.sql)
                } else if count > 1 {
                    format!("dx_parse({}, {})", argument.sql, sql(1)?)
                } else {
                    argument.sql.clone()
                };
                Typed::new(format!("{function}({value})"), data_type)
            }
            "TO_NUMBER" => double(format!("dx_double({})", sql(0)?)),
            "UNIX_TIMESTAMP" => {
                Typed::new(format!("dx_extract('EPOCH', {})", sql(0)?), DataType::BigInt)
            }
            "LAST_DAY" => Typed::new(
                format!(
                    "dx_date(dx_add('DAY', -1, dx_add('MONTH', 1, dx_truncate_to('MONTH', {}))))",
                    sql(0)?
                ),
                DataType::Date,
            ),
            "YEAR" | "QUARTER" | "MONTH" | "WEEK" | "DAY" | "HOUR" | "MINUTE" | "SECOND"
            | "DAYOFWEEK" | "DAYOFYEAR" | "DAYOFMONTH" => {
                let unit = unit_name(name)?;
                Typed::new(format!("dx_extract('{unit}', {})", sql(0)?), DataType::BigInt)
            }
            "MONTHNAME" => text(format!("dx_format({}, 'Month')", sql(0)?)),
            "DAYNAME" => text(format!("dx_format({}, 'Day')", sql(0)?)),
            "DATEDIFF" | "DATE_DIFF" => {
                let (to, from) = (cast(get(0)?, &DataType::Date), cast(get(1)?, &DataType::Date));
                integer(format!("dx_diff('DAY', {}, {})", from.sql, to.sql))
            }
            "MONTHS_BETWEEN" => double(format!("dx_months_between({})", list())),
            "CONVERT_FROM" => match sql(1)?.trim_matches('\'').to_ascii_uppercase().as_str() {
                "JSON" => Typed::new(format!("json({})", sql(0)?), DataType::Struct(None)),
                "UTF8" => text(format!("CAST({} AS TEXT)", sql(0)?)),
                other => return Err(unsupported(&format!("CONVERT_FROM to {other}"))),
            },
            "CONVERT_TO" => Typed::new(format!("CAST({} AS TEXT)", sql(0)?), DataType::Varchar),
            "ARRAY_LENGTH" | "ARRAY_SIZE" | "CARDINALITY" | "SIZE" => {
                integer(format!("json_array_length({})", sql(0)?))
            }
            "ARRAY_CONTAINS" => {
                boolean(format!("({} IN (SELECT value FROM json_each({})))", sql(1)?, sql(0)?))
            }
            "ARRAY_TO_STRING" => text(format!(
                "(SELECT group_concat(value, {}) FROM json_each({}))",
                sql(1)?,
                sql(0)?
            )),
            "MAP_KEYS" => Typed::new(
                format!("(SELECT json_group_array(key) FROM json_each({}))", sql(0)?),
                DataType::List(Some(Box::new(DataType::Varchar))),
            ),
            "MAP_VALUES" => {
                let value = match &get(0)?.data_type {
                    DataType::Map(Some(entry)) => entry.1.clone(),
                    _ => DataType::Unknown("ANY".to_owned()),
                };
                Typed::new(
                    format!("(SELECT json_group_array(value) FROM json_each({}))", sql(0)?),
                    DataType::List(Some(Box::new(value))),
                )
            }
            "ROW" => {
                let fields = arguments.iter().enumerate().map(|(index, argument)| Field {
                    name: format!("EXPR${index}"),
                    data_type: argument.data_type.clone(),
                });
                let members: Vec<String> = arguments
                    .iter()
                    .enumerate()
                    .map(|(index, argument)| format!("'EXPR${index}', {}", as_json(argument)))
                    .collect();
                let data_type = DataType::Struct(Some(fields.collect()));
                Typed::new(format!("json_object({})", members.join(", ")), data_type)
            }
            "IS_MEMBER" => boolean("0".to_owned()),
            "QUERY_USER" | "USER" | "SESSION_USER" | "CURRENT_USER" => {
                text(quoted(&self.store.index.world().user))
            }
            _ => return Ok(None),
        }))
    }

    /// Functions one of whose arguments is a unit of time.
    fn with_unit(
        &mut self,
        name: &str,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Option<Typed>, String> {
        if !matches!(
            name,
            "DATE_TRUNC" | "DATE_PART" | "TIMESTAMPDIFF" | "TIMESTAMPADD" | "DATE_ADD" | "DATE_SUB"
        ) {
            return Ok(None);
        }
        let arguments = Self::argument_exprs(function)?;
        let unit = |expr: &Expr| unit_name(&expr.to_string());
        Ok(Some(match (name, arguments.as_slice()) {
            ("DATE_TRUNC", [written, moment]) => {
                let (unit, moment) = (unit(written)?, self.expr(moment, scope)?);
                let moment = match moment.data_type {
                    DataType::Date => moment,
                    _ => cast(&moment, &DataType::Timestamp),
                };
                Typed::new(format!("dx_truncate_to('{unit}', {})", moment.sql), moment.data_type)
            }
            ("DATE_PART", [written, moment]) => {
                let (unit, moment) = (unit(written)?, self.expr(moment, scope)?);
                Typed::new(format!("dx_extract('{unit}', {})", moment.sql), DataType::BigInt)
            }
            ("TIMESTAMPDIFF", [written, from, to]) => {
                let unit = unit(written)?;
                let from = cast(&self.expr(from, scope)?, &DataType::Timestamp);
                let to = cast(&self.expr(to, scope)?, &DataType::Timestamp);
                let sql = format!("dx_diff('{unit}', {}, {})", from.sql, to.sql);
                Typed::new(sql, DataType::Integer)
            }
            ("TIMESTAMPADD", [written, amount, moment]) => {
                let (unit, amount) = (unit(written)?, self.expr(amount, scope)?);
                shift(unit, &amount, &self.expr(moment, scope)?)
            }
            ("DATE_ADD" | "DATE_SUB", [moment, amount]) => {
                let moment = self.expr(moment, scope)?;
                let moment = match moment.data_type {
                    DataType::Varchar => cast(&moment, &DataType::Date),
                    _ => moment,
                };
                let minus = name == "DATE_SUB";
                if let Expr::Interval(interval) = amount {
                    self.shifted(&moment, interval, minus, scope)?
                } else {
                    let amount = self.expr(amount, scope)?;
                    let sign = if minus { "-" } else { "" };
                    let amount = Typed::new(format!("({sign}{})", amount.sql), amount.data_type);
                    shift("DAY", &amount, &moment)
                }
            }
            _ => {
                return Err(format!(
                    "VALIDATION ERROR: Invalid number of arguments to function '{name}': {}",
                    arguments.len()
                ));
            }
        }))
    }
}

fn is_built_in(name: &str) -> bool {
    const NAMES: &str = " COALESCE NVL IFNULL NULLIF GREATEST LEAST CONCAT CONCAT_WS UPPER UCASE \
        LOWER LCASE INITCAP REVERSE TRIM BTRIM LTRIM RTRIM REPLACE SUBSTR SUBSTRING LEFT RIGHT LPAD \
        RPAD REPEAT SPLIT_PART MD5 LENGTH CHAR_LENGTH CHARACTER_LENGTH STRPOS LOCATE ASCII CHR \
        STARTS_WITH ENDS_WITH REGEXP_LIKE REGEXP_MATCHES REGEXP_REPLACE REGEXP_EXTRACT ABS SIGN \
        ROUND TRUNCATE TRUNC MOD POWER POW SQRT LN LOG10 EXP RADIANS DEGREES SIN COS TAN LOG \
        GEO_DISTANCE RANDOM NOW CURRENT_DATE CURRENT_TIMESTAMP CURRENT_TIME TO_CHAR TO_DATE \
        TO_TIMESTAMP TO_NUMBER UNIX_TIMESTAMP LAST_DAY YEAR QUARTER MONTH WEEK DAY HOUR MINUTE \
        SECOND DAYOFWEEK DAYOFYEAR DAYOFMONTH MONTHNAME DAYNAME DATEDIFF DATE_DIFF MONTHS_BETWEEN \
        CONVERT_FROM CONVERT_TO ARRAY_LENGTH ARRAY_SIZE CARDINALITY SIZE ARRAY_CONTAINS \
        ARRAY_TO_STRING MAP_KEYS MAP_VALUES ROW IS_MEMBER QUERY_USER USER SESSION_USER CURRENT_USER ";
    NAMES.split_ascii_whitespace().any(|known| known == name)
}
