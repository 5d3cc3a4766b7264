//! Any text through the lineage engine and the highlighter: neither may panic, overflow the stack
//! or point outside the text.
#![no_main]

use dremio_explorer::model::DatasetPath;
use dremio_explorer::sqlflow::{SchemaMap, analyze, classify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|sql: &str| {
    let mut schema = SchemaMap::new();
    schema.insert(&DatasetPath::new(["t"]), ["a", "b", "c"]);
    schema.insert(&DatasetPath::new(["s", "u"]), ["a", "d"]);
    let context = ["s".to_owned()];
    for statement in analyze(sql, &context, &schema).statements {
        assert!(sql.get(statement.span.clone()).is_some());
        for column in &statement.columns {
            assert!(sql.get(column.span.clone()).is_some());
        }
        for source in &statement.sources {
            assert!(sql.get(source.span.clone()).is_some());
        }
    }
    for (range, _) in classify(sql) {
        assert!(sql.get(range).is_some());
    }
});
