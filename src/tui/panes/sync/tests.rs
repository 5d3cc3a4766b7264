//! The tree of a plan, without any server.

use std::collections::BTreeSet;

use super::tree::{Sort, Tree, place};
use crate::openmetadata::entity::EntityType;
use crate::sync::{Action, Item, ItemKey, Plan, Principal};

fn item(key: ItemKey, action: Action) -> Item {
    Item {
        key,
        path: None,
        action,
        changes: Vec::new(),
        notes: Vec::new(),
        expected: None,
        payload: None,
        repair: false,
        description_patch: None,
        data_model: None,
    }
}

fn entity(kind: EntityType, fqn: &str, action: Action) -> Item {
    item(ItemKey::Entity(kind, fqn.to_owned()), action)
}

fn plan() -> Plan {
    let edge = ItemKey::Edge { from: "S.lake.raw.t".to_owned(), to: "S.a.b.v".to_owned() };
    Plan {
        schema_version: 1,
        service: "S".to_owned(),
        principal: Principal::Bot,
        items: vec![
            entity(EntityType::DatabaseService, "S", Action::Unchanged),
            entity(EntityType::Database, "S.a", Action::Create),
            entity(EntityType::DatabaseSchema, "S.a.b", Action::Create),
            entity(EntityType::Table, "S.a.b.v", Action::Update),
            entity(EntityType::Table, "S.a.b.w", Action::Unchanged),
            item(edge, Action::Create),
            entity(EntityType::Table, "A.x.Y", Action::Conflict),
            entity(EntityType::Table, "S.gone.\"x.y\".t", Action::Delete),
        ],
    }
}

fn labels(tree: &Tree, rows: &[(usize, usize)]) -> Vec<String> {
    rows.iter()
        .map(|(at, depth)| format!("{}{}", "  ".repeat(*depth), tree.nodes[*at].label))
        .collect()
}

#[test]
fn items_stand_under_what_holds_them() {
    let tree = Tree::new(&plan());
    let rows = tree.rows(&BTreeSet::new(), |_| true);
    assert_eq!(
        labels(&tree, &rows),
        [
            "S",
            "  a",
            "    b",
            "      v",
            "        ← lake.raw.t",
            "      w",
            "  gone",
            "    x.y",
            "      t",
            "cannot be brought over",
            "  A.x.Y",
        ]
    );
    assert_eq!(tree.nodes[rows[7].0].sort, Sort::Schema, "made for what it holds");
}

#[test]
fn counts_add_up_towards_the_service() {
    let tree = Tree::new(&plan());
    let service = &tree.nodes[0];
    assert_eq!(service.counts[place(Action::Create)], 3);
    assert_eq!(service.counts[place(Action::Delete)], 1);
    assert_eq!(service.counts[place(Action::Conflict)], 0, "they stand in a group of their own");
}

#[test]
fn a_filter_keeps_the_way_to_what_it_lets_through() {
    let plan = plan();
    let tree = Tree::new(&plan);
    let only = |action| move |item: usize| plan_action(item) == action;
    let rows = tree.rows(&BTreeSet::new(), only(Action::Update));
    assert_eq!(labels(&tree, &rows), ["S", "  a", "    b", "      v"]);
    let folded: BTreeSet<usize> = [rows[1].0].into();
    assert_eq!(labels(&tree, &tree.rows(&folded, only(Action::Update))), ["S", "  a"]);
    assert_eq!(tree.items(rows[3].0).len(), 2, "a table with its edge");
    assert_eq!(tree.above(rows[3].0), [2, 1, 0]);
}

fn plan_action(item: usize) -> Action {
    plan().items[item].action
}
