//! `dbt_project.yml`: the names that lead to the artifacts.

use serde::Deserialize;

use super::lenient::Text;

/// What is read of a project's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFile {
    /// The project's name, where it says.
    pub name: Option<String>,
    /// The folder of artifacts below the project's: `target`, unless it says otherwise.
    pub target_path: String,
}

impl ProjectFile {
    /// Reads the file; the error is one line.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Wire {
            name: Text,
            #[serde(rename = "target-path")]
            target_path: Text,
        }
        let wire: Wire = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.without_snippet().to_string();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        })?;
        let target_path = wire
            .target_path
            .given()
            // Jinja is dbt's to render.
            .filter(|path| !path.contains("{{"))
            .map_or_else(|| "target".to_owned(), String::from);
        Ok(Self { name: wire.name.given().map(String::from), target_path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_the_rest_is_not() {
        let text = "name: shop\nversion: 1.0\ntarget-path: build\nmodels:\n  shop:\n    +materialized: view\n";
        let project = ProjectFile::read(text).expect("reads");
        assert_eq!(project.name.as_deref(), Some("shop"));
        assert_eq!(project.target_path, "build");
        let plain =
            ProjectFile::read("name: x\ntarget-path: \"{{ env_var('T') }}\"\n").expect("reads");
        assert_eq!(plain.target_path, "target");
        let error = ProjectFile::read("name: [").expect_err("is broken");
        assert_eq!(error.lines().count(), 1);
    }
}
