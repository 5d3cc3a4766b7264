//! The events of OpenLineage.

use dremio_explorer::report::lineage::{LineageReport, Wanted};
use serde_json::Value;

use crate::{events, small};

#[test]
fn openlineage_events_have_the_published_shape() {
    let lineage = small();
    let selection = lineage.selection(&Wanted::default());
    let (_, events) = events(&LineageReport::new(lineage.input(), &selection));
    let namespace = "dremio://lake.example:9047";
    for event in &events {
        assert_eq!(event["eventTime"], "2026-01-31T09:05:00Z");
        assert!(event["producer"].as_str().unwrap().starts_with("urn:"));
        let schema = event["schemaURL"].as_str().unwrap();
        let is_run = schema.ends_with("OpenLineage.json#/$defs/RunEvent");
        assert!(is_run || schema.ends_with("OpenLineage.json#/$defs/DatasetEvent"), "{schema}");
        assert_eq!(event.get("run").is_some(), is_run);
        assert_eq!(event.get("dataset").is_some(), !is_run);
    }
    let runs: Vec<&Value> =
        events.iter().filter(|event| event["eventType"] == "COMPLETE").collect();
    let names: Vec<&str> =
        runs.iter().map(|event| event["job"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hr.broken", "hr.top", "sales.marts.by_person", "sales.staging.orders"]);
    for run in &runs {
        let id = run["run"]["runId"].as_str().unwrap();
        let starts = events.iter().filter(|e| e["eventType"] == "START" && e["run"]["runId"] == id);
        assert_eq!(starts.count(), 1, "{id}");
    }
    let person = runs[2];
    assert_eq!(person["job"]["namespace"], namespace);
    assert_eq!(person["inputs"].as_array().unwrap().len(), 2);
    let facets = &person["outputs"][0]["facets"];
    for (name, facet) in facets.as_object().unwrap() {
        let url = facet["_schemaURL"].as_str().unwrap();
        assert!(url.contains(".json#/$defs/") && facet["_producer"].is_string(), "{name}: {url}");
    }
    assert_eq!(facets["schema"]["fields"][0]["name"], "name");
    let lineage_facet = &facets["columnLineage"];
    assert!(lineage_facet["_schemaURL"].as_str().unwrap().contains("/1-2-0/"));
    assert_eq!(
        lineage_facet["fields"]["eur"]["inputFields"],
        serde_json::json!([{
            "namespace": namespace,
            "name": "sales.staging.orders",
            "field": "eur",
            "transformations": [{
                "type": "DIRECT", "subtype": "AGGREGATION", "description": "SUM(o.eur)", "masking": false
            }],
        }])
    );
    let rows = lineage_facet["dataset"].as_array().unwrap();
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let how = row["transformations"].as_array().unwrap();
            let how: Vec<&str> = how.iter().map(|it| it["subtype"].as_str().unwrap()).collect();
            format!(
                "{}.{} {}",
                row["name"].as_str().unwrap(),
                row["field"].as_str().unwrap(),
                how.join("+")
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            "lake.raw.people.id JOIN",
            "lake.raw.people.name GROUP_BY",
            "sales.staging.orders.id JOIN"
        ]
    );
    let orders = events
        .iter()
        .find(|event| event["dataset"]["name"] == "lake.raw.orders")
        .expect("a table is told too");
    let fields = &orders["dataset"]["facets"]["schema"]["fields"];
    assert_eq!(fields[2]["fields"][0]["name"], "lat");
}
