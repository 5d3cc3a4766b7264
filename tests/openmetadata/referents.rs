//! Owners, domains and exclusive tags: what a PUT makes of them, and what the plan says before.

use dremio_explorer::openmetadata::ReferentType;
use dremio_explorer::openmetadata::entity::{CreateCommon, EntityReference, EntityType, TagLabel};
use dremio_explorer::sandbox::openmetadata::{Fault, Named, Quirks, Version};
use dremio_explorer::sync::{Action, FieldChange, Outcome, Plan};
use serde_json::{Value, json};

use super::lake::{Bench, DAILY, ORDERS, client, item, tag, tags_of};

fn reference(kind: &str, named: &Named, name: &str) -> EntityReference {
    EntityReference {
        id: named.id().to_owned(),
        entity_type: kind.to_owned(),
        fully_qualified_name: None,
        name: Some(name.to_owned()),
        inherited: false,
    }
}

fn crm() -> EntityReference {
    reference("team", &Named::team("crm"), "crm")
}

fn steward() -> EntityReference {
    reference("user", &Named::user("steward", "steward@example.com"), "steward")
}

/// A server that knows a team, a user and two domains, to which dbt brings the team.
fn prepare(bench: &mut Bench) {
    bench.server.know([
        Named::team("crm"),
        Named::user("steward", "steward@example.com"),
        Named::domain("Retail"),
        Named::domain("Finance"),
    ]);
    name(bench, CreateCommon { owners: vec![crm()], ..CreateCommon::default() });
}

fn name(bench: &mut Bench, common: CreateCommon) {
    bench.lake.named.insert(ORDERS.to_owned(), common);
}

fn change<'a>(plan: &'a Plan, field: &str) -> Option<&'a FieldChange> {
    item(plan, ORDERS).changes.iter().find(|change| change.field == field)
}

fn ids(owners: &Value) -> Vec<&str> {
    owners.as_array().into_iter().flatten().filter_map(|owner| owner["id"].as_str()).collect()
}

async fn own(bench: &Bench, entity: EntityType, fqn: &str, owner: &EntityReference) {
    let mut value = json!(owner);
    value["name"] = json!(owner.name);
    bench.edit(entity, fqn, json!([{ "op": "add", "path": "/owners", "value": [value] }])).await;
}

