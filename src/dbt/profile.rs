//! dbt's profile (`profiles.yml`): where each of its targets puts what a project builds on Dremio.
//!
//! Only places and names are read: credentials are skipped where they stand, and never kept.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::lenient::Text;
use super::manifest::{Manifest, Node, ResourceType};
use super::relation::split_schema;
use crate::model::path::{fold, same_name};
use crate::model::{Catalog, DatasetPath};

/// What dbt-dremio takes for a source that nobody names.
const SCRATCH: &str = "$scratch";
/// What it takes for a folder or path that nobody names.
const NO_SCHEMA: &str = "no_schema";
/// Variables of this prefix hold secrets, to dbt as to us.
const SECRET: &str = "DBT_ENV_SECRET";

/// Gives the value of an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A profile with its targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The target that dbt takes when nobody names one.
    pub default_target: String,
    /// The targets by name.
    pub targets: Vec<Target>,
}

/// A target on Dremio. What Jinja decides that cannot be rendered is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The profile that it belongs to.
    pub profile: String,
    /// Its name.
    pub name: String,
    /// The adapter, such as `dremio`.
    pub adapter: Option<String>,
    /// The space of views.
    pub space: Option<String>,
    /// Their folder in it, dotted.
    pub folder: Option<String>,
    /// The object storage source of tables.
    pub source: Option<String>,
    /// Their path in it, dotted.
    pub path: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProfileWire {
    target: Text,
    outputs: BTreeMap<String, OutputWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputWire {
    r#type: Text,
    database: Text,
    dremio_space: Text,
    schema: Text,
    dremio_space_folder: Text,
    folder: Text,
    datalake: Text,
    object_storage_source: Text,
    root_path: Text,
    object_storage_path: Text,
    user: Text,
    username: Text,
    #[serde(rename = "UID")]
    uid: Text,
}

impl Profile {
    /// Reads the profile of that name from the text of a `profiles.yml`; `None` if there is none.
    /// The error is one line without anything of the file's content.
    pub fn read(
        text: &str,
        name: &str,
        environment: Environment<'_>,
    ) -> Result<Option<Self>, String> {
        // Other profiles, and `config:`, may be of any shape.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Profile(ProfileWire),
            Other(serde::de::IgnoredAny),
        }
        let mut profiles: BTreeMap<String, Any> =
            serde_saphyr::from_str(text).map_err(|error| match error.location() {
                Some(at) => format!("it is not YAML as dbt has it, at line {}", at.line()),
                None => "it is not YAML as dbt has it".to_owned(),
            })?;
        let Some(Any::Profile(wire)) = profiles.remove(name) else { return Ok(None) };
        let default_target = wire.target.given().and_then(|text| filled(&text, environment));
        let targets = wire.outputs.into_iter();
        let target =
            |(target, output): (String, OutputWire)| output.finish(name, target, environment);
        Ok(Some(Self {
            name: name.to_owned(),
            // dbt's own default.
            default_target: default_target.unwrap_or_else(|| "default".to_owned()),
            targets: targets.map(target).collect(),
        }))
    }

    /// The target of that name.
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// The target that artifacts are of, as far as that can be told: the default one if they fit it,
    /// else the only one that they fit.
    pub fn target_of(&self, manifest: &Manifest) -> Option<&Target> {
        let fits = |target: &&Target| target.fits(manifest) == Some(true);
        let mut fitting = self.targets.iter().filter(fits);
        let default = self.target(&self.default_target).filter(fits);
        default.or_else(|| fitting.next().filter(|_| fitting.next().is_none()))
    }

    /// What to say when artifacts are not of the target that somebody named.
    pub fn disagreement(&self, wanted: &str, manifest: &Manifest) -> Option<String> {
        let target = self.target(wanted)?;
        if target.fits(manifest) != Some(false) {
            return None;
        }
        let example = manifest.data_nodes().find(|node| target.places(node) == Some(false))?;
        let place = |database: Option<&str>, schema: Option<&str>| {
            DatasetPath::new(
                database
                    .into_iter()
                    .map(str::to_owned)
                    .chain(split_schema(schema.unwrap_or_default())),
            )
        };
        let found = place(example.database.as_deref(), example.schema.as_deref());
        let (database, schema) = target.place_of(example);
        let other = self.targets.iter().find(|other| other.fits(manifest) == Some(true));
        let other = other.map(|other| format!("; they fit target {}", other.name));
        Some(format!(
            "the artifacts are not of target {wanted} of profile {}: it would put {} into {}, and they have it in {found}{}. Run dbt with `--target {wanted}`, or set dbt.target to theirs",
            self.name,
            example.name,
            place(database, schema),
            other.unwrap_or_default(),
        ))
    }

    /// What to say when hardly anything was found in Dremio: which target's places are there.
    pub fn hint(&self, manifest: &Manifest, catalog: &Catalog) -> Option<String> {
        let is_there = |target: &Target| {
            let name = target.space.as_deref()?;
            let folders = split_schema(target.folder.as_deref().unwrap_or_default());
            let path = DatasetPath::new(std::iter::once(name.to_owned()).chain(folders));
            catalog.at(&path).map(|_| path)
        };
        let own = self.target_of(manifest);
        if own.is_some_and(|own| is_there(own).is_some()) {
            return None;
        }
        let others = self.targets.iter().filter(|target| Some(*target) != own);
        let mut there = others.filter_map(|target| Some((target, is_there(target)?)));
        let (target, path) = there.next().filter(|_| there.next().is_none())?;
        let own = own.map_or_else(String::new, |own| {
            format!("the artifacts are of target {}, and ", own.name)
        });
        Some(format!(
            "{own}this Dremio has {path}, the place of target {}: run dbt with `--target {}`, or look at the other server",
            target.name, target.name
        ))
    }
}

