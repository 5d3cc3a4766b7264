//! What the built-in catalogues hold.

use std::collections::HashMap;

use dremio_explorer::model::{DataType, DatasetPath};
use dremio_explorer::sandbox::sql::Engine;
use dremio_explorer::sandbox::world::{Kind, Node, World};
use serde_json::Value;
use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::{BROKEN, datasets, declared, kinds, number, world};

/// Whether a result may hold this value in a column of this type.
fn fits(value: &Value, data_type: &DataType) -> bool {
    match (value, data_type) {
        (Value::Null, _)
        | (Value::Bool(_), DataType::Boolean)
        | (Value::Number(_), DataType::Double | DataType::Decimal { .. })
        | (Value::String(_), DataType::Varchar) => true,
        (Value::Number(number), DataType::Integer | DataType::BigInt) => number.is_i64(),
        (Value::String(text), DataType::Date) => text.len() == 10,
        (Value::String(text), DataType::Timestamp) => text.len() == 23 && text.contains(' '),
        (Value::Array(values), DataType::List(Some(element))) => {
            values.iter().all(|value| fits(value, element))
        }
        (Value::Object(object), DataType::Struct(Some(fields))) => {
            object.iter().all(|(name, v)| {
                fields.iter().any(|field| field.name == *name && fits(v, &field.data_type))
            })
        }
        (Value::Object(object), DataType::Map(Some(entry))) => {
            object.values().all(|value| fits(value, &entry.1))
        }
        _ => false,
    }
}

