//! [`compiled`]: a node's SQL, where dbt did not compile it by putting in what `ref`, `source` and
//! `this` mean. Other Jinja is dbt's to render.

use super::manifest::{Manifest, Node};
use super::relation::relation_path;

/// How many ephemeral models may stand in one another.
const DEEPEST: usize = 16;
/// How long SQL may become by putting ephemeral models in, in bytes.
const LONGEST: usize = 4 << 20;

/// A node's SQL: as compiled, or its raw text with `ref`, `source` and `this` put in, as for a full
/// refresh. `None` where other Jinja decides what it says, and for Python.
pub fn compiled(manifest: &Manifest, node: &Node) -> Option<String> {
    at_depth(manifest, node, 0)
}

fn at_depth(manifest: &Manifest, node: &Node, depth: usize) -> Option<String> {
    if node.is_python {
        return None;
    }
    if let Some(sql) = &node.compiled_code {
        return Some(sql.to_string());
    }
    let raw = node.raw_code.as_deref()?;
    let mut renderer = Renderer { manifest, node, depth, sql: String::with_capacity(raw.len()) };
    let mut branches: Vec<Branch> = Vec::new();
    let mut rest = raw;
    while let Some(at) =
        rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min()
    {
        let (before, tail) = rest.split_at(at);
        let is_kept = branches.iter().all(|branch| branch.is_kept);
        if is_kept {
            renderer.sql.push_str(before);
        }
        if let Some(comment) = tail.strip_prefix("{#") {
            rest = comment.split_once("#}")?.1;
        } else if let Some(inner) = tail.strip_prefix("{%") {
            let (statement, after) = split_at_end(inner, "%}")?;
            statement_in(manifest, statement, &mut branches)?;
            rest = after;
        } else {
            let (expression, after) = split_at_end(&tail[2..], "}}")?;
            if is_kept {
                renderer.expression(expression)?;
            }
            rest = after;
        }
    }
    if !branches.is_empty() || renderer.sql.len() > LONGEST {
        return None;
    }
    renderer.sql.push_str(rest);
    Some(renderer.sql)
}

/// An `if` that is open, and whether the part at hand is taken.
struct Branch {
    is_kept: bool,
}

/// What stands before the end of a tag, and what after it; what is quoted does not end it.
fn split_at_end<'a>(text: &'a str, end: &str) -> Option<(&'a str, &'a str)> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if c == '\\' => is_escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if text[at..].starts_with(end) => {
                let inner = text[..at].trim_start_matches(['-', '+']).trim_end_matches('-');
                return Some((inner.trim(), &text[at + end.len()..]));
            }
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None => {}
        }
    }
    None
}

/// Follows a statement; `None` for one that could decide what the SQL says.
fn statement_in(manifest: &Manifest, statement: &str, branches: &mut Vec<Branch>) -> Option<()> {
    let (word, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
    let condition: String = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    match (word, condition.as_str()) {
        // A full refresh is what the whole table is made from.
        ("if", "is_incremental()") => branches.push(Branch { is_kept: false }),
        ("if", "not is_incremental()") => branches.push(Branch { is_kept: true }),
        ("if", comparison) if comparison.starts_with("target.") => {
            let is_kept = compared(manifest, comparison)?;
            branches.push(Branch { is_kept });
        }
        ("else", "") => {
            let branch = branches.last_mut()?;
            branch.is_kept = !branch.is_kept;
        }
        ("endif", _) => {
            branches.pop()?;
        }
        // Tags around a snapshot, and what has no text of its own.
        ("snapshot" | "endsnapshot" | "do", _) => {}
        ("set", assignment) if assignment.contains('=') => {}
        _ => return None,
    }
    Some(())
}

/// `target.name == 'prod'`, or `!=`, where the target is known.
fn compared(manifest: &Manifest, comparison: &str) -> Option<bool> {
    let (attribute, operator, value) = match comparison.split_once("==") {
        Some((attribute, value)) => (attribute, true, value),
        None => {
            let (attribute, value) = comparison.split_once("!=")?;
            (attribute, false, value)
        }
    };
    let attribute = attribute.trim().strip_prefix("target.")?;
    let found = manifest.target.as_ref()?.attribute(attribute)?;
    Some((found == unquoted(value.trim())?) == operator)
}

struct Renderer<'a> {
    manifest: &'a Manifest,
    node: &'a Node,
    depth: usize,
    sql: String,
}