impl OutputWire {
    fn finish(self, profile: &str, name: String, environment: Environment<'_>) -> Target {
        // dbt-dremio's names and their older ones; absent is another thing than not rendered.
        let value = |texts: Vec<Text>, instead: &dyn Fn() -> Option<String>| match texts
            .into_iter()
            .find_map(Text::meant)
        {
            Some(text) => filled(&text, environment),
            None => instead(),
        };
        let user = value(vec![self.uid, self.user, self.username], &|| None);
        let home = || user.as_ref().map(|user| format!("@{user}"));
        let space = value(vec![self.database, self.dremio_space], &home);
        let space = if space.as_deref() == Some("@user") { home() } else { space };
        let fixed = |text: &'static str| move || Some(text.to_owned());
        let folders = vec![self.schema, self.dremio_space_folder, self.folder];
        Target {
            profile: profile.to_owned(),
            name,
            adapter: value(vec![self.r#type], &|| None),
            space,
            folder: value(folders, &fixed(NO_SCHEMA)),
            source: value(vec![self.datalake, self.object_storage_source], &fixed(SCRATCH)),
            path: value(vec![self.root_path, self.object_storage_path], &fixed(NO_SCHEMA)),
        }
    }
}

impl Target {
    /// Database and schema that it gives to a node whose own configuration names none.
    fn place_of(&self, node: &Node) -> (Option<&str>, Option<&str>) {
        let (database, schema) =
            if node.is_stored() { (&self.source, &self.path) } else { (&self.space, &self.folder) };
        (database.as_deref(), schema.as_deref())
    }

    /// Whether a node stands where the target puts it, in those parts that its own configuration
    /// leaves to the target; `None` if it leaves none, or none can be compared.
    fn places(&self, node: &Node) -> Option<bool> {
        // Snapshots have settings of their own for where they go.
        let is_built = matches!(node.resource_type, ResourceType::Model | ResourceType::Seed);
        let is_built = is_built && node.enabled;
        if !is_built || node.is_ephemeral() || node.is_reflection() {
            return None;
        }
        let (database, schema) = self.place_of(node);
        let own = node.placement.as_deref();
        let (names_database, names_schema) =
            own.map_or((false, false), |own| own.names(node.is_stored()));
        let database = database.filter(|_| !names_database);
        let schema = schema.filter(|_| !names_schema);
        let folded = |schema: &str| -> Vec<String> {
            split_schema(schema).iter().map(|part| fold(part)).collect()
        };
        let database = database
            .map(|name| node.database.as_deref().is_some_and(|found| same_name(found, name)));
        let schema =
            schema.map(|name| folded(node.schema.as_deref().unwrap_or_default()) == folded(name));
        match (database, schema) {
            (None, None) => None,
            (database, schema) => Some(database.unwrap_or(true) && schema.unwrap_or(true)),
        }
    }

    /// Whether artifacts are of this target: at least one node stands where it puts it. A project's
    /// own macros may put others elsewhere. `None` where nothing tells.
    pub fn fits(&self, manifest: &Manifest) -> Option<bool> {
        if !manifest.is_dremio() || self.adapter.as_deref().is_some_and(|it| it != "dremio") {
            return None;
        }
        let mut told = None;
        for node in manifest.data_nodes() {
            match self.places(node) {
                Some(true) => return Some(true),
                Some(false) => told = Some(false),
                None => {}
            }
        }
        told
    }

    /// The value of `target.…` in Jinja.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        match name {
            "name" | "target_name" => Some(&self.name),
            "profile_name" => Some(&self.profile),
            "type" => self.adapter.as_deref(),
            "database" | "dremio_space" => self.space.as_deref(),
            "schema" | "dremio_space_folder" => self.folder.as_deref(),
            "datalake" | "object_storage_source" => self.source.as_deref(),
            "root_path" | "object_storage_path" => self.path.as_deref(),
            _ => None,
        }
    }
}

