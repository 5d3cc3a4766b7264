//! Updates equal a fresh reading.

use super::*;

/// A change to a small catalogue.
#[derive(Clone, Debug)]
enum Step {
    Table(usize, Option<Vec<&'static str>>),
    View(usize, Option<Vec<&'static str>>, Option<String>, bool),
    Function(usize, String),
    Remove(BTreeSet<usize>),
}

/// Whatever stands at one of six places.
fn name(place: usize) -> String {
    format!("s.n{place}")
}

fn any_columns() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    proptest::option::of(proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3))
}

fn any_sql() -> impl Strategy<Value = String> {
    let place = || 0_usize..6;
    prop_oneof![
        place().prop_map(|n| format!("SELECT * FROM n{n}")),
        place().prop_map(|n| format!("SELECT a, b AS c FROM {}", name(n))),
        (place(), place()).prop_map(|(n, m)| format!(
            "SELECT x.*, y.a FROM n{n} x JOIN {} y ON x.a = y.a WHERE y.b > 1",
            name(m)
        )),
        (place(), place()).prop_map(|(n, m)| format!("SELECT n{n}(a) AS a FROM n{m}")),
        place().prop_map(|n| format!("SELECT a FROM lake.deep.n{n}")),
        Just("SELECT FROM WHERE".to_owned()),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let place = || 0_usize..6;
    prop_oneof![
        2 => (place(), any_columns()).prop_map(|(n, columns)| Step::Table(n, columns)),
        5 => (place(), any_columns(), proptest::option::weighted(0.9, any_sql()), any::<bool>())
            .prop_map(|(n, columns, sql, context)| Step::View(n, columns, sql, context)),
        1 => (place(), place()).prop_map(|(n, m)| {
            Step::Function(n, format!("SELECT MAX(b) FROM {} WHERE a = x", name(m)))
        }),
        1 => proptest::collection::btree_set(place(), 0..3).prop_map(Step::Remove),
    ]
}

fn take(catalog: &mut Catalog, step: Step) {
    let own = |entity: Entity| Change::Entity(Box::new(entity));
    match step {
        Step::Table(n, columns) => {
            catalog.apply(own(entity(&name(n), TABLE, columns.as_deref(), None)));
        }
        Step::View(n, columns, sql, in_context) => {
            let mut view = entity(&name(n), NodeKind::View, columns.as_deref(), sql.as_deref());
            if let EntityDetail::Dataset(detail) = &mut view.detail
                && in_context
            {
                detail.sql_context = vec!["s".to_owned()];
            }
            catalog.apply(own(view));
        }
        Step::Function(n, body) => {
            let detail = EntityDetail::Function(FunctionDetail {
                arguments: Some("x BIGINT".to_owned()),
                body: Some(body),
                returns: None,
            });
            let item = item(&name(n), NodeKind::Function);
            catalog.apply(own(Entity { item, created_at: None, detail }));
        }
        Step::Remove(places) => {
            let gone: HashSet<String> = places.into_iter().map(name).collect();
            let kept = catalog.at(&path("s")).unwrap().children().map(NodeRef::item);
            let kept = kept.filter(|item| !gone.contains(&item.path.to_string())).collect();
            // Not to its end, so that new things can still be placed.
            let parent = path("s");
            catalog.apply(Change::Children {
                parent: parent.clone(),
                items: kept,
                first: true,
                last: true,
            });
            catalog.apply(Change::Children { parent, items: vec![], first: true, last: false });
        }
    }
}

proptest! {
    #[test]
    fn an_update_equals_a_fresh_reading(
        steps in proptest::collection::vec((any_step(), any::<bool>()), 1..25)
    ) {
        let mut catalog = World::new().0;
        let mut engine = Engine::new(&catalog);
        for (step, is_followed) in steps {
            take(&mut catalog, step);
            if !is_followed {
                continue;
            }
            engine.update(&catalog);
            prop_assert_eq!(engine.update(&catalog), 0);
            let (updated, fresh) = (engine.graph(&catalog), Engine::new(&catalog).graph(&catalog));
            prop_assert_eq!(updated.nodes(), fresh.nodes());
            prop_assert_eq!(updated.edges(), fresh.edges());
        }
    }

    #[test]
    fn traced_columns_never_exceed_columns(steps in proptest::collection::vec(any_step(), 1..20)) {
        let mut catalog = World::new().0;
        for step in steps {
            take(&mut catalog, step);
        }
        let graph = Engine::new(&catalog).graph(&catalog);
        for node in graph.nodes() {
            if let Some(reading) = &node.reading {
                prop_assert!(reading.traced_columns <= reading.columns);
            }
        }
        let coverage = check(&graph, |_| true).coverage;
        prop_assert_eq!(
            coverage.views,
            coverage.parsed + coverage.partial + coverage.failed + coverage.unreadable
        );
    }
}
