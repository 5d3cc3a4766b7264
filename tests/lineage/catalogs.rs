//! Small catalogues with one trouble each.

use super::*;

#[test]
fn a_table_that_does_not_exist_is_told_with_its_place() {
    let sql = "SELECT a\nFROM lake.gone g JOIN nowhere.t ON true";
    let world = World::new().view("s.v", &["a"], sql).closed();
    let graph = world.graph();
    assert_eq!(
        broken(&graph),
        [
            (BrokenKind::Table, "lake.gone does not exist".to_owned(), Some(place(2, 6))),
            (BrokenKind::Table, "nowhere.t does not exist".to_owned(), Some(place(2, 23))),
        ]
    );
    assert_eq!(graph.node(at(&graph, "lake.gone")).role, NodeRole::Missing);
    assert!(!check(&graph, |_| true).is_clean());
    // What hangs below a listing that never came to its end may exist.
    let open = World::new().view("s.v", &["a"], "SELECT a FROM lake.gone").graph();
    let told = broken(&open);
    assert_eq!(told[0].0, BrokenKind::Unchecked);
    assert!(told[0].1.contains("lake was not listed to its end"), "{}", told[0].1);
    assert!(check(&open, |_| true).is_clean());
}

#[test]
fn a_column_that_is_gone_and_a_folder_for_a_table_are_broken() {
    let mut world = World::new().table("lake.t", &["a", "b"]);
    world.0.apply(listed("lake", vec![item("lake.t", TABLE), item("lake.f", NodeKind::Folder)]));
    let world = world.view("s.v", &["x", "y"], "SELECT t.a AS x, t.c AS y FROM lake.t t");
    let world = world.view("s.w", &["a"], "SELECT a FROM lake.f");
    let graph = world.graph();
    let told = broken(&graph);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((told[0].0, told[0].2), (BrokenKind::Column, Some(place(1, 20))));
    assert!(told[0].1.contains("lake.t has no column \"c\""), "{}", told[0].1);
    assert_eq!(told[1].1, "lake.f is neither a table nor a view");
    assert_eq!(graph.node(at(&graph, "lake.f")).role, NodeRole::Missing);
    // Both views are explained by that and are not told again.
    assert!(check(&graph, |_| true).unreadable.is_empty());
}

#[test]
fn hidden_unread_and_failed_views_are_told_apart() {
    let mut world = World::new().table("lake.t", &["a"]).view(
        "s.bad",
        &["a"],
        "SELECT a FROM FROM lake.t WHERE ((",
    );
    world.0.apply(Change::Entity(Box::new(entity("s.hidden", NodeKind::View, Some(&["a"]), None))));
    let all = world.0.at(&path("s")).unwrap().children().map(NodeRef::item);
    let all = all.chain([item("s.unread", NodeKind::View)]).collect();
    world.0.apply(listed("s", all));
    let error = NodeError { kind: NodeErrorKind::Forbidden, message: "no".to_owned() };
    world.0.apply(Change::Failed { path: path("s.unread"), error });
    let graph = world.graph();
    let status = |text| graph.node(at(&graph, text)).reading.as_ref().unwrap().status;
    assert_eq!(status("s.bad"), ReadingStatus::Failed);
    assert_eq!(status("s.hidden"), ReadingStatus::Hidden);
    assert_eq!(status("s.unread"), ReadingStatus::Unread);
    let report = check(&graph, |_| true);
    assert_eq!(report.unreadable.len(), 3);
    let coverage = report.coverage;
    assert_eq!((coverage.views, coverage.failed, coverage.unreadable), (3, 1, 2));
    assert_eq!((coverage.columns, coverage.traced_columns), (2, 0));
    assert!(coverage.views_percent().abs() < f64::EPSILON);
    // The tables of what does not parse are known all the same, and not for sure.
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.bad")).expect("the scan finds it");
    assert_eq!(edge.confidence, Confidence::Low);
}

#[test]
fn cycles_are_found_and_traces_through_them_end() {
    let world = World::new()
        .view("s.a", &["x"], "SELECT x FROM s.c")
        .view("s.b", &["x"], "SELECT x FROM s.a")
        .view("s.c", &["x"], "SELECT x FROM s.b")
        .view("s.own", &["x"], "SELECT x FROM s.own");
    let graph = world.graph();
    let names = |group: &Vec<NodeIndex>| {
        group.iter().map(|index| graph.node(*index).path.to_string()).collect::<Vec<_>>()
    };
    let report = check(&graph, |_| true);
    let cycles: Vec<_> = report.cycles.iter().map(names).collect();
    assert_eq!(cycles, [vec!["s.a", "s.b", "s.c"], vec!["s.own"]]);
    assert!(!report.is_clean());
    let start = ColumnAt { node: at(&graph, "s.a"), column: "x".to_owned() };
    assert_eq!(trace_column(&graph, &start, None, None).columns.len(), 3);
    let found = impact(&graph, at(&graph, "s.a"), Some("X"));
    let found: Vec<_> =
        found.iter().map(|it| (graph.node(it.node).path.to_string(), it.hops)).collect();
    assert_eq!(found, [("s.b".to_owned(), 1), ("s.c".to_owned(), 2)]);
}