/// A text with `{{ env_var('NAME', 'default') }}` filled in; `None` where a variable is not set or
/// holds a secret, and for other Jinja.
pub fn filled(text: &str, environment: Environment<'_>) -> Option<String> {
    if text.contains("{%") || text.contains("{#") {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        out.push_str(before);
        let (expression, after) = tail.split_once("}}")?;
        out.push_str(&variable(expression, environment)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// The value of one `env_var(…)`; filters that only change its type do not matter.
fn variable(expression: &str, environment: Environment<'_>) -> Option<String> {
    let (call, filter) = expression.split_once('|').unwrap_or((expression, "as_text"));
    if !filter.trim().trim_matches('-').trim_end().starts_with("as_") {
        return None;
    }
    let call = call.trim_matches(['-', ' ', '\t', '\n']);
    let arguments = call.strip_prefix("env_var")?.trim().strip_prefix('(')?.strip_suffix(')')?;
    let quoted = |text: &str| {
        let text = text.trim();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        text.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned)
    };
    let (name, default) = match arguments.split_once(',') {
        Some((name, default)) => (quoted(name)?, Some(quoted(default)?)),
        None => (quoted(arguments)?, None),
    };
    if name.starts_with(SECRET) {
        return None;
    }
    environment(&name).or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: &str = r#"
config: {send_anonymous_usage_stats: false}
other: 5
shop:
  target: "{{ env_var('DBT_TARGET', 'dev') }}"
  outputs:
    dev: &base
      type: dremio
      software_host: localhost
      user: ada
      password: "{{ env_var('DBT_ENV_SECRET_PASSWORD') }}"
      dremio_space: Dev
      dremio_space_folder: shop
      object_storage_source: lake
      object_storage_path: dbt.dev
    prod:
      <<: *base
      dremio_space: "{{ env_var('SPACE') }}"
      object_storage_path: dbt.prod
    bare: {type: dremio, user: ada}
"#;

    fn profile(environment: Environment<'_>) -> Profile {
        Profile::read(PROFILES, "shop", environment).expect("reads").expect("is there")
    }

    fn manifest(space: &str) -> Manifest {
        let text = format!(
            r#"{{"metadata":{{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json","adapter_type":"dremio"}},
            "nodes":{{
              "model.p.a":{{"name":"a","database":"{space}","schema":"shop","config":{{"materialized":"view"}}}},
              "model.p.b":{{"name":"b","database":"Other","schema":"x","config":{{"materialized":"view","database":"Other","schema":"x"}}}}}}}}"#
        );
        Manifest::read(text.as_bytes()).expect("reads")
    }

    #[test]
    fn targets_tell_where_things_go() {
        let read = profile(&|name| (name == "SPACE").then(|| "Prod".to_owned()));
        assert_eq!(read.default_target, "dev");
        let place = |name: &str| {
            let target = read.target(name).expect("a target");
            [&target.space, &target.folder, &target.source, &target.path]
                .map(|part| part.clone().unwrap_or_default())
        };
        assert_eq!(place("dev"), ["Dev", "shop", "lake", "dbt.dev"]);
        assert_eq!(place("prod"), ["Prod", "shop", "lake", "dbt.prod"]);
        assert_eq!(place("bare"), ["@ada", "no_schema", "$scratch", "no_schema"]);
        assert_eq!(profile(&|_| None).target("prod").expect("a target").space, None);
        assert_eq!(Profile::read(PROFILES, "other", &|_| None), Ok(None));
        assert_eq!(Profile::read(PROFILES, "nobody", &|_| None), Ok(None));
        let broken = Profile::read("shop: [secret-in-the-file", "shop", &|_| None);
        let broken = broken.expect_err("is broken");
        assert!(!broken.contains("secret") && broken.lines().count() == 1, "{broken}");
    }

    #[test]
    fn jinja_is_filled_or_left_alone() {
        let environment = |name: &str| (name != "GONE").then(|| format!("<{name}>"));
        let is = |text: &str, expected: Option<&str>| {
            assert_eq!(filled(text, &environment).as_deref(), expected, "{text}");
        };
        is("plain", Some("plain"));
        is("a_{{ env_var('X') }}_b", Some("a_<X>_b"));
        is("{{ env_var(\"GONE\", 'd') | as_text }}", Some("d"));
        is("{{- env_var('X') -}}", Some("<X>"));
        is("{{ env_var('GONE') }}", None);
        is("{{ env_var('DBT_ENV_SECRET_X', 'd') }}", None);
        is("{{ var('x') }}", None);
        is("{{ env_var('X') | upper }}", None);
        is("{% if x %}a{% endif %}", None);
        is("{{ env_var('X'", None);
    }

    #[test]
    fn artifacts_of_another_target_are_told() {
        let read = profile(&|name| (name == "SPACE").then(|| "Prod".to_owned()));
        let dev = manifest("dev");
        assert_eq!(read.target_of(&dev).map(|target| target.name.as_str()), Some("dev"));
        assert_eq!(read.disagreement("dev", &dev), None);
        let words = read.disagreement("prod", &dev).expect("disagrees");
        for word in ["target prod", "Prod.shop", "dev.shop", "fit target dev", "--target prod"] {
            assert!(words.contains(word), "{word}: {words}");
        }
        // What Jinja hides is no reason to complain.
        assert_eq!(profile(&|_| None).disagreement("prod", &manifest("Any")), None);
        assert_eq!(read.target_of(&manifest("Elsewhere")), None);
    }
}
