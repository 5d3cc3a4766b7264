//! A [`Project`]: its artifacts together, and what `dbt_project.yml` says of where they are.

use std::borrow::Cow;

use serde::Deserialize;

use super::artifacts::{CatalogArtifact, RunResults, SourceFreshness};
use super::error::ArtifactError;
use super::lenient::Text;
use super::manifest::Manifest;
use super::profile::{Profile, Target};

/// What is read of a project's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFile {
    /// The project's name, where it says.
    pub name: Option<String>,
    /// The folder of artifacts below the project's: `target`, unless it says otherwise.
    pub target_path: String,
    /// The profile that it is built with; Jinja in it is not rendered yet.
    pub profile: Option<String>,
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
            profile: Text,
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
        let name = wire.name.given().map(String::from);
        Ok(Self { name, target_path, profile: wire.profile.given().map(String::from) })
    }
}

/// What dbt's profile says of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChoice {
    /// The project's profile, where it was found.
    pub profile: Option<Profile>,
    /// The target that somebody named.
    pub target: Option<String>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// Where the artifacts of a project are kept. Errors are one line, with the place in it.
pub trait ArtifactFiles: Send + Sync + std::fmt::Debug {
    /// What people call the place.
    fn place(&self) -> String;

    /// What people call a file in it.
    fn path_of(&self, name: &str) -> String;

    /// A file's bytes; `None` when there is no such file.
    fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, String>;

    /// Names of the files with results of runs, in any order.
    fn run_results(&self) -> Result<Vec<String>, String>;

    /// The profile that the project is built with, if there is one to be found.
    fn profile(&self) -> ProfileChoice {
        ProfileChoice::default()
    }
}

/// The artifacts of a project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// What it holds.
    pub manifest: Manifest,
    /// What dbt saw in the database, where `dbt docs generate` was run.
    pub artifact: Option<CatalogArtifact>,
    /// What came of the last runs.
    pub runs: RunResults,
    /// How fresh its sources are.
    pub freshness: SourceFreshness,
    /// The profile that it is built with.
    pub profile: ProfileChoice,
}

impl Project {
    /// Reads `manifest.json`, and the other artifacts where they are. The error is one line that
    /// names the file, and the place in it where there is one.
    pub fn read(files: &dyn ArtifactFiles) -> Result<Self, String> {
        let named = |name: &str, error: ArtifactError| format!("{}: {error}", files.path_of(name));
        let Some(bytes) = files.read("manifest.json")? else {
            return Err(format!(
                "{} has no manifest.json: run `dbt docs generate` (or compile, or build) first, or name the folder with --target-dir",
                files.place()
            ));
        };
        let mut manifest = Manifest::read(&bytes).map_err(|error| named("manifest.json", error))?;
        drop(bytes);
        let profile = files.profile();
        manifest.target = profile.target_of(&manifest).cloned();
        let artifact = match files.read("catalog.json")? {
            Some(bytes) => {
                let read = CatalogArtifact::read(&bytes);
                Some(read.map_err(|error| named("catalog.json", error))?)
            }
            None => None,
        };
        let mut runs = RunResults::default();
        let mut names = files.run_results()?;
        names.sort();
        for name in names {
            if let Some(bytes) = files.read(&name)? {
                runs.add(&bytes).map_err(|error| named(&name, error))?;
            }
        }
        let freshness = match files.read("sources.json")? {
            Some(bytes) => {
                SourceFreshness::read(&bytes).map_err(|error| named("sources.json", error))?
            }
            None => SourceFreshness::default(),
        };
        Ok(Self { manifest, artifact, runs, freshness, profile })
    }

    /// What a reader should know of the artifacts.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.manifest.warnings.clone();
        warnings.extend(self.artifact.iter().flat_map(|artifact| artifact.warnings.clone()));
        warnings.extend(self.runs.warnings.iter().cloned());
        warnings.extend(self.freshness.warnings.iter().cloned());
        if !self.manifest.is_dremio() {
            warnings.push(format!(
                "the manifest was made for {}, not for Dremio: paths are compared as database, schema and name",
                self.manifest.adapter_type.as_deref().unwrap_or_default()
            ));
        }
        warnings.extend(self.profile.warnings.iter().cloned());
        warnings.extend(self.profile.disagreement(&self.manifest));
        warnings
    }
}

impl ProfileChoice {
    /// The target that the artifacts are of: the one that somebody named unless they do not fit it.
    fn target_of(&self, manifest: &Manifest) -> Option<&Target> {
        let profile = self.profile.as_ref()?;
        let named = self.target.as_deref().and_then(|name| profile.target(name));
        let named = named.filter(|target| target.fits(manifest) != Some(false));
        named.or_else(|| profile.target_of(manifest))
    }

    /// What to say when the artifacts are not of the target that somebody named.
    fn disagreement(&self, manifest: &Manifest) -> Option<String> {
        self.profile.as_ref()?.disagreement(self.target.as_deref()?, manifest)
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
