//! The edges of a plan.

use super::*;

#[test]
fn an_edge_drawn_by_hand_is_left_alone() {
    let mut desired = project(&sales());
    desired.edges.push(edge());
    let mut current = synced(&desired);
    let ids = (format!("id of {ORDERS}"), format!("id of {DAILY}"));
    current.edges.insert(ids.clone(), stored_edge("Manual"));
    let plan_of = |current: &Current| plan(&desired, current, &plan_options(Principal::User));
    let first = plan_of(&current);
    assert!(first.items.iter().any(|item| item.action == Action::Keep));
    assert!(first.is_empty());

    // Someone else's edge keeps its source; our mappings join theirs.
    let mut other = stored_edge("QueryLineage");
    let details = other.lineage_details.as_mut().expect("details");
    details.columns_lineage[0].to_column = format!("{DAILY}.day");
    current.edges.insert(ids, other);
    let joined = plan_of(&current);
    let payloads: Vec<_> = joined.items.iter().filter_map(|item| item.payload.as_ref()).collect();
    let [Payload::Edge(body)] = payloads[..] else { panic!("one edge: {payloads:?}") };
    assert_eq!(body.source, "QueryLineage");
    assert_eq!(body.foreign.len(), 1);
}

#[test]
fn a_plan_with_an_edge_of_a_pipeline_survives_its_json_form() {
    let mut desired = project(&sales());
    desired.edges.push(edge());
    let mut current = synced(&desired);
    let mut stored = stored_edge("PipelineLineage");
    let details = stored.lineage_details.as_mut().expect("details");
    details.sql_query = Some("SELECT 2".to_owned());
    details.pipeline = serde_json::from_value(serde_json::json!({
        "id": "44444444-4444-4444-4444-444444444444", "type": "pipeline",
        "name": "nightly", "fullyQualifiedName": "airflow.nightly", "deleted": false,
    }))
    .expect("a reference");
    current.edges.insert((format!("id of {ORDERS}"), format!("id of {DAILY}")), stored);
    let plan = plan(&desired, &current, &plan_options(Principal::Bot));
    let text = serde_json::to_string(&plan).expect("serializes");
    assert!(text.contains("airflow.nightly"), "the names go back with it");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("parses"), plan);
}

#[test]
fn an_edge_is_stale_only_if_the_views_sql_was_read_wholly() {
    let deleted = |sql: Option<&str>| -> usize {
        let mut catalog = sales();
        let columns = vec![column("total", DataType::Double)];
        describe(&mut catalog, "Sales.marts.daily", columns, sql);
        let graph = Engine::new(&catalog).graph(&catalog);
        let mut desired = project(&catalog);
        desired.edges = desired_edges(&graph, &catalog, &desired, &desired);
        desired.traced = traced(&graph, &desired);
        let mut current = synced(&desired);
        let ids = ("id of Dremio.lake.default.top".to_owned(), format!("id of {DAILY}"));
        let details =
            LineageDetails { source: Some("ViewLineage".to_owned()), ..LineageDetails::default() };
        let (from_entity, to_entity) = ids.clone();
        let edge = StoredEdge { from_entity, to_entity, lineage_details: Some(details) };
        current.edges.insert(ids, edge);
        let prune =
            PlanOptions { prune: Some(Selection::default()), ..plan_options(Principal::Bot) };
        let items = plan(&desired, &current, &prune).items;
        items.iter().filter(|item| item.action == Action::Delete).count()
    };
    assert_eq!(deleted(Some("SELECT amount AS total FROM lake.raw.crm.orders")), 1);
    assert_eq!(deleted(Some("SELECT 1 AS total")), 1, "it reads nothing any more");
    assert_eq!(deleted(Some("SELECT absent AS total FROM lake.raw.crm.orders")), 0, "partly read");
    assert_eq!(deleted(Some("SELECT FROM WHERE")), 0, "not understood");
    assert_eq!(deleted(None), 0, "hidden");
}
