//! What of a lineage is chosen.

use std::collections::BTreeSet;

use dremio_explorer::report::lineage::{LineageReport, Selection, SelectionError, Wanted, select};

use crate::{small, wanted};

#[test]
fn spaces_and_selectors_narrow_what_is_shown_and_checked() {
    let lineage = small();
    let names = |nodes: &BTreeSet<_>| -> Vec<String> {
        nodes.iter().map(|node| lineage.graph.node(*node).path.to_string()).collect()
    };
    let in_hr = lineage.selection(&Wanted { spaces: vec!["HR".to_owned()], ..Wanted::default() });
    assert_eq!(names(&in_hr.checked), ["hr.broken", "hr.gone", "hr.top"]);
    assert_eq!(names(&in_hr.nodes), ["hr.broken", "hr.gone", "hr.top", "sales.marts.by_person"]);
    let report = LineageReport::new(lineage.input(), &in_hr);
    assert_eq!(report.check().coverage.views, 2);
    assert_eq!((report.node_count(), report.edge_count()), (4, 2));
    let some = Wanted {
        select: Some("path:sales+".to_owned()),
        exclude: Some("hr.* nothing_like_it".to_owned()),
        ..Wanted::default()
    };
    let some = lineage.selection(&some);
    assert_eq!(names(&some.nodes), ["sales.marts.by_person", "sales.staging.orders"]);
    assert_eq!(some.unmatched, ["nothing_like_it"]);
    let near = Wanted { upstream: Some(1), downstream: Some(0), ..wanted("by_person", None) };
    let near = lineage.selection(&near);
    assert_eq!(
        names(&near.nodes),
        ["lake.raw.people", "sales.marts.by_person", "sales.staging.orders"]
    );
}

#[test]
fn tables_are_found_by_the_names_people_have_for_them() {
    let lineage = small();
    let names = Wanted {
        openmetadata: Some(("dremio".to_owned(), "default".to_owned())),
        ..Wanted::default()
    };
    let find = |text: &str| {
        select::find(&lineage.graph, text, &names)
            .map(|node| lineage.graph.node(node).path.to_string())
    };
    assert_eq!(find("SALES.marts.by_person").unwrap(), "sales.marts.by_person");
    assert_eq!(find("by_person").unwrap(), "sales.marts.by_person");
    assert_eq!(find("dremio.sales.marts.by_person").unwrap(), "sales.marts.by_person");
    assert_eq!(find("dremio.hr.default.top").unwrap(), "hr.top");
    match find("orders") {
        Err(SelectionError::Ambiguous { found, .. }) => {
            assert_eq!(found, ["lake.raw.orders", "sales.staging.orders"]);
        }
        other => panic!("{other:?}"),
    }
    let error = find("sales.marts.by_persn").unwrap_err().to_string();
    assert!(error.contains("did you mean sales.marts.by_person"), "{error}");
    let error = Selection::new(&lineage.graph, &wanted("by_person", Some("euro"))).unwrap_err();
    assert!(error.to_string().contains("did you mean eur?"), "{error}");
    let error = Wanted { spaces: vec!["sale".to_owned()], ..Wanted::default() };
    let error = Selection::new(&lineage.graph, &error).unwrap_err();
    assert!(error.to_string().contains("did you mean sales?"), "{error}");
    let error = Wanted { select: Some("\"open".to_owned()), ..Wanted::default() };
    assert!(matches!(Selection::new(&lineage.graph, &error), Err(SelectionError::Selector(_))));
}