#[test]
fn unions_go_by_position_and_columns_by_the_views_own_names() {
    let world = World::new().table("lake.t", &["a", "b"]).table("lake.u", &["c", "d"]).view(
        "s.v",
        &["One", "Two"],
        "SELECT a, b FROM LAKE.T UNION ALL SELECT d, c FROM lake.u",
    );
    assert_eq!(
        flows(&world.graph()),
        [
            "lake.t.a → s.v.One Identity",
            "lake.t.b → s.v.Two Identity",
            "lake.u.c → s.v.Two Identity",
            "lake.u.d → s.v.One Identity",
        ]
    );
}

#[test]
fn functions_lead_to_the_tables_in_their_bodies() {
    let mut world = World::new().table("lake.t", &["a", "k"]).view(
        "s.v",
        &["n"],
        "SELECT best(k) AS n FROM lake.u",
    );
    let function = Entity {
        item: item("s.best", NodeKind::Function),
        created_at: None,
        detail: EntityDetail::Function(FunctionDetail {
            arguments: Some("who BIGINT".to_owned()),
            body: Some("SELECT MAX(a) FROM lake.t WHERE t.k = who".to_owned()),
            returns: None,
        }),
    };
    let mut engine = Engine::new(&world.0);
    assert!(
        engine
            .graph(&world.0)
            .find(&path("lake.t"))
            .is_some_and(|t| { engine.graph(&world.0).downstream(t).len() == 0 })
    );
    // The function is made only now: the name was looked up before and found nothing.
    let mut view =
        entity("s.v", NodeKind::View, Some(&["n"]), Some("SELECT best(k) AS n FROM lake.u"));
    if let EntityDetail::Dataset(detail) = &mut view.detail {
        detail.sql_context = vec!["s".to_owned()];
    }
    world.0.apply(Change::Entity(Box::new(view)));
    engine.update(&world.0);
    world.0.apply(Change::Entity(Box::new(function)));
    assert_eq!(engine.update(&world.0), 1);
    let graph = engine.graph(&world.0);
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.v")).expect("through the body");
    assert_eq!(edge.via_function, Some(path("s.best")));
    assert_eq!(edge.at, None);
    assert!(edge.columns.iter().any(|it| (&*it.from, &*it.to) == ("a", "n")), "{:?}", edge.columns);
}

#[test]
fn a_star_over_a_table_of_unknown_columns_hands_on_the_views_own() {
    let world = World::new()
        .open_table("lake.t")
        .view("s.v", &["id", "a", "b", "now"], "SELECT 1 AS id, t.*, 2 AS now FROM lake.t t")
        .view("s.two", &["a", "b"], "SELECT t.*, u.* FROM lake.t t, lake.t2 u");
    let graph = world.graph();
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.v")).unwrap();
    let pairs: Vec<_> = edge.columns.iter().map(|it| (&*it.from, &*it.to, it.kind)).collect();
    assert_eq!(pairs, [("a", "a", Kind::Identity), ("b", "b", Kind::Identity)]);
    let reading = |text| graph.node(at(&graph, text)).reading.clone().unwrap();
    assert_eq!((reading("s.v").columns, reading("s.v").traced_columns), (4, 4));
    assert_eq!(reading("s.v").status, ReadingStatus::Partial);
    // Of two stars nobody can say which column is whose.
    assert_eq!((reading("s.two").columns, reading("s.two").traced_columns), (2, 0));
}

#[test]
fn columns_that_the_server_does_not_tell_come_from_the_sql() {
    let world = World::new()
        .table("lake.t", &["a", "b"])
        .bare_view("s.z_first", "SELECT a, b AS c FROM lake.t")
        .bare_view("s.m_second", "SELECT * FROM s.z_first")
        .bare_view("s.a_third", "SELECT m.*, m.gone FROM s.m_second m");
    let graph = world.graph();
    let columns = |text| -> Vec<String> {
        graph.node(at(&graph, text)).columns.iter().map(ToString::to_string).collect()
    };
    assert_eq!(columns("s.m_second"), ["a", "c"]);
    assert_eq!(columns("s.a_third"), ["a", "c", "gone"]);
    let told = broken(&graph);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("s.m_second has no column \"gone\""), "{}", told[0].1);
    let start = ColumnAt { node: at(&graph, "s.a_third"), column: "c".to_owned() };
    let trace = trace_column(&graph, &start, None, None);
    let far = ColumnAt { node: at(&graph, "lake.t"), column: "b".to_owned() };
    assert_eq!(trace.columns.get(&far), Some(&-3));
}

