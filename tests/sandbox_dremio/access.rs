//! Logins, tokens, editions (contract §1).

use super::*;
use dremio_explorer::sandbox::dremio::Health;

#[tokio::test]
async fn login_answers_a_token_and_facts_of_the_server() {
    let rig = Rig::oss().await;
    let body = json!({"userName": "ada", "password": "s3cret"});
    let login = rig.send("POST", "/apiv2/login", Some(body)).await.ok();
    assert_eq!(login["userName"], "ada");
    assert_eq!(login["version"], "25.2.0-202410241428100111-a963b970");
    assert_eq!(login["admin"], true);
    assert!(login["expires"].as_u64().unwrap() > 1_700_000_000_000, "epoch milliseconds");

    for (user, password) in [("ada", "wrong"), ("nobody", "s3cret"), ("", "")] {
        let body = json!({"userName": user, "password": password});
        let refused = rig.send("POST", "/apiv2/login", Some(body)).await;
        refused.error(401);
        assert_eq!(refused.json()["stackTrace"], json!([]));
    }
}

#[tokio::test]
async fn every_spelling_of_a_login_token_is_taken() {
    let mut rig = Rig::oss().await;
    let token = rig.log_in().await;
    for header in ["_dremio{}", "_dremio {}", "{}", "Bearer {}"] {
        rig.authorization = header.replace("{}", &token);
        rig.get("/catalog").await.ok();
    }
    let seen = rig.sandbox.requests();
    assert_eq!(seen.last().unwrap().authorization, Some("Bearer"));
}

#[tokio::test]
async fn a_refused_token_is_401_without_body_or_content_type() {
    let mut rig = Rig::oss().await;
    let good = rig.authorization.clone();
    let pat = format!("Bearer {}", rig.sandbox.pat());
    for header in ["_dremiogarbage", "Bearer garbage", "", &pat] {
        rig.authorization = header.to_owned();
        let refused = rig.get("/catalog").await;
        assert_eq!((refused.status, refused.text.as_str()), (401, ""), "{header}");
        assert_eq!(refused.content_type, None);
    }
    rig.authorization = good;
    rig.sandbox.expire_tokens();
    assert_eq!(rig.get("/catalog").await.status, 401);
}

#[tokio::test]
async fn tokens_can_expire_after_some_requests() {
    let rig =
        Rig::start(DremioOptions { expire_tokens_after: Some(2), ..DremioOptions::default() })
            .await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(rig.get("/catalog").await.status);
    }
    assert_eq!(statuses, [200, 200, 401]);
}

#[tokio::test]
async fn a_login_can_be_probed_and_ended() {
    let rig = Rig::oss().await;
    assert_eq!(rig.get("/apiv2/login").await.ok(), true);
    let gone = rig.send("DELETE", "/apiv2/login", None).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(rig.get("/apiv2/login").await.status, 401);
}

#[tokio::test]
async fn the_servers_health_shows() {
    let mut rig = Rig::oss().await;
    rig.authorization.clear();
    assert_eq!(rig.get("/apiv2/server_status").await.ok(), "OK");
    rig.sandbox.configure(|options| options.health = Health::NotReady("STARTING".to_owned()));
    let starting = rig.get("/apiv2/server_status").await;
    assert_eq!((starting.status, starting.json()), (503, json!("STARTING")));
    rig.sandbox.configure(|options| options.health = Health::NoFirstUser);
    for path in ["/apiv2/login", "/catalog", "/job/1"] {
        assert_eq!(rig.get(path).await.error(403), "No User Available");
    }
}

#[tokio::test]
async fn enterprise_takes_personal_access_tokens_and_exchanges_them() {
    let mut rig = Rig::enterprise().await;
    rig.authorization = format!("Bearer {}", rig.sandbox.pat());
    rig.get("/catalog").await.ok();
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "sandbox-personal-access-token"),
        ("scope", "dremio.all"),
    ];
    let url = format!("{}/oauth/token", rig.sandbox.url());
    let exchanged = rig.http.post(&url).form(&form).send().await.unwrap();
    let exchanged: Value = exchanged.json().await.unwrap();
    assert_eq!(exchanged["token_type"], "Bearer");
    rig.authorization = format!("Bearer {}", exchanged["access_token"].as_str().unwrap());
    rig.get("/catalog").await.ok();
    rig.authorization = format!("Bearer {}", rig.sandbox.pat());
    rig.sandbox.revoke_pat();
    assert_eq!(rig.get("/catalog").await.status, 401);
}

#[tokio::test]
async fn cloud_has_its_own_addresses_and_no_passwords() {
    let edition = Edition::Cloud { project: "p-1".to_owned() };
    let rig = Rig::start(DremioOptions { edition, ..DremioOptions::default() }).await;
    assert!(rig.sandbox.api_url().ends_with("/v0/projects/p-1"));
    rig.get("/catalog").await.ok();
    assert_eq!(rig.get("/v0/projects").await.ok()[0]["id"], "p-1");
    assert_eq!(rig.get("/v0/projects/p-1").await.ok()["id"], "p-1");
    let other = rig.get("/v0/projects/p-2/catalog").await;
    assert_eq!(other.status, 403);
    assert!(other.text.contains("<html>"));
    assert_eq!(rig.get("/apiv2/login").await.status, 404);
    let folder = rig.by_path(&["zeta", "public"], "").await.ok();
    assert_eq!(folder["entityType"], "FOLDER");
}

#[tokio::test]
async fn the_web_application_answers_elsewhere() {
    let rig = Rig::oss().await;
    let page = rig.get("/index").await;
    assert_eq!(page.content_type.as_deref(), Some("text/html;charset=utf-8"));
    assert_eq!(rig.get("/api/v4/catalog").await.error(404), "HTTP 404 Not Found");
}
