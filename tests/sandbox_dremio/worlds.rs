//! The built-in catalogues, walked as a client walks them.

use super::*;
use dremio_explorer::sandbox;

async fn serve(name: &str) -> Rig {
    let world = World::embedded(name).unwrap();
    let sandbox = sandbox::start(world, polls(0)).await.unwrap();
    let mut rig = Rig { sandbox, http: client(), authorization: String::new() };
    rig.authorization = format!("_dremio{}", rig.log_in().await);
    rig
}

/// Every item by kind, with the messages of containers that could not be listed.
async fn walk(rig: &Rig) -> (Vec<Value>, Vec<String>) {
    let mut queue = rig.get("/catalog").await.ok()["data"].as_array().unwrap().clone();
    let (mut seen, mut failed) = (Vec::new(), Vec::new());
    while let Some(item) = queue.pop() {
        if item["type"] == "CONTAINER" && item["containerType"] != "FUNCTION" {
            let answer = rig.by_id(item["id"].as_str().unwrap(), "").await;
            if answer.status == 200 {
                queue.extend(answer.json()["children"].as_array().unwrap().clone());
            } else {
                failed.push(answer.error(400));
            }
        }
        seen.push(item);
    }
    (seen, failed)
}

#[tokio::test]
async fn the_reference_catalogue_has_36_resources() {
    let rig = serve("reference").await;
    let (items, failed) = walk(&rig).await;
    let count = |wanted: &dyn Fn(&Value) -> bool| items.iter().filter(|item| wanted(item)).count();
    assert_eq!(count(&|item| item["path"].as_array().unwrap().len() == 1), 10);
    assert_eq!(count(&|item| item["containerType"] == "FOLDER"), 15);
    assert_eq!(count(&|item| item["type"] == "DATASET"), 11);
    assert_eq!(items.len(), 36);
    assert_eq!(failed, Vec::<String>::new());
    for item in items.iter().filter(|item| item["type"] == "DATASET") {
        let dataset = rig.by_id(item["id"].as_str().unwrap(), "").await.ok();
        assert!(!dataset["fields"].as_array().unwrap().is_empty(), "{dataset}");
    }
}

#[tokio::test]
async fn every_dataset_of_the_shop_opens_and_previews_unless_it_is_meant_not_to() {
    let rig = serve("shop").await;
    let (items, failed) = walk(&rig).await;
    assert_eq!(failed.len(), 1, "one source is down: {failed:?}");
    let mut silent = Vec::new();
    for item in items.iter().filter(|item| item["type"] == "DATASET") {
        let path: Vec<String> = serde_json::from_value(item["path"].clone()).unwrap();
        let opened = rig.by_id(item["id"].as_str().unwrap(), "").await.status;
        let sql: dremio_explorer::model::DatasetPath = path.iter().collect();
        let sql = format!("SELECT * FROM {} LIMIT 5", sql.to_sql());
        let job = rig.send("POST", "/sql", Some(json!({"sql": sql}))).await.ok();
        let status = rig.get(&format!("/job/{}", job["id"].as_str().unwrap())).await.ok();
        if opened != 200 || status["jobState"] != "COMPLETED" {
            silent.push(format!("{} {opened} {}", path.join("."), status["errorMessage"]));
        }
    }
    silent.sort();
    assert_eq!(silent.len(), 2, "{silent:#?}");
    assert!(silent[0].starts_with("finance.people.payroll 403 \"PERMISSION ERROR"));
    assert!(silent[1].starts_with("reporting.old.revenue_by_brand 200 \"VALIDATION ERROR"));
}
