//! Root, ids, paths, entities, errors, wikis (contract §2, §3, §5).

use super::*;

#[tokio::test]
async fn the_root_lists_home_spaces_sources_functions() {
    let rig = Rig::oss().await;
    let root = rig.get("/catalog").await.ok();
    let data = root["data"].as_array().unwrap();
    let shown: Vec<(&str, &str)> = data
        .iter()
        .map(|item| (item["path"][0].as_str().unwrap(), item["containerType"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            ("@ada", "HOME"),
            ("analytics", "SPACE"),
            ("Finance", "SPACE"),
            ("attic", "SOURCE"),
            ("broken", "SOURCE"),
            ("lake", "SOURCE"),
            ("nessie", "SOURCE"),
            ("zeta", "SOURCE"),
            ("zone", "FUNCTION"),
        ]
    );
    assert_eq!(keys(&data[1]), ["id", "path", "tag", "type", "containerType", "createdAt"]);
    rig.by_path(&["INFORMATION_SCHEMA", "COLUMNS"], "").await.ok();
}

#[tokio::test]
async fn include_is_checked_at_the_root() {
    let rig = Rig::oss().await;
    let root = rig.get("/catalog?include=datasetCount").await.ok();
    let finance = &root["data"][2];
    assert_eq!(finance["stats"], json!({"datasetCount": 5, "datasetCountBounded": false}));
    for unknown in ["permissions", "nonsense", "datasetCount,tags"] {
        rig.get(&format!("/catalog?include={unknown}")).await.error(400);
    }
    for broken in ["tags", "jobCount", "children"] {
        rig.get(&format!("/catalog?include={broken}")).await.error(500);
    }
    let enterprise = Rig::enterprise().await;
    let root = enterprise.get("/catalog?include=permissions").await.ok();
    assert!(root["data"][0]["permissions"].is_array());
}

#[tokio::test]
async fn each_entity_has_its_own_fields() {
    let rig = Rig::oss().await;
    let space = rig.by_path(&["Finance"], "").await.ok();
    let of_space = ["entityType", "id", "name", "tag", "createdAt", "children"];
    assert_eq!(keys(&space), of_space);
    let home = rig.by_path(&["@ada"], "").await.ok();
    assert_eq!(keys(&home), ["entityType", "id", "name", "tag", "children"]);
    let source = rig.by_path(&["zeta"], "").await.ok();
    assert_eq!(source["type"], "POSTGRES");
    assert_eq!(source["config"]["password"], "$DREMIO_EXISTING_VALUE$");
    let good = json!({"status": "good", "suggestedUserAction": "", "messages": []});
    assert_eq!(source["state"], good);
    assert!(source.get("path").is_none());
    let folder = rig.by_path(&["zeta", "public"], "").await.ok();
    assert_eq!(keys(&folder), ["entityType", "id", "path", "tag", "children"]);
    assert_eq!(folder["path"], json!(["zeta", "Public"]));
    let file = rig.by_path(&["lake", "raw", "aa.csv"], "").await.ok();
    let expected = json!({"entityType": "file", "id": "dremio:/lake/raw/aa.csv", "path": ["lake", "raw", "aa.csv"]});
    assert_eq!(file, expected);
    let function = rig.by_path(&["Finance", "tax"], "").await.ok();
    assert_eq!(
        keys(&function),
        [
            "entityType",
            "id",
            "path",
            "tag",
            "createdAt",
            "lastModified",
            "isScalar",
            "functionArgList",
            "functionBody",
            "returnType"
        ]
    );
    rig.sandbox.configure(|options| options.udf_api = false);
    let off = rig.by_path(&["Finance", "tax"], "").await;
    assert_eq!(off.error(400), "UDFs API is disabled.");
    let enterprise = Rig::enterprise().await;
    let space = enterprise.by_path(&["Finance"], "?exclude=children").await.ok();
    assert!(space["owner"]["ownerId"].is_string());
}

#[tokio::test]
async fn datasets_tell_what_is_known_and_leave_out_the_rest() {
    let rig = Rig::oss().await;
    let view = rig.by_path(&["finance", "B REVENUE"], "").await.ok();
    assert_eq!(view["entityType"], "dataset");
    assert_eq!(view["type"], "VIRTUAL_DATASET");
    assert_eq!(view["path"], json!(["Finance", "b revenue"]));
    assert_eq!(view["sql"], "SELECT * FROM Orders o -- all\n;");
    assert_eq!(view["sqlContext"], json!(["zeta", "Public"]));
    assert!(view.get("name").is_none() && view.get("children").is_none());
    let entry = &view["fields"][0]["type"]["subSchema"][0];
    assert!(entry.get("name").is_none());
    assert_eq!(entry["type"]["subSchema"][1]["type"]["name"], "BIGINT");

    let table = rig.by_path(&["zeta", "Public", "Orders"], "").await.ok();
    assert_eq!(table["type"], "PHYSICAL_DATASET");
    assert_eq!(
        table["fields"][1],
        json!({"name": "price", "type": {"name": "DECIMAL", "precision": 10, "scale": 2}})
    );
    assert!(table.get("sql").is_none() && table.get("format").is_none());
    let unknown = rig.by_path(&["zeta", "public", "never queried"], "").await.ok();
    assert!(unknown.get("fields").is_none());
    assert_eq!(unknown["lastMetadataRefreshAt"], "1970-01-01T00:00:00.000Z");
    let promoted = rig.by_path(&["lake", "raw", "events"], "").await.ok();
    assert_eq!(promoted["format"]["type"], "Parquet");
    let hidden = rig.by_path(&["Finance", "c secret sql"], "").await.ok();
    assert_eq!(hidden["type"], "VIRTUAL_DATASET");
    assert!(hidden.get("sql").is_none());
    rig.by_path(&["Finance", "d forbidden"], "").await.error(403);
    assert!(rig.names(&["Finance"]).await.contains(&"d forbidden".to_owned()));
    rig.sandbox.configure(|options| options.forbidden_status = 404);
    rig.by_path(&["Finance", "d forbidden"], "").await.error(404);
}

#[tokio::test]
async fn items_differ_by_backend() {
    let rig = Rig::oss().await;
    let child = |entity: &Value, n: usize| entity["children"][n].clone();
    let stored = rig.by_path(&["zeta", "Public"], "").await.ok();
    let item = child(&stored, 1);
    assert_eq!(item["datasetType"], "DIRECT");
    assert_eq!(keys(&item), ["id", "path", "tag", "type", "datasetType", "createdAt"]);
    let storage = rig.by_path(&["lake", "raw"], "").await.ok();
    assert_eq!(keys(&child(&storage, 0)), ["id", "path", "type"]);
    let promoted = child(&storage, 2);
    assert_eq!(keys(&promoted), ["id", "path", "type", "datasetType"]);
    assert_eq!(promoted["datasetType"], "PROMOTED");
    let space = rig.by_path(&["Finance"], "").await.ok();
    let folder = child(&space, 1);
    assert_eq!(keys(&folder), ["id", "path", "tag", "type", "containerType"]);
    let versioned = rig.by_path(&["nessie"], "").await.ok();
    assert_eq!(keys(&child(&versioned, 0)), ["id", "path", "type", "containerType"]);
}

#[tokio::test]
async fn paths_are_decoded_segment_by_segment() {
    let rig = Rig::oss().await;
    let folder = rig.by_path(&["Finance", "a/b \"q\" é.ü"], "").await.ok();
    assert_eq!(folder["children"][0]["path"][2], "inner");
    let target = &rig.sandbox.requests().pop().unwrap().target;
    assert_eq!(target, "/api/v3/catalog/by-path/Finance/a%2Fb%20%22q%22%20%C3%A9.%C3%BC");
    rig.by_path(&["FINANCE", "A/B \"Q\" É.Ü", "INNER"], "").await.ok();
    rig.get("/catalog/by-path/Finance/").await.ok();
    rig.get("/catalog/by-path//Finance/a%20top").await.ok();
    rig.get("/catalog/by-path/Finance/a+top").await.error(404);
    rig.get("/catalog/by-path").await.error(400);
    let long = "x/".repeat(128);
    rig.get(&format!("/catalog/by-path/{long}")).await.error(400);
    rig.get("/catalog/by-path/Finance/50%2").await;
    assert_eq!(rig.sandbox.defects().len(), 1);
}

#[tokio::test]
async fn names_in_a_storage_are_told_apart_by_case_unless_stored() {
    let rig = Rig::oss().await;
    rig.by_path(&["LAKE", "raw", "EVENTS"], "").await.ok();
    rig.by_path(&["lake", "RAW", "Events"], "").await.ok();
    rig.by_path(&["lake", "RAW"], "").await.error(500);
    rig.by_path(&["lake", "raw", "AA.csv"], "").await.error(500);
    for twin in ["Twin.csv", "twin.csv"] {
        let file = rig.by_path(&["lake", "raw", twin], "").await.ok();
        assert_eq!(file["path"][2], twin);
    }
}

#[tokio::test]
async fn ids_come_in_three_kinds_and_as_one_segment() {
    let rig = Rig::oss().await;
    let table = rig.id_of(&["zeta", "public", "orders"]).await;
    assert_eq!(rig.by_id(&table, "").await.ok()["path"][2], "Orders");
    let folder = rig.by_id("dremio:/lake/raw", "").await.ok();
    assert_eq!(folder["id"], "dremio:/lake/raw");
    assert!(folder.get("tag").is_none());
    rig.get("/catalog/dremio:/lake/raw").await.error(404);
    rig.by_id("dremio:/lake/raw/say \"hi\".csv", "").await.error(404);
    rig.by_path(&["lake", "raw", "say \"hi\".csv"], "").await.ok();
    let promoted = rig.by_id("dremio:/lake/raw/events", "").await.ok();
    assert_ne!(promoted["id"], "dremio:/lake/raw/events", "the old id finds the new entity");
    for absent in ["x", "00000000-0000-0000-0000-000000000000", "{\"tableKey\":[]}", "dremio:/no/x"]
    {
        let message = rig.by_id(absent, "").await.error(404);
        assert_eq!(message, format!("Could not find entity with id [{absent}]"));
    }
    let ix = rig.sandbox.catalogue().find(&["lake", "raw"]).unwrap();
    rig.sandbox.catalogue().store(ix);
    let stored = rig.by_id("dremio:/lake/raw", "").await.ok();
    assert_eq!(stored["id"].as_str().unwrap().len(), 36);
    assert_eq!(rig.id_of(&["lake", "raw"]).await, stored["id"]);
}

#[tokio::test]
async fn versioned_things_have_json_ids_that_carry_their_reference() {
    let rig = Rig::oss().await;
    let id = rig.id_of(&["nessie", "sales", "zorders"]).await;
    let parsed: Value = serde_json::from_str(&id).unwrap();
    assert_eq!(parsed["tableKey"], json!(["nessie", "sales", "zorders"]));
    assert_eq!(parsed["versionContext"], json!({"type": "BRANCH", "value": "main"}));
    assert_eq!(rig.by_id(&id, "").await.ok()["id"], id.as_str());
    let reordered = json!({
        "versionContext": {"value": "dev", "type": "BRANCH"},
        "contentId": parsed["contentId"], "tableKey": parsed["tableKey"]
    });
    let on_dev = rig.by_id(&reordered.to_string(), "").await.ok();
    assert!(on_dev["id"].as_str().unwrap().contains("dev"));

    let on_tag = rig.by_path(&["nessie", "sales"], "?versionType=tag&versionValue=v1.0").await.ok();
    assert!(on_tag["children"][0]["id"].as_str().unwrap().contains("v1.0"));
    let root = rig.by_path(&["nessie"], "?versionType=BRANCH&versionValue=dev").await.ok();
    assert!(root["children"][0]["id"].as_str().unwrap().contains("dev"));
    for wrong in ["?versionType=BRANCH", "?versionValue=main", "?versionType=FORK&versionValue=x"] {
        rig.by_path(&["nessie", "sales"], wrong).await.error(400);
    }
    rig.by_path(&["nessie", "sales"], "?versionType=BRANCH&versionValue=none").await.error(404);
    assert_eq!(rig.names(&["nessie", "sales"]).await, ["zorders", "aview", "morders"]);
}

#[tokio::test]
async fn what_is_missing_is_missing_in_the_way_of_its_root() {
    let rig = Rig::oss().await;
    let message = rig.by_path(&["nowhere", "x"], "").await.error(404);
    assert_eq!(message, "Could not find entity with path [nowhere, x]");
    rig.by_path(&["Finance", "nothing"], "").await.error(404);
    rig.by_path(&["nessie", "sales", "nothing"], "").await.error(404);
    let message = rig.by_path(&["zeta", "Public", "nothing"], "").await.error(400);
    assert!(message.starts_with("Can not get internal item from non-filesystem source"));
    let answer = rig.by_path(&["lake", "raw", "nothing"], "").await;
    assert!(answer.error(500).starts_with("java.io.FileNotFoundException"));
    assert!(answer.json()["stackTrace"].is_array());
    rig.get("/nonsense").await.error(404);
}

#[tokio::test]
async fn a_source_that_is_down_fails_only_with_its_children() {
    let rig = Rig::oss().await;
    for source in ["broken", "attic"] {
        let down = rig.by_path(&[source], "").await;
        let start = format!("The source [{source}] is currently unavailable. Metadata is not");
        assert!(down.error(400).starts_with(&start));
        assert!(down.json()["context"].is_array());
        let alone = rig.by_path(&[source], "?exclude=children").await.ok();
        assert_eq!(alone["state"]["status"], "bad");
        assert_eq!(alone["state"]["messages"][0]["level"], "ERROR");
        assert_eq!(alone["children"], json!([]));
    }
    rig.by_path(&["broken", "stale"], "").await.ok();
    rig.by_path(&["attic", "box"], "?exclude=children").await.error(400);
}

#[tokio::test]
async fn wikis_and_tags_have_their_quirks() {
    let rig = Rig::oss().await;
    let view = rig.id_of(&["Finance", "b revenue"]).await;
    let wiki = |id: &str| format!("/catalog/{}/collaboration/wiki", seg(id));
    let tag = |id: &str| format!("/catalog/{}/collaboration/tag", seg(id));
    let text = rig.get(&wiki(&view)).await.ok();
    assert_eq!(text["text"], "Money in");
    assert!(text["version"].is_u64());
    let tags = rig.get(&tag(&view)).await.ok();
    assert_eq!(tags["tags"], json!(["gold", "pii"]));
    assert!(tags["version"].is_string());
    let bare = rig.id_of(&["zeta", "Public", "Orders"]).await;
    assert_eq!(rig.get(&wiki(&bare)).await.ok(), json!({"text": ""}));
    assert_eq!(rig.get(&tag(&bare)).await.ok(), json!({"tags": []}));
    let space = rig.id_of(&["Finance"]).await;
    assert_eq!(rig.get(&wiki(&space)).await.ok()["text"], "# Finance");
    assert_eq!(
        rig.get(&tag(&space)).await.error(400),
        "Labels may only be set on views and tables."
    );
    for id in ["unknown", "dremio:/lake/raw"] {
        let message = rig.get(&wiki(id)).await.error(400);
        assert_eq!(message, format!("Could not find entity with id [{id}]"));
    }
    let sales = json!({
        "tableKey": ["nessie", "sales"], "versionContext": {"type": "BRANCH", "value": "dev"},
        "contentId": serde_json::from_str::<Value>(&rig.id_of(&["nessie", "sales"]).await).unwrap()["contentId"],
    });
    rig.get(&wiki(&sales.to_string())).await.error(400);

    assert!(rig.sandbox.defects().is_empty());
    let home = rig.id_of(&["@ada"]).await;
    assert_eq!(rig.get(&wiki(&home)).await.ok()["version"], 0);
    assert_eq!(rig.sandbox.defects().len(), 1, "reading a home's wiki writes it");
    let enterprise = Rig::enterprise().await;
    enterprise.get(&wiki(&bare)).await.error(404);
}

#[tokio::test]
async fn reflections_and_graph() {
    let rig = Rig::oss().await;
    let orders = rig.id_of(&["zeta", "Public", "Orders"]).await;
    let reflections = rig.get(&format!("/dataset/{orders}/reflection")).await.ok();
    let first = &reflections["data"][0];
    assert_eq!(first["name"], "raw orders");
    assert_eq!(first["datasetId"], orders.as_str());
    assert_eq!(first["status"]["combinedStatus"], "CAN_ACCELERATE");
    let id = first["id"].as_str().unwrap();
    assert_eq!(rig.get(&format!("/reflection/{id}")).await.ok(), *first);
    let graph = format!("/catalog/{orders}/graph");
    assert_eq!(rig.get(&graph).await.error(404), "HTTP 404 Not Found");

    let enterprise = Rig::enterprise().await;
    let revenue = enterprise.id_of(&["Finance", "b revenue"]).await;
    let graph = enterprise.get(&format!("/catalog/{revenue}/graph")).await.ok();
    assert_eq!(graph["parents"][0]["path"], json!(["zeta", "Public", "Orders"]));
    assert_eq!(graph["children"][0]["path"], json!(["Finance", "A Top"]));
    assert_eq!(graph["sources"][0]["path"], json!(["zeta"]));
    enterprise.sandbox.configure(|options| options.graph = false);
    enterprise.get(&format!("/catalog/{revenue}/graph")).await.error(404);
}

#[tokio::test]
async fn a_search_finds_names() {
    let rig = Rig::oss().await;
    let found = rig.get("/catalog/search?query=order").await.ok();
    assert_eq!(found["data"][0]["path"], json!(["zeta", "Public", "Orders"]));
}

#[tokio::test]
async fn changes_are_refused_and_remembered() {
    let rig = Rig::oss().await;
    let id = rig.id_of(&["Finance"]).await;
    for (method, path) in [
        ("POST", "/catalog".to_owned()),
        ("PUT", format!("/catalog/{id}")),
        ("DELETE", format!("/catalog/{id}")),
        ("POST", format!("/catalog/{}", seg("dremio:/lake/raw"))),
        ("POST", format!("/catalog/{id}/refresh")),
        ("POST", format!("/catalog/{id}/collaboration/wiki")),
        ("POST", "/reflection".to_owned()),
    ] {
        rig.send(method, &path, Some(json!({}))).await.error(403);
    }
    rig.send("POST", "/sql", Some(json!({"sql": "DROP VIEW x"}))).await.ok();
    assert_eq!(rig.sandbox.mutations().len(), 8);
}

#[tokio::test]
async fn views_can_learn_their_columns_from_an_engine() {
    let rig = Rig::oss().await;
    let path = ["Finance", "A Top"];
    assert!(rig.by_path(&path, "").await.ok().get("fields").is_none());
    let failed = rig.sandbox.catalogue().learn_views(&CountingEngine);
    assert!(failed.is_empty());
    let fields = rig.by_path(&path, "").await.ok()["fields"].clone();
    assert_eq!(fields[2], json!({"name": "nothing", "type": {"name": "OTHER"}}));
    let told = rig.by_path(&["Finance", "b revenue"], "").await.ok();
    assert_eq!(told["fields"][0]["name"], "m", "what the file says stays");
}
