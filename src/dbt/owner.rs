//! Whom and what a project names for OpenMetadata: owners, and what `meta.openmetadata` asks for.

use std::fmt;

use serde::{Serialize, Serializer};

/// A person or team that answers for something, as far as dbt tells: by names or addresses, the one
/// that people read first. Never without any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(Vec<Box<str>>);

impl Owner {
    /// Whoever goes by these names and addresses; nobody if all are blank.
    pub fn of(words: impl IntoIterator<Item = Box<str>>) -> Option<Self> {
        let mut words: Vec<Box<str>> =
            words.into_iter().map(|word| Box::from(word.trim())).collect();
        words.retain(|word| !word.is_empty());
        (!words.is_empty()).then_some(Self(words))
    }

    /// What to call them.
    pub fn name(&self) -> &str {
        self.0.first().map_or("", |word| word)
    }

    /// Several of them in one line.
    pub fn list(owners: &[Self]) -> String {
        owners.iter().map(Self::name).collect::<Vec<_>>().join(", ")
    }

    /// All that they go by: the name first, then addresses.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|word| &**word)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What `meta.openmetadata` of a node or column asks for, owners aside (contract §6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenMetadataFacts {
    /// `Tier.Tier1`, also as `Tier1`.
    pub tier: Option<Box<str>>,
    /// FQNs of glossary terms.
    pub glossary: Vec<Box<str>>,
    /// FQNs of tags.
    pub tags: Vec<Box<str>>,
    /// FQNs of domains; an entity has one.
    pub domains: Vec<Box<str>>,
    /// Names of custom properties, whose values are not read.
    pub custom_properties: Vec<Box<str>>,
}

#[cfg(test)]
mod tests {
    use crate::dbt::{Manifest, Owner};

    fn manifest(node: &str) -> Manifest {
        let text = format!(
            r#"{{"metadata":{{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json"}},"nodes":{{"model.p.a":{{"name":"a",{node}}}}}}}"#
        );
        Manifest::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_owner_is_known_by_name_and_by_addresses() {
        let words = |owner: &str| -> Vec<Vec<String>> {
            let manifest = manifest(&format!(r#""meta":{{"owner":{owner}}}"#));
            let words = |owner: &Owner| owner.words().map(str::to_owned).collect();
            manifest.nodes[0].owners.iter().map(words).collect()
        };
        assert_eq!(words(r#""  crm ""#), [["crm"]]);
        assert_eq!(words(r#"["crm", " ", "bi"]"#), [["crm"], ["bi"]]);
        assert_eq!(
            words(r#"{"name":"crm","email":"crm@example.com","x":[1]}"#),
            [["crm", "crm@example.com"]]
        );
        assert_eq!(
            words(r#"{"email":["a@example.com","b@example.com"]}"#),
            [["a@example.com"], ["b@example.com"]]
        );
        assert_eq!(words(r#"{"name":["crm","bi"],"email":"a@example.com"}"#), [["crm"], ["bi"]]);
        for nothing in ["null", "1", "{}", "[]", "[{}]", r#"{"name":" "}"#] {
            assert!(words(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn what_is_meant_for_openmetadata_is_read_from_both_places() {
        let facts = r#"{"openmetadata":{"tier":"Tier.Tier1","glossary":"A.B","tags":["x",1,null],
            "domain":"D","customProperties":{"c":{"deep":[1]}}}}"#;
        for node in
            [format!(r#""meta":{facts}"#), format!(r#""meta":{{}},"config":{{"meta":{facts}}}"#)]
        {
            let found = manifest(&node);
            let found = found.nodes[0].openmetadata.as_deref().unwrap();
            assert_eq!(found.tier.as_deref(), Some("Tier.Tier1"));
            assert_eq!((found.glossary[0].as_ref(), found.domains[0].as_ref()), ("A.B", "D"));
            assert_eq!(found.tags, [Box::from("x"), "1".into()]);
            assert_eq!(found.custom_properties, [Box::from("c")]);
        }
        let column =
            manifest(&format!(r#""columns":{{"c":{{"name":"c","config":{{"meta":{facts}}}}}}}"#));
        assert!(column.nodes[0].columns[0].openmetadata.is_some());
        for nothing in
            [r#""meta":[]"#, r#""meta":{"openmetadata":"x"}"#, r#""meta":{"openmetadata":{}}"#]
        {
            assert_eq!(manifest(nothing).nodes[0].openmetadata, None, "{nothing}");
        }
        let hostile = r#""meta":{"openmetadata":{"tier":{},"glossary":{"a":1},"tags":7,"domain":[[]],"customProperties":[1]}}"#;
        assert_eq!(manifest(hostile).nodes[0].openmetadata, None);
    }
}
