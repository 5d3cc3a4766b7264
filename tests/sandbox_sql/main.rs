//! The built-in catalogues and the SQL engine over them: every dataset that can be read gives rows
//! of its declared columns, and answers follow the contract (§4.3–4.5, §7).
#![cfg(feature = "demo")]

mod catalogues;
mod queries;
mod running;
mod system_tables;

use std::collections::HashMap;

use dremio_explorer::model::{DataType, DatasetPath};
use dremio_explorer::sandbox::sql::{Answer, Engine};
use dremio_explorer::sandbox::world::{Kind, Node, World};

const BROKEN: &str = "reporting.old.revenue_by_brand";

fn world(name: &str) -> World {
    World::embedded(name).expect("a built-in catalogue")
}

fn run(engine: &Engine, sql: &str) -> Answer {
    engine.run(sql, &[]).unwrap_or_else(|problem| panic!("{sql}\n{problem}"))
}

fn error(engine: &Engine, sql: &str) -> String {
    engine.run(sql, &[]).expect_err(sql)
}

fn number(engine: &Engine, sql: &str) -> i64 {
    run(engine, sql).rows[0][0].as_i64().unwrap_or_else(|| panic!("{sql}: no number"))
}

fn datasets(world: &World) -> impl Iterator<Item = (DatasetPath, &Node)> {
    world.walk().filter(|(_, node)| matches!(node.kind, Kind::Table | Kind::View))
}

fn kinds(world: &World) -> HashMap<&'static str, usize> {
    let mut counts = HashMap::new();
    for (_, node) in world.walk() {
        let name = match node.kind {
            Kind::Home | Kind::Space | Kind::Source => "root",
            Kind::Folder => "folder",
            Kind::File => "file",
            Kind::Table | Kind::View => "dataset",
            Kind::Function => "function",
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn declared(node: &Node) -> Vec<(String, DataType)> {
    let specs = node.columns.iter().chain(&node.read_columns).flatten();
    specs.map(|spec| (spec.name.clone(), spec.data_type.parse().expect("a type"))).collect()
}
