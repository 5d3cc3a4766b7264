//! OpenMetadata's own JSON Schemas, from a folder that need not be there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dremio_explorer::sandbox::openmetadata::Version;
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use crate::Sort;

const BASE: &str = "https://om.invalid/schema/";

/// The folder of schemas beside the repository, or the one that the environment names.
pub(crate) fn folder() -> Option<PathBuf> {
    let beside =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts/openmetadata-schemas");
    let named = std::env::var_os("OPENMETADATA_SCHEMAS").map(PathBuf::from);
    named.into_iter().chain([beside]).find(|folder| folder.join("api").is_dir())
}

fn json_files(folder: &Path, below: &str, found: &mut BTreeMap<String, Value>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        if entry.path().is_dir() {
            json_files(&entry.path(), &format!("{path}/"), found);
        } else if entry.path().extension().is_some_and(|it| it == "json") {
            let text = std::fs::read_to_string(entry.path()).expect("a file");
            found.insert(path, serde_json::from_str(&text).expect("JSON"));
        }
    }
}

/// The schemas of a version: those of 1.13, made stricter for 2.0.
fn schemas(folder: &Path, version: Version) -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    json_files(folder, "", &mut files);
    let delta = files.remove("delta-1.13.0-to-2.0.7.json").expect("the delta");
    files.retain(|path, _| !path.starts_with("samples/"));
    for schema in files.values_mut() {
        let schema = schema.as_object_mut().expect("a schema");
        // Some of them do not name the file that they stand in.
        schema.remove("$id");
    }
    let link = "/definitions/entityLink/pattern";
    if let Some(pattern) = files.get_mut("type/basic.json").and_then(|it| it.pointer_mut(link)) {
        // A flag that only Java has; no body holds such a link.
        *pattern = json!(".*");
    }
    if version == Version::V2_0 {
        for change in delta["ops"].as_array().expect("changes") {
            let text = |key: &str| change[key].as_str().unwrap_or_default();
            // What is new is not sent, so it stays refused; what is stricter counts.
            if text("op") == "replace" {
                let file = files.get_mut(text("file")).expect("the file of a change");
                *file.pointer_mut(text("pointer")).expect("what changes") = change["value"].clone();
            }
        }
    }
    files
}

pub(crate) struct Checker {
    validators: BTreeMap<&'static str, Validator>,
}

impl Checker {
    pub(crate) fn new(folder: &Path, version: Version) -> Self {
        let mut builder = Registry::new().draft(Draft::Draft7);
        for (path, schema) in schemas(folder, version) {
            builder = builder.add(format!("{BASE}{path}"), schema).expect("a schema");
        }
        let registry = builder.prepare().expect("all references are there");
        let validator = |path: &'static str| {
            let schema = json!({ "$ref": format!("{BASE}{path}") });
            let built = jsonschema::options()
                .with_draft(Draft::Draft7)
                .with_registry(&registry)
                .should_validate_formats(true)
                .build(&schema);
            (path, built.unwrap_or_else(|error| panic!("{path}: {error}")))
        };
        let paths = Sort::ALL.into_iter().filter_map(Sort::schema);
        Self { validators: paths.map(validator).collect() }
    }

    pub(crate) fn wrong(&self, path: &str, body: &Value) -> Vec<String> {
        let errors = self.validators[path].iter_errors(body);
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

/// The check itself: what the folder gives as right and wrong is judged so, in both strictnesses.
#[test]
fn the_samples_are_judged_as_they_are_meant() {
    let Some(folder) = folder() else {
        eprintln!("skipped: the folder of OpenMetadata's schemas is not there");
        return;
    };
    for version in [Version::V1_13, Version::V2_0] {
        let checker = Checker::new(&folder, version);
        for (kind, is_right) in [("valid", true), ("invalid", false)] {
            let mut samples = BTreeMap::new();
            json_files(&folder.join("samples").join(kind), "", &mut samples);
            assert!(!samples.is_empty());
            for (name, sample) in samples {
                let stem = name.split('.').next().unwrap_or_default();
                let schema = Sort::ALL
                    .into_iter()
                    .filter_map(Sort::schema)
                    .find(|path| path.ends_with(&format!("/{stem}.json")))
                    .unwrap_or_else(|| panic!("no schema for {name}"));
                let wrong = checker.wrong(schema, &sample);
                assert_eq!(wrong.is_empty(), is_right, "{version:?} {name}: {wrong:#?}");
            }
        }
    }
}
