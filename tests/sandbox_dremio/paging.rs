//! Children: exclusion, pages and their tokens, three backends (contract §2.5).

use super::*;

async fn all_pages(rig: &Rig, path: &[&str], max: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let query = format!("?maxChildren={max}{token}");
        let page = rig.by_path(path, &query).await.ok();
        pages.push(names(&page));
        match page.get("nextPageToken") {
            Some(next) => token = format!("&pageToken={}", seg(next.as_str().unwrap())),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn stored_and_versioned_containers_come_in_pages() {
    let rig = Rig::oss().await;
    let whole = rig.names(&["Finance"]).await;
    let in_order = ["a/b \"q\" é.ü", "A Top", "b revenue", "c secret sql", "d forbidden", "tax"];
    let mut sorted = in_order;
    sorted.sort_by_key(|name| name.to_lowercase());
    assert_eq!(whole, sorted);
    for max in 1..=7 {
        let pages = all_pages(&rig, &["Finance"], max).await;
        assert!(pages.iter().all(|page| page.len() <= max));
        assert_eq!(pages.concat(), whole, "pages of {max}");
        assert_eq!(pages.len(), 6_usize.div_ceil(max), "no token after the last page");
    }
    let versioned = all_pages(&rig, &["nessie", "sales"], 2).await;
    assert_eq!(versioned, [vec!["zorders", "aview"], vec!["morders"]]);
    rig.sandbox.configure(|options| options.page_cap = Some(2));
    assert_eq!(all_pages(&rig, &["Finance"], 5).await.len(), 3, "shorter than asked for");
    assert_eq!(rig.names(&["Finance"]).await.len(), 6, "no paging without maxChildren");
}

#[tokio::test]
async fn a_storage_never_pages_and_keeps_its_order() {
    let rig = Rig::oss().await;
    let page = rig.by_path(&["lake", "raw"], "?maxChildren=1").await.ok();
    let all = ["zz.csv", "aa.csv", "events", "say \"hi\".csv", "Twin.csv", "twin.csv", "deep"];
    assert_eq!(names(&page), all);
    assert!(page.get("nextPageToken").is_none());
}

#[tokio::test]
async fn children_can_be_left_out() {
    let rig = Rig::oss().await;
    for query in [
        "?exclude=children",
        "?maxChildren=0",
        "?maxChildren=-5",
        "?exclude=permissions&exclude=children",
    ] {
        let entity = rig.by_path(&["Finance"], query).await.ok();
        assert_eq!(entity["children"], json!([]), "{query}");
        assert!(entity.get("nextPageToken").is_none());
    }
    let whole = rig.by_path(&["Finance"], "?exclude=children,permissions").await.ok();
    assert_eq!(whole["children"].as_array().unwrap().len(), 6);
    rig.by_path(&["Finance"], "?maxChildren=many").await.error(404);
}

#[tokio::test]
async fn a_token_is_bound_to_its_path_and_version() {
    let rig = Rig::oss().await;
    let token = |page: &Value| seg(page["nextPageToken"].as_str().unwrap());
    let page = rig.by_path(&["Finance"], "?maxChildren=1").await.ok();
    let next = token(&page);
    assert!(!next.contains('%'), "URL-safe");
    rig.by_path(&["FINANCE"], &format!("?maxChildren=1&pageToken={next}")).await.ok();
    let id = page["id"].as_str().unwrap();
    rig.by_id(id, &format!("?maxChildren=1&pageToken={next}")).await.ok();
    let rest = rig.by_path(&["Finance"], &format!("?pageToken={next}")).await.ok();
    assert_eq!(names(&rest).len(), 5, "all the rest without maxChildren");
    let wrong = rig.by_path(&["analytics"], &format!("?maxChildren=1&pageToken={next}")).await;
    assert_eq!(wrong.error(400), "Passed path [analytics] does not match previous path [Finance]");
    rig.by_path(&["lake", "raw"], &format!("?pageToken={next}")).await.error(400);
    rig.by_path(&["Finance"], "?maxChildren=1&pageToken=rubbish!").await.error(400);

    let sales = rig.by_path(&["nessie", "sales"], "?maxChildren=1").await.ok();
    let next = format!("?maxChildren=1&pageToken={}", token(&sales));
    rig.by_path(&["nessie", "sales"], &next).await.ok();
    let main = format!("{next}&versionType=BRANCH&versionValue=main");
    rig.by_path(&["nessie", "sales"], &main).await.ok();
    let dev = format!("{next}&versionType=BRANCH&versionValue=dev");
    rig.by_path(&["nessie", "sales"], &dev).await.error(400);
    rig.by_id(sales["id"].as_str().unwrap(), &next).await.ok();
}
