//! Where dbt's profile of a project is: `profiles.yml` as dbt looks for it.

use std::path::{Path, PathBuf};

use super::dbt_project::read_file;
use crate::config::Settings;
use crate::dbt::Profile;
use crate::dbt::profile::filled;
use crate::dbt::project::{ProfileChoice, ProjectFile};

/// What the configuration says of the profile.
#[derive(Clone, Debug)]
pub(super) struct ProfileWanted {
    folder: Option<PathBuf>,
    target: Option<String>,
}

impl ProfileWanted {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { folder: settings.dbt.profiles_dir.clone(), target: settings.dbt.target.clone() }
    }

    /// Whether somebody counts on a profile.
    fn is_set(&self) -> bool {
        self.folder.is_some() || self.target.is_some()
    }

    /// Where `profiles.yml` may be, in the order in which dbt looks.
    fn folders(&self, project: Option<&Path>) -> Vec<PathBuf> {
        if let Some(folder) = &self.folder {
            return vec![folder.clone()];
        }
        let set = std::env::var_os("DBT_PROFILES_DIR").filter(|folder| !folder.is_empty());
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".dbt"));
        let own = project.map(Path::to_path_buf);
        set.map(PathBuf::from).into_iter().chain(own).chain(home).collect()
    }

    /// Reads the profile of a project. What is wrong with it costs nothing else, and is told where
    /// somebody counts on it.
    pub(super) fn read(&self, project: Option<&Path>) -> ProfileChoice {
        let (profile, trouble) = match self.find(project) {
            Ok(profile) => (Some(profile), None),
            Err(why) => (None, Some(why)),
        };
        let unknown = match (&profile, &self.target) {
            (Some(profile), Some(target)) if profile.target(target).is_none() => {
                let names: Vec<&str> =
                    profile.targets.iter().map(|target| target.name.as_str()).collect();
                Some(format!(
                    "dbt.target: profile {} has no target {target}; it has {}",
                    profile.name,
                    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
                ))
            }
            _ => None,
        };
        let warnings = trouble.into_iter().chain(unknown).filter(|_| self.is_set()).collect();
        ProfileChoice { profile, target: self.target.clone(), warnings }
    }

    /// The profile, or why there is none, naming the settings that ask for it.
    fn find(&self, project: Option<&Path>) -> Result<Profile, String> {
        let setting = match (&self.folder, &self.target) {
            (Some(_), _) => "dbt.profiles_dir",
            _ => "dbt.target",
        };
        let folders = self.folders(project);
        let (file, bytes) = folders
            .iter()
            .map(|folder| folder.join("profiles.yml"))
            .find_map(|file| read_file(&file).transpose().map(|read| (file, read)))
            .ok_or_else(|| {
                let places: Vec<String> =
                    folders.iter().map(|folder| folder.display().to_string()).collect();
                format!("{setting}: there is no profiles.yml in {}", places.join(", "))
            })?;
        let bytes = bytes.map_err(|why| format!("{setting}: {why}"))?;
        let environment = |name: &str| std::env::var(name).ok();
        let name = project
            .and_then(|folder| read_file(&folder.join("dbt_project.yml")).ok()?)
            .and_then(|bytes| ProjectFile::read(&String::from_utf8_lossy(&bytes)).ok()?.profile)
            .and_then(|name| filled(&name, &environment))
            .ok_or_else(|| {
                format!(
                    "{setting}: which profile? no dbt_project.yml that names one stands beside the artifacts"
                )
            })?;
        let place = file.display();
        Profile::read(&String::from_utf8_lossy(&bytes), &name, &environment)
            .map_err(|why| format!("{place}: {why}"))?
            .ok_or_else(|| format!("{place} has no profile {name}"))
    }
}