#[test]
fn every_readable_dataset_previews_with_its_declared_columns() {
    for name in World::names() {
        let world = world(name);
        let engine = Engine::new(&world);
        let mut wrong = Vec::new();
        for (path, node) in datasets(&world) {
            if node.forbidden || path.to_string() == BROKEN {
                continue;
            }
            match engine.run(&format!("SELECT * FROM {}", path.to_sql()), &[]) {
                Err(problem) => wrong.push(format!("{path}: {problem}")),
                Ok(answer) => {
                    if answer.rows.is_empty() {
                        wrong.push(format!("{path}: no rows"));
                    }
                    if answer.columns != declared(node) {
                        wrong.push(format!(
                            "{path}: columns {:?}, declared {:?}",
                            answer.columns,
                            declared(node)
                        ));
                    }
                    let misfit = answer.rows.iter().flat_map(|row| row.iter().zip(&answer.columns));
                    let misfit = misfit.clone().find(|(value, (_, t))| !fits(value, t));
                    if let Some((value, (column, data_type))) = misfit {
                        wrong.push(format!("{path}.{column}: {value} is no {data_type}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn reference_has_exactly_36_resources_and_no_dataset_right_under_a_root() {
    let world = world("reference");
    let counts = kinds(&world);
    assert_eq!(counts, HashMap::from([("root", 10), ("folder", 15), ("dataset", 11)]));
    for (path, node) in datasets(&world) {
        assert!(path.len() > 2, "{path} would need a default schema");
        assert!(node.columns.as_ref().is_some_and(|columns| !columns.is_empty()), "{path}");
    }
}

#[test]
fn shop_has_about_80_datasets_and_its_special_cases() {
    let world = world("shop");
    let counts = kinds(&world);
    assert!((80..=90).contains(&counts["dataset"]), "{counts:?}");
    let roots = |kind| world.catalog.iter().filter(|node| node.kind == kind).count();
    assert_eq!((roots(Kind::Source), roots(Kind::Space), roots(Kind::Home)), (4, 5, 1));
    let count = |matches: fn(&Node) -> bool| datasets(&world).filter(|d| matches(d.1)).count();
    assert_eq!(count(|node| node.forbidden), 1);
    assert_eq!(count(|node| node.sql_hidden), 1);
    assert_eq!(count(|node| node.columns.is_none()), 1);
    assert_eq!(counts["function"], 2);
    assert!(counts["file"] >= 5);
    let bad: Vec<_> = world
        .catalog
        .iter()
        .filter_map(|node| node.state.as_ref())
        .filter(|state| state.status == "bad")
        .collect();
    assert_eq!(bad.len(), 1);
    assert!(!bad[0].messages.is_empty() && !bad[0].suggestion.is_empty());
}

/// Significant tokens; identifiers with whether they were quoted.
fn tokens(sql: &str) -> Vec<Token> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().expect("tokens");
    tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect()
}

fn word(token: Option<&Token>) -> Option<&str> {
    match token {
        Some(Token::Word(word)) => Some(&word.value),
        _ => None,
    }
}

/// Names after FROM and JOIN, found by tokens alone: not the way the engine finds them.
fn sources(sql: &str) -> Vec<Vec<String>> {
    let tokens = tokens(sql);
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let introduces = matches!(token, Token::Word(word)
            if word.quote_style.is_none()
                && matches!(word.value.to_uppercase().as_str(), "FROM" | "JOIN"));
        let mut next = at + 1;
        let mut name: Vec<String> = Vec::new();
        while let (true, Some(part)) = (introduces, word(tokens.get(next))) {
            name.push(part.to_owned());
            next += 2;
            if tokens.get(next - 1) != Some(&Token::Period) {
                break;
            }
        }
        if !name.is_empty() {
            names.push(name);
        }
    }
    names
}

fn depth(
    path: &DatasetPath,
    nodes: &HashMap<DatasetPath, &Node>,
    known: &mut HashMap<DatasetPath, usize>,
) -> usize {
    if let Some(depth) = known.get(path) {
        return *depth;
    }
    let node = nodes[path];
    let mut deepest = 0;
    for name in sources(node.sql.as_deref().unwrap_or_default()) {
        let with_context = node.context.iter().chain(&name).collect::<Vec<_>>();
        let candidates =
            [DatasetPath::new(with_context.into_iter().cloned()), DatasetPath::new(name.clone())];
        if let Some(source) =
            candidates.iter().map(DatasetPath::folded).find(|p| nodes.contains_key(p))
        {
            deepest = deepest.max(depth(&source, nodes, known));
        }
    }
    known.insert(path.clone(), deepest + 1);
    deepest + 1
}

#[test]
fn shop_is_more_than_six_layers_deep() {
    let world = world("shop");
    let nodes: HashMap<_, _> = datasets(&world).map(|(path, node)| (path.folded(), node)).collect();
    let mut known = HashMap::new();
    let deepest = nodes.keys().map(|path| depth(path, &nodes, &mut known)).max();
    assert!(deepest >= Some(6), "{deepest:?}");
    assert_eq!(known[&DatasetPath::new(["reporting", "executive", "board_pack"])], 8);
}

#[test]
fn view_sql_is_dremio_sql() {
    const FOREIGN: [&str; 10] = [
        "NATURAL",
        "TRY_CAST",
        "LATERAL",
        "DISTINCTROW",
        "TOP",
        "STRING_AGG",
        "GROUP_CONCAT",
        "IFF",
        "DATEADD",
        "SAFE_CAST",
    ];
    const RESERVED: [&str; 42] = [
        "VALUE",
        "YEAR",
        "MONTH",
        "DAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "RANK",
        "ROW",
        "ROWS",
        "USER",
        "METHOD",
        "RESULT",
        "POSITION",
        "START",
        "END",
        "LANGUAGE",
        "CALL",
        "CURRENT",
        "FILTER",
        "RETURN",
        "ORDER",
        "GROUP",
        "PERCENT",
        "PERIOD",
        "RANGE",
        "REF",
        "SYSTEM",
        "UNIQUE",
        "TABLES",
        "FILES",
        "SCHEMAS",
        "COUNT",
        "SUM",
        "SECTION",
        "TRANSLATE",
        "WINDOW",
        "EXEC",
        "SNAPSHOT",
    ];
    let mut wrong = Vec::new();
    for name in World::names() {
        let world = world(name);
        for (path, node) in world.walk() {
            let Some(sql) = &node.sql else { continue };
            let tokens = tokens(sql);
            for (at, token) in tokens.iter().enumerate() {
                let Token::Word(found) = token else { continue };
                if found.quote_style.is_some() {
                    continue;
                }
                let upper = found.value.to_uppercase();
                if FOREIGN.contains(&upper.as_str()) {
                    wrong.push(format!("{path}: Dremio has no {upper}"));
                }
                let after_as = at > 0
                    && word(tokens.get(at - 1)).is_some_and(|w| w.eq_ignore_ascii_case("as"));
                let called = tokens.get(at + 1) == Some(&Token::LParen);
                let in_cast = tokens.get(at + 1) == Some(&Token::RParen) || called;
                if after_as && !in_cast && RESERVED.contains(&upper.as_str()) {
                    wrong.push(format!("{path}: the alias {upper} is reserved"));
                }
                let set = ["INTERSECT", "EXCEPT"].contains(&upper.as_str());
                if set && word(tokens.get(at + 1)) == Some("ALL") {
                    wrong.push(format!("{path}: {upper} ALL"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_refer_to_rows_that_exist() {
    let engine = Engine::new(&world("shop"));
    let lake = r#"lake."shop-raw""#;
    let references = [
        (format!("{lake}.orders"), "customer_id", "crm.public.customers".to_owned()),
        (format!("{lake}.order_items"), "order_id", format!("{lake}.orders")),
        (format!("{lake}.order_items"), "product_id", format!("{lake}.products")),
        (format!("{lake}.shipments"), "warehouse_id", "catalog.dims.warehouses".to_owned()),
        (format!("{lake}.products"), "supplier_id", "catalog.dims.suppliers".to_owned()),
        (
            "crm.public.loyalty_points".to_owned(),
            "account_id",
            "crm.public.loyalty_accounts".to_owned(),
        ),
        (
            "catalog.supply.purchase_order_lines".to_owned(),
            "po_id",
            "catalog.supply.purchase_orders".to_owned(),
        ),
    ];
    for (from, column, to) in references {
        let orphans = format!(
            "SELECT COUNT(*) FROM {from} f LEFT JOIN {to} t ON t.{column} = f.{column} \
             WHERE f.{column} IS NOT NULL AND t.{column} IS NULL"
        );
        assert_eq!(number(&engine, &orphans), 0, "{from}.{column}");
    }
    let unpaid = format!(
        "SELECT COUNT(*) FROM (SELECT p.order_id FROM {lake}.payments p \
         JOIN {lake}.order_items i ON i.order_id = p.order_id GROUP BY p.order_id, p.items_amount \
         HAVING ABS(SUM(i.line_total) - p.items_amount) > 0.005) d"
    );
    assert_eq!(number(&engine, &unpaid), 0, "payments are the sum of the lines");
}
