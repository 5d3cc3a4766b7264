//! Where the dbt project is that flags, the configuration or the demo name, and its files.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::args::DbtArgs;
use super::dbt_profile::ProfileWanted;
use super::session::Session;
use super::status::Failure;
use crate::config::Settings;
use crate::dbt::project::{ProfileChoice, ProjectFile};
use crate::dbt::{ArtifactFiles, Project};

/// No artifact of dbt is larger than this; a device or a file of another sort may be.
const MOST_BYTES: u64 = 1 << 30;
/// How many projects are named when it is not clear which is meant.
const NAMED: usize = 5;

/// The project that the flags name, else that of the configuration if `dbt.enabled` says so.
fn find(session: &Session, args: &DbtArgs, settings: &Settings) -> Option<Box<dyn ArtifactFiles>> {
    for args in [args, &session.cli.dbt] {
        if let Some(folder) = &args.target_dir {
            return Some(Box::new(Folder::new(Place::Target(folder.clone()), settings)));
        }
        if let Some(folder) = &args.dbt_project {
            return Some(Box::new(Folder::new(Place::Project(folder.clone()), settings)));
        }
    }
    let folder = settings.dbt.project_dir.as_ref().filter(|_| settings.dbt.enabled)?;
    Some(Box::new(Folder::new(Place::Project(folder.clone()), settings)))
}

/// The project that the flags or the configuration name, else that of the demo where there is one.
/// Every command and the UI ask here.
pub fn find_or_demo(
    session: &Session,
    args: &DbtArgs,
    settings: &Settings,
) -> Option<Box<dyn ArtifactFiles>> {
    let found = find(session, args, settings);
    #[cfg(feature = "demo")]
    if found.is_none() && session.cli.connection.demo.as_deref() == Some("shop") {
        return Some(Box::new(super::run::DemoProject));
    }
    found
}

/// Reads the project, if one takes part, and says what is odd about it.
pub(super) fn read(
    session: &Session,
    files: Option<&dyn ArtifactFiles>,
) -> Result<Option<Project>, Failure> {
    let Some(files) = files else { return Ok(None) };
    let project = Project::read(files).map_err(Failure::usage)?;
    for warning in project.warnings() {
        session.printer.warn(&warning);
    }
    Ok(Some(project))
}

/// A file's bytes; `None` when there is no such file.
pub(super) fn read_file(file: &Path) -> Result<Option<Vec<u8>>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot read {}: {error}", file.display());
    // Asked before it is opened: to open a pipe waits for somebody to write into it.
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    if !metadata.is_file() {
        return Err(failed(&"it is not a file"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(failed(&"it is larger than 1 GiB, which no artifact of dbt is"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    let opened = File::open(file).map_err(|error| failed(&error))?;
    opened.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    Ok(Some(bytes))
}

/// A folder on disk, and which profile it is built with.
#[derive(Clone, Debug)]
struct Folder {
    place: Place,
    wanted: ProfileWanted,
}

/// What a folder is.
#[derive(Clone, Debug)]
enum Place {
    /// That of `dbt_project.yml`.
    Project(PathBuf),
    /// That of the artifacts.
    Target(PathBuf),
}

impl Folder {
    fn new(place: Place, settings: &Settings) -> Self {
        Self { place, wanted: ProfileWanted::new(settings) }
    }
}

impl Place {
    /// The folder of the project, as far as it is known.
    fn project(&self) -> Option<PathBuf> {
        match self {
            Self::Project(folder) => Some(folder.clone()),
            Self::Target(folder) => {
                let above = folder.canonicalize().ok()?.parent()?.to_path_buf();
                above.join("dbt_project.yml").is_file().then_some(above)
            }
        }
    }

    /// The folder of the artifacts.
    fn target(&self) -> Result<PathBuf, String> {
        let folder = match self {
            Self::Target(folder) => folder.clone(),
            Self::Project(project) => {
                if !project.is_dir() {
                    return Err(format!("there is no folder {}", project.display()));
                }
                let file = project.join("dbt_project.yml");
                match read_file(&file)? {
                    Some(bytes) => {
                        let text = String::from_utf8_lossy(&bytes);
                        let read = ProjectFile::read(&text)
                            .map_err(|error| format!("{}: {error}", file.display()))?;
                        project.join(read.target_path)
                    }
                    // Artifacts are often copied somewhere without their project.
                    None if project.join("manifest.json").is_file() => project.clone(),
                    None => return Err(no_project(project)),
                }
            }
        };
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(format!(
            "there is no folder {}: run `dbt docs generate` (or compile, or build) first, or name the folder with --target-dir",
            folder.display()
        ))
    }

    fn shown(&self) -> PathBuf {
        match self {
            Self::Target(folder) => folder.clone(),
            Self::Project(folder) => self.target().unwrap_or_else(|_| folder.clone()),
        }
    }
}

/// What to say of a folder that is no project: which ones are below it.
fn no_project(folder: &Path) -> String {
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.join("dbt_project.yml").is_file())
            .collect();
        folders.sort();
        folders
    };
    let found = below(folder);
    let names: Vec<String> =
        found.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = if found.len() > NAMED { ", …" } else { "" };
    match names.as_slice() {
        [] => format!(
            "{} has no dbt_project.yml: name the folder of a dbt project, or that of its artifacts with --target-dir",
            folder.display()
        ),
        [one] => format!("{} has no dbt_project.yml, {one} has: name that", folder.display()),
        many => format!(
            "{} holds {} dbt projects: name one of {}{more}",
            folder.display(),
            found.len(),
            many.join(", ")
        ),
    }
}

impl ArtifactFiles for Folder {
    fn place(&self) -> String {
        self.place.shown().display().to_string()
    }

    fn path_of(&self, name: &str) -> String {
        self.place.shown().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, String> {
        Ok(read_file(&self.place.target()?.join(name))?.map(Cow::Owned))
    }

    fn run_results(&self) -> Result<Vec<String>, String> {
        let folder = self.place.target()?;
        let entries = fs::read_dir(&folder)
            .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
        Ok(entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| {
                name.starts_with("run_results")
                    && Path::new(name).extension().is_some_and(|end| end == "json")
            })
            .collect())
    }

    fn profile(&self) -> ProfileChoice {
        self.wanted.read(self.place.project().as_deref())
    }
}
