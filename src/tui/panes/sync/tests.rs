//! The tree of a plan, without any server.

use std::collections::BTreeSet;

use super::choice::{Choice, Share, Toggled, Why};
use super::marks::{Fate, Marks};
use super::tree::{Sort, Tree, place};
use crate::model::DatasetPath;
use crate::openmetadata::entity::EntityType;
use crate::sync::{Action, Item, ItemKey, Plan, Principal};
use crate::tui::om::OmState;

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
    let only = |action| {
        let tree = &tree;
        move |at: usize| tree.nodes[at].item.is_some_and(|item| plan_action(item) == action)
    };
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

/// Everything is shown.
fn all(_: usize) -> bool {
    true
}

fn node(tree: &Tree, label: &str) -> usize {
    tree.nodes.iter().position(|node| node.label == label).expect("it is in the plan")
}

#[test]
fn what_needs_something_left_out_goes_with_it_and_comes_back_with_it() {
    let plan = plan();
    let tree = Tree::new(&plan);
    let mut choice = Choice::new(&tree, &plan, BTreeSet::new());
    assert_eq!(choice.total(), Share { taken: 5, out: 0 });
    // The database alone is shown, say because only creations of databases were searched for.
    let toggled = choice.toggle(&tree, &plan, node(&tree, "a"), |item| item == 1);
    assert_eq!(toggled, Toggled::LeftOut(4), "schema, table and edge cannot go without it");
    assert_eq!(choice.why_out(3), Some(Why::Needs(1)));
    assert_eq!(choice.why_out(5), Some(Why::Needs(1)));
    assert_eq!(choice.left_out(), BTreeSet::from([1, 2, 3, 5]));
    assert_eq!(choice.taken(Action::Create), 0);
    assert_eq!(choice.taken(Action::Unchanged), 2, "what is not written is counted all the same");
    let toggled = choice.toggle(&tree, &plan, node(&tree, "← lake.raw.t"), all);
    assert_eq!(toggled, Toggled::TakenIn(4), "an edge brings back all that it needs");
    assert_eq!(choice.left_out(), BTreeSet::new());
    assert_eq!(choice.toggle(&tree, &plan, node(&tree, "w"), all), Toggled::Nothing);
}

#[test]
fn an_edge_goes_with_either_of_its_tables() {
    let mut plan = plan();
    plan.items.push(entity(EntityType::Table, "S.lake.raw.t", Action::Restore));
    let tree = Tree::new(&plan);
    let mut choice = Choice::new(&tree, &plan, BTreeSet::new());
    assert_eq!(choice.toggle(&tree, &plan, node(&tree, "t"), all), Toggled::LeftOut(1));
    let upstream = tree.find("S.lake.raw.t").expect("it has a node");
    assert_eq!(choice.toggle(&tree, &plan, upstream, all), Toggled::LeftOut(2));
    assert_eq!(choice.why_out(5), Some(Why::Needs(8)));
    assert_eq!(choice.toggle(&tree, &plan, node(&tree, "← lake.raw.t"), all), Toggled::TakenIn(2));
}

#[test]
fn a_container_is_not_deleted_while_something_in_it_stays() {
    let mut plan = plan();
    plan.items.push(entity(EntityType::DatabaseSchema, "S.gone.\"x.y\"", Action::Delete));
    plan.items.push(entity(EntityType::Database, "S.gone", Action::Delete));
    let tree = Tree::new(&plan);
    let mut choice = Choice::new(&tree, &plan, BTreeSet::new());
    assert_eq!(choice.toggle(&tree, &plan, node(&tree, "t"), all), Toggled::LeftOut(3));
    assert_eq!(choice.why_out(9), Some(Why::Needs(7)));
    assert_eq!(choice.share(node(&tree, "gone")), Share { taken: 0, out: 3 });
    // Taking in the table deletes no more than the table has held back; asking for the container
    // takes in what is inside.
    assert_eq!(
        choice.toggle(&tree, &plan, node(&tree, "gone"), |item| item == 9),
        Toggled::TakenIn(3)
    );
    // Leaving out a container says nothing about what is inside.
    let toggled = choice.toggle(&tree, &plan, node(&tree, "gone"), |item| item == 9);
    assert_eq!(toggled, Toggled::LeftOut(1));
    assert_eq!(choice.left_out(), BTreeSet::from([9]));
}

/// The marks as they are kept by somebody who hears of every change, beside those counted anew.
#[test]
fn marks_follow_what_is_written() {
    use OmState::{Differs, InSync, Missing};
    let mut plan = plan();
    for (index, parts) in [(1, "a"), (2, "a.b"), (3, "a.b.v"), (4, "a.b.w")] {
        plan.items[index].path = Some(DatasetPath::new(parts.split('.')));
    }
    plan.items[3].action = Action::Create;
    let tree = Tree::new(&plan);
    let mut marks = Marks::new(&plan, &tree);
    let path = |text: &str| DatasetPath::new(text.split('.'));
    let mut known: std::collections::BTreeMap<DatasetPath, OmState> =
        marks.all().map(|(path, state)| (path.clone(), state)).collect();
    assert_eq!(known[&path("a")], Differs, "a part of it is there");
    assert_eq!(known[&path("a.b.v")], Missing);
    let mut fates = vec![Fate::Unwritten; plan.items.len()];
    let steps = [
        // The edge into it is still to come, and its column lineage is not taken over as a whole.
        (1, Fate::Written, "a.b.v", Missing),
        (2, Fate::Written, "a.b.v", Missing),
        (3, Fate::Written, "a.b.v", Differs),
        (5, Fate::WrittenInPart, "a.b.v", Differs),
        (5, Fate::Written, "a.b.v", InSync),
        (3, Fate::WrittenInPart, "a.b", Differs),
        (3, Fate::Written, "a", InSync),
    ];
    for (index, fate, at, state) in steps {
        fates[index] = fate;
        marks.ended(index, &plan, &tree, &|item| fates[item], &mut |path, state| {
            known.insert(path.clone(), state);
        });
        assert_eq!(known[&path(at)], state, "{index} {fate:?}");
        for (path, state) in marks.all() {
            assert_eq!(known[path], state, "{path}");
        }
    }
}