#[tokio::test]
async fn owners_come_to_what_has_none_and_a_second_run_is_silent() {
    for (who, mut bench) in Bench::all().await {
        // To what is there already.
        bench.sync_well().await;
        prepare(&mut bench);
        let plan = bench.plan().await;
        let found = change(&plan, "owners").unwrap_or_else(|| panic!("{who}"));
        assert_eq!((found.old.as_deref(), found.new.as_deref()), (None, Some("crm")), "{who}");
        let is_kept = who == "bot, V2_0";
        let wanted = if is_kept { Outcome::KeptByServer } else { Outcome::Written };
        assert_eq!(found.outcome, wanted, "{who}");
        if is_kept {
            assert_eq!(item(&plan, ORDERS).action, Action::Keep, "{who}");
        }
        bench.server.clear_requests();
        bench.sync_well().await;
        let stored = bench.stored("table", ORDERS);
        let owners = if is_kept { vec![] } else { vec![crm().id] };
        assert_eq!(ids(&stored["owners"]), owners, "{who}");
        assert_eq!(bench.server.writes().is_empty(), is_kept, "{who}: {:?}", bench.server.writes());
        bench.is_settled().await;
        // A sync of Dremio alone has nothing against them.
        bench.lake.named.clear();
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn what_is_new_is_made_with_its_owners() {
    for (who, mut bench) in Bench::all().await {
        prepare(&mut bench);
        bench.lake.batch = 10;
        let domains = vec!["Retail".to_owned()];
        name(
            &mut bench,
            CreateCommon { owners: vec![steward()], domains, ..CreateCommon::default() },
        );
        let plan = bench.plan().await;
        for (field, new) in [("owners", "steward"), ("domains", "Retail")] {
            let found = change(&plan, field).unwrap_or_else(|| panic!("{who}: {field}"));
            assert_eq!((found.new.as_deref(), found.outcome), (Some(new), Outcome::Written));
        }
        bench.sync_well().await;
        let stored = bench.stored("table", ORDERS);
        assert_eq!(ids(&stored["owners"]), [steward().id], "{who}");
        assert_eq!(stored["domains"][0]["fullyQualifiedName"], "Retail", "{who}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn owners_that_somebody_set_stay_unless_asked() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        prepare(&mut bench);
        own(&bench, EntityType::Table, ORDERS, &steward()).await;
        let plan = bench.plan().await;
        let found = change(&plan, "owners").unwrap_or_else(|| panic!("{who}"));
        let is_kept = who == "bot, V2_0";
        let wanted = if is_kept { Outcome::KeptByServer } else { Outcome::KeptForPeople };
        assert_eq!((found.old.as_deref(), found.outcome), (Some("steward"), wanted), "{who}");
        bench.sync_well().await;
        assert_eq!(ids(&bench.stored("table", ORDERS)["owners"]), [steward().id], "{who}");
        bench.is_settled().await;
        // Nor are they lost when something else is written.
        bench.lake.dataset("lake.raw.orders").columns.pop();
        bench.sync_well().await;
        assert_eq!(ids(&bench.stored("table", ORDERS)["owners"]), [steward().id], "{who}");

        bench.lake.overwrite_owners = true;
        bench.sync_well().await;
        let owners = if is_kept { [steward().id] } else { [crm().id] };
        assert_eq!(ids(&bench.stored("table", ORDERS)["owners"]), owners, "{who}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn an_inherited_owner_is_told_and_gives_way() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        prepare(&mut bench);
        own(&bench, EntityType::Database, "Dremio.lake", &steward()).await;
        let plan = bench.plan().await;
        let found = change(&plan, "owners").unwrap_or_else(|| panic!("{who}"));
        assert_eq!(found.old.as_deref(), Some("steward (inherited)"), "{who}");
        // The same one by its parent is as good.
        name(&mut bench, CreateCommon { owners: vec![steward()], ..CreateCommon::default() });
        bench.is_settled().await;
        assert_eq!(change(&bench.plan().await, "owners"), None, "{who}");
    }
}

#[tokio::test]
async fn a_domain_comes_to_what_has_none_of_its_own() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        prepare(&mut bench);
        let of = |domain: &str| CreateCommon {
            domains: vec![domain.to_owned()],
            ..CreateCommon::default()
        };
        name(&mut bench, of("Retail"));
        bench.sync_well().await;
        let domain = |bench: &Bench| {
            bench.stored("table", ORDERS)["domains"][0]["fullyQualifiedName"].clone()
        };
        assert_eq!(domain(&bench), "Retail", "{who}");
        bench.is_settled().await;
        name(&mut bench, of("Finance"));
        let plan = bench.plan().await;
        let found = change(&plan, "domains").unwrap_or_else(|| panic!("{who}"));
        assert_ne!(found.outcome, Outcome::Written, "{who}");
        bench.sync_well().await;
        assert_eq!(domain(&bench), "Retail", "{who}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn of_an_exclusive_classification_the_stored_tag_stays() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        bench.server.know([Named::term("Terms.Money")]);
        let by_hand = json!([{ "op": "add", "path": "/tags", "value": [tag("Tier.Tier2")] }]);
        bench.edit(EntityType::Table, ORDERS, by_hand).await;
        let label = |fqn: &str, source: &str| TagLabel {
            tag_fqn: fqn.to_owned(),
            source: source.to_owned(),
            label_type: "Automated".to_owned(),
            state: "Confirmed".to_owned(),
        };
        let tags = vec![label("Tier.Tier1", "Classification"), label("Terms.Money", "Glossary")];
        name(&mut bench, CreateCommon { tags, ..CreateCommon::default() });
        // Without knowing of it, the server refuses the table and says why.
        let round = bench.sync().await;
        let told = round.troubles().join("\n");
        assert!(told.contains("mutually exclusive"), "{who}: {told}");
        bench.lake.exclusive.insert("Tier".to_owned());
        let plan = bench.plan().await;
        let found = change(&plan, "tags.Tier").unwrap_or_else(|| panic!("{who}"));
        let told = (found.old.as_deref(), found.new.as_deref(), found.outcome);
        assert_eq!(told, (Some("Tier.Tier2"), Some("Tier.Tier1"), Outcome::KeptForPeople), "{who}");
        bench.sync_well().await;
        let stored = bench.stored("table", ORDERS);
        assert_eq!(tags_of(&stored), ["Tier.Tier2", "Terms.Money"], "{who}");
        bench.is_settled().await;
    }
}

/// The plan has looked everybody up; whoever goes meanwhile is named, and costs that table alone.
#[tokio::test]
async fn whoever_is_missing_is_named_and_the_table_is_not_called_missing() {
    for batch in [1, 10] {
        let mut bench = Bench::bot(Version::V1_13).await;
        bench.lake.batch = batch;
        // Nobody told the server of this team.
        name(&mut bench, CreateCommon { owners: vec![crm()], ..CreateCommon::default() });
        let round = bench.sync().await;
        let troubles = round.troubles();
        let told = troubles.iter().find(|text| text.contains(ORDERS)).expect("it failed");
        assert!(told.contains(&format!("team instance for {} not found", crm().id)), "{told}");
        assert!(!told.contains("table instance"), "{told}");
        assert_eq!(round.report.ended_early, None);
        assert_eq!(bench.table(DAILY).await.columns.len(), 2, "the other one is there");
    }
}

/// A good answer tells nothing of owners (quirk 35).
#[tokio::test]
async fn owners_that_were_not_stored_are_told() {
    let mut bench = Bench::bot(Version::V1_13).await;
    bench.sync_well().await;
    prepare(&mut bench);
    bench
        .server
        .configure(|options| options.quirks = Quirks { echo_only: true, ..Quirks::default() });
    let round = bench.sync().await;
    let told = round.troubles().join("\n");
    assert!(told.contains("did not store the owners"), "{told}");
}

#[tokio::test]
async fn referents_are_read_by_name_and_page_by_page() {
    let bench = Bench::user(Version::V2_0).await;
    let ours = client(&bench.server.url(), bench.server.user_token());
    bench
        .server
        .know((0..1203).map(|n| Named::user(&format!("u{n}"), &format!("u{n}@example.com"))));
    bench.server.know([
        Named::user("gone", "gone@example.com").with("deleted", json!(true)),
        Named::term("Terms.\"a.b/c\""),
    ]);
    let all = ours.referents(ReferentType::User).await.expect("reads");
    assert_eq!(all.len(), 1203);
    assert_eq!(all[0].email.as_deref(), Some("u0@example.com"));
    let one = |kind, name: &'static str| {
        let ours = ours.clone();
        async move { ours.referent(kind, name).await.expect("reads") }
    };
    assert!(one(ReferentType::User, "u7").await.is_some());
    assert_eq!(one(ReferentType::User, "gone").await, None);
    assert_eq!(one(ReferentType::Team, "u7").await, None);
    assert_eq!(one(ReferentType::Team, "..").await, None);
    assert!(one(ReferentType::GlossaryTerm, "Terms.\"a.b/c\"").await.is_some());
    let tier = one(ReferentType::Classification, "Tier").await.expect("is there");
    assert_eq!(tier.mutually_exclusive, Some(true));
    assert_eq!(one(ReferentType::Domain, "Nowhere").await, None);
    // What keeps us from knowing is an error, not "there is none".
    bench.server.fail_next(1, Some("GET"), "/api/v1/users", Fault::Status(403, "no".to_owned()));
    assert!(ours.referent(ReferentType::User, "u7").await.is_err());
}
