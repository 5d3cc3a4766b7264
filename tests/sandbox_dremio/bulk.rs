//! `by-ids` and `by-paths` (contract §2.1).

use super::*;

#[tokio::test]
async fn keeps_order_skips_failures_and_says_why() {
    let rig = Rig::oss().await;
    let orders = rig.id_of(&["zeta", "Public", "Orders"]).await;
    let forbidden = rig
        .sandbox
        .catalogue()
        .find(&["Finance", "d forbidden"])
        .map(|ix| rig.sandbox.catalogue().uuid(ix).to_string())
        .unwrap();
    let revenue = rig.id_of(&["Finance", "b revenue"]).await;
    let ids = json!([orders, "absent", forbidden, "dremio:/lake/raw/none", revenue]);
    let answer = rig.send("POST", "/catalog/by-ids?maxChildren=1", Some(ids)).await.ok();
    let found: Vec<&Value> = answer["data"].as_array().unwrap().iter().map(|e| &e["id"]).collect();
    assert_eq!(found, [&json!(orders), &json!(revenue)]);
    assert!(answer["data"][0]["fields"].is_array());
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors[0]["errorMessage"], "'absent' was not found");
    let message = errors[1]["errorMessage"].as_str().unwrap();
    assert!(message.starts_with(&format!("'{forbidden}' failed with 'User [ada]")), "{message}");
    assert!(errors[2]["errorMessage"].as_str().unwrap().contains("java.io.FileNotFound"));
    assert_eq!(errors[0]["stackTrace"], json!([]));

    let all_good = rig.send("POST", "/catalog/by-ids?maxChildren=1", Some(json!([orders]))).await;
    assert_eq!(keys(&all_good.ok()), ["data"]);
}

#[tokio::test]
async fn has_limits() {
    let rig = Rig::oss().await;
    let space = rig.id_of(&["Finance"]).await;
    for wrong in ["", "?maxChildren=0", "?maxChildren=21"] {
        let path = format!("/catalog/by-ids{wrong}");
        rig.send("POST", &path, Some(json!([space]))).await.error(400);
    }
    let path = "/catalog/by-ids?maxChildren=-3";
    let entity = rig.send("POST", path, Some(json!([space]))).await.ok()["data"][0].clone();
    assert_eq!(entity["children"], json!([]));
    let path = "/catalog/by-ids?maxChildren=2";
    let entity = rig.send("POST", path, Some(json!([space]))).await.ok()["data"][0].clone();
    assert_eq!(names(&entity).len(), 2);
    assert!(entity["nextPageToken"].is_string());
    rig.send("POST", path, Some(json!(vec![space.as_str(); 50]))).await.ok();
    rig.send("POST", path, Some(json!(vec![space.as_str(); 51]))).await.error(400);
    rig.send("POST", path, Some(json!({"ids": []}))).await.error(400);
}

#[tokio::test]
async fn reads_paths_too() {
    let rig = Rig::oss().await;
    let paths = json!([["FINANCE", "a top"], ["Finance", "no"], ["zeta", "no"]]);
    let answer = rig.send("POST", "/catalog/by-paths?maxChildren=1", Some(paths)).await.ok();
    assert_eq!(answer["data"][0]["path"], json!(["Finance", "A Top"]));
    assert_eq!(answer["errors"][0]["errorMessage"], "'[Finance, no]' was not found");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn can_be_missing_without_harm() {
    let rig = Rig::oss().await;
    rig.sandbox.configure(|options| options.by_ids = false);
    let path = "/catalog/by-ids?maxChildren=1";
    rig.send("POST", path, Some(json!(["x"]))).await.error(400);
    assert!(rig.sandbox.mutations().is_empty());
    rig.send("POST", path, Some(json!({"entityType": "dataset"}))).await.error(403);
    assert_eq!(rig.sandbox.mutations().len(), 1, "an object would promote");
}