impl<'a> Renderer<'a> {
    /// Puts in what an expression means.
    fn expression(&mut self, expression: &str) -> Option<()> {
        let is_dremio = self.manifest.is_dremio();
        if expression == "this" {
            let path = relation_path(self.node, is_dremio)?;
            self.sql.push_str(&path.to_sql());
            return Some(());
        }
        if let Some(attribute) = expression.strip_prefix("target.") {
            self.sql.push_str(self.manifest.target.as_ref()?.attribute(attribute.trim())?);
            return Some(());
        }
        let (function, arguments) = expression.strip_suffix(')')?.split_once('(')?;
        if function.trim() == "config" {
            return Some(());
        }
        let (texts, version) = arguments_of(arguments)?;
        let target = match (function.trim(), texts.as_slice()) {
            ("ref", [name]) => self.referenced(None, name, version)?,
            ("ref", [package, name]) => self.referenced(Some(package), name, version)?,
            ("source", [source, name]) => self.only_upstream(|found| {
                *found.name == **name && found.source_name.as_deref() == Some(*source)
            })?,
            _ => return None,
        };
        if target.is_ephemeral() {
            let depth = self.depth + 1;
            let inner = (depth <= DEEPEST).then(|| at_depth(self.manifest, target, depth))??;
            let inner = inner.trim().trim_end_matches(';');
            self.sql.push('(');
            self.sql.push_str(inner);
            // A comment at its end must not hide what follows.
            self.sql.push_str("\n)");
            return (self.sql.len() <= LONGEST).then_some(());
        }
        match &target.relation_name {
            Some(relation) => self.sql.push_str(relation),
            None => self.sql.push_str(&relation_path(target, is_dremio)?.to_sql()),
        }
        Some(())
    }

    /// What a `ref` means: of several versions the one asked for, else the latest.
    fn referenced(
        &self,
        package: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Option<&'a Node> {
        let fits = |found: &Node| {
            *found.name == *name
                && found.source_name.is_none()
                && package.is_none_or(|package| *found.package == *package)
        };
        match version {
            Some(version) => self.only_upstream(|found| {
                fits(found) && found.version.as_deref().is_some_and(|own| is_version(own, version))
            }),
            None => self.only_upstream(fits).or_else(|| {
                self.only_upstream(|found| fits(found) && found.version == found.latest_version)
            }),
        }
    }

    fn only_upstream(&self, is_it: impl Fn(&Node) -> bool) -> Option<&'a Node> {
        let mut found = self
            .node
            .depends_on
            .iter()
            .filter_map(|id| self.manifest.node(id))
            .filter(|node| is_it(node));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

/// Whether two spellings are one version: `2` and `2.0` are one number.
fn is_version(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    a == b || number(a).is_some_and(|own| number(b) == Some(own))
}

/// The texts among a call's arguments, and `v=` or `version=`. `None` for anything that would have
/// to be computed.
fn arguments_of(arguments: &str) -> Option<(Vec<&str>, Option<&str>)> {
    let mut texts = Vec::new();
    let mut version = None;
    for argument in arguments.split(',').map(str::trim).filter(|argument| !argument.is_empty()) {
        match argument.split_once('=') {
            Some((key, value)) if matches!(key.trim(), "v" | "version") => {
                let value = value.trim();
                let is_number = value.chars().all(|c| c.is_ascii_digit() || c == '.');
                version = Some(if is_number { value } else { unquoted(value)? });
            }
            _ => texts.push(unquoted(argument)?),
        }
    }
    Some((texts, version))
}

fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest of these models: name, materialisation, further fields, parents.
    fn manifest(models: &[(&str, &str, &str, &[&str])]) -> Manifest {
        let nodes: Vec<String> = models
            .iter()
            .map(|(id, kind, extra, parents)| {
                let name = id.split('.').next().unwrap_or_default();
                let parents: Vec<String> =
                    parents.iter().map(|parent| format!("\"model.p.{parent}\"")).collect();
                format!(
                    r#""model.p.{id}":{{"name":"{name}","database":"S","schema":"a","alias":"{}","config":{{"materialized":"{kind}"}},"depends_on":{{"nodes":[{}]}}{extra}}}"#,
                    id.replace('.', "_"),
                    parents.join(",")
                )
            })
            .collect();
        let text = format!(
            r#"{{"metadata":{{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json"}},"nodes":{{{}}}}}"#,
            nodes.join(",")
        );
        Manifest::read(text.as_bytes()).expect("a manifest")
    }