#[test]
fn what_decides_rows_affects_all_below() {
    let world = World::new()
        .table("lake.t", &["a", "b", "c"])
        .view("s.v", &["a", "b"], "SELECT a, b + 1 AS b FROM lake.t WHERE c > 0")
        .view("s.w", &["n"], "SELECT COUNT(*) AS n FROM s.v")
        .view("s.x", &["b2"], "SELECT b * 2 AS b2 FROM s.v");
    let graph = world.graph();
    let of = |column| -> Vec<(String, bool, bool, Vec<String>)> {
        impact(&graph, at(&graph, "lake.t"), column)
            .into_iter()
            .map(|it| {
                let columns = it.columns.iter().map(ToString::to_string).collect();
                let path = graph.node(it.node).path.to_string();
                (path, it.is_whole, it.decides_rows, columns)
            })
            .collect()
    };
    let own = |text: &str| text.to_owned();
    assert_eq!(
        of(Some("c")),
        [
            (own("s.v"), true, true, vec![]),
            (own("s.w"), true, false, vec![]),
            (own("s.x"), true, false, vec![])
        ]
    );
    assert_eq!(
        of(Some("B")),
        [(own("s.v"), false, false, vec![own("b")]), (own("s.x"), false, false, vec![own("b2")])]
    );
    assert_eq!(of(Some("a")), [(own("s.v"), false, false, vec![own("a")])]);
    assert_eq!(of(None).len(), 3);
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.v")).unwrap();
    assert_eq!(edge.rows.len(), 1);
    assert_eq!(edge.rows[0].influence, RowInfluence::Filter);
    assert_eq!(edge.columns[1].influence, Influence::Transformation);
}

#[test]
fn other_branches_are_not_called_broken() {
    let sql = "SELECT a FROM lake.new_table AT BRANCH dev";
    let world = World::new().view("s.v", &["a"], sql).closed();
    let told = broken(&world.graph());
    assert_eq!(told[0].0, BrokenKind::Unchecked);
    assert!(told[0].1.contains("BRANCH dev"), "{}", told[0].1);
}

#[test]
fn dremios_graph_fills_gaps_and_differences_are_told() {
    let mut world = World::new()
        .table("lake.t", &["a"])
        .table("lake.u", &["a"])
        .view("s.v", &["a"], "SELECT a FROM lake.t")
        .view("s.bad", &["a"], "SELECT a FROM FROM lake.t WHERE ((")
        .view("s.same", &["a"], "SELECT a FROM lake.u");
    world.0.apply(Change::Entity(Box::new(entity("s.hidden", NodeKind::View, Some(&["a"]), None))));
    let told = [
        (path("s.v"), vec![path("lake.u")]),
        (path("s.same"), vec![path("LAKE.U")]),
        (path("s.bad"), vec![path("lake.t")]),
        (path("s.hidden"), vec![path("lake.t"), path("lake.unlisted")]),
        (path("s.not_here"), vec![path("lake.t")]),
    ];
    let (graph, differences) = compare(world.graph(), &world.0, &told);
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0].view, path("s.v"));
    assert_eq!(differences[0].only_in_sql, [path("lake.t")]);
    assert_eq!(differences[0].only_in_graph, [path("lake.u")]);
    let origins = |from, to| {
        let edge = graph.between(at(&graph, from), at(&graph, to));
        edge.map(|edge| (edge.origins.clone(), edge.confidence))
    };
    let both = vec![Origin::ViewSql, Origin::DremioGraph];
    assert_eq!(origins("lake.u", "s.same"), Some((both.clone(), Confidence::Found)));
    assert_eq!(origins("lake.t", "s.bad"), Some((both, Confidence::Found)));
    let graph_only = (vec![Origin::DremioGraph], Confidence::Found);
    assert_eq!(origins("lake.t", "s.hidden"), Some(graph_only.clone()));
    assert_eq!(origins("lake.unlisted", "s.hidden"), Some(graph_only));
    assert_eq!(graph.node(at(&graph, "lake.unlisted")).role, NodeRole::Table);
    assert_eq!(origins("lake.u", "s.v"), None);
}