    fn rendered(raw: &str) -> Option<String> {
        let code =
            |sql: &str| format!(",\"raw_code\":{}", serde_json::to_string(sql).expect("a text"));
        let (own, inner) = (code(raw), code("select 1 as x from {{ ref('up') }} -- all"));
        let versions = [r#","version":1,"latest_version":2"#, r#","version":2,"latest_version":2"#];
        let manifest = manifest(&[
            ("m", "incremental", &own, &["up", "eph", "dim.v1", "dim.v2"]),
            ("up", "view", "", &[]),
            ("eph", "ephemeral", &inner, &["up"]),
            ("dim.v1", "table", versions[0], &[]),
            ("dim.v2", "table", versions[1], &[]),
        ]);
        compiled(&manifest, manifest.node("model.p.m").expect("a model"))
    }

    #[test]
    fn what_refs_mean_is_put_in() {
        let raw = "{{ config(post_hook=\"grant x on {{ this }}\") }}select * from {{- ref(\"up\") -}} u {# why #}";
        assert_eq!(rendered(raw).as_deref(), Some(r#"select * from "S"."a"."up" u "#));
        let is = |raw: &str, sql: &str| assert_eq!(rendered(raw).as_deref(), Some(sql), "{raw}");
        is("{{ ref('p', 'up') }}", r#""S"."a"."up""#);
        is("{{ ref('dim') }}", r#""S"."a"."dim_v2""#);
        is("{{ ref('dim', v=1) }}", r#""S"."a"."dim_v1""#);
        is("{{ ref('dim', version='1') }}", r#""S"."a"."dim_v1""#);
        is("{{ ref('dim', v=2.0) }}", r#""S"."a"."dim_v2""#);
        is("a {% if is_incremental() %} b {{ x }} {% else %} c {% endif %} d", "a  c  d");
        is("a {%- if not is_incremental() -%} b {% endif %}", "a  b ");
        is("{{ ref('eph') }}", "(select 1 as x from \"S\".\"a\".\"up\" -- all\n)");
        is("select '{' || '}'", "select '{' || '}'");
    }

    #[test]
    fn the_target_is_known_where_a_profile_is() {
        let raw = "{{ target.schema }}.t {% if target.name == 'prod' %}a{% else %}b{% endif %}";
        let code = format!(",\"raw_code\":{}", serde_json::to_string(raw).expect("a text"));
        let mut manifest = manifest(&[("m", "view", &code, &[])]);
        let said =
            |manifest: &Manifest| compiled(manifest, manifest.node("model.p.m").expect("a model"));
        assert_eq!(said(&manifest), None);
        let target = |name: &str| crate::dbt::Target {
            name: name.to_owned(),
            folder: Some("core".to_owned()),
            ..crate::dbt::Target::default()
        };
        manifest.target = Some(target("prod"));
        assert_eq!(said(&manifest).as_deref(), Some("core.t a"));
        manifest.target = Some(target("dev"));
        assert_eq!(said(&manifest).as_deref(), Some("core.t b"));
        manifest.target = Some(crate::dbt::Target::default());
        assert_eq!(said(&manifest), None);
    }

    #[test]
    fn what_dbt_alone_can_render_is_left_to_it() {
        for raw in [
            "{{ var('x') }}",
            "{{ ref(name) }}",
            "{{ ref('nothing') }}",
            "{% for x in y %} a {% endfor %}",
            "{% if target.name == 'prod' %} a {% endif %}",
            "{% if is_incremental() %} never closed",
            "{{ never closed",
            "{# never closed",
        ] {
            assert_eq!(rendered(raw), None, "{raw}");
        }
    }
}
