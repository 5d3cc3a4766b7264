//! The dbt project of the demo's shop, inside the program.

use std::borrow::Cow;

use crate::dbt::ArtifactFiles;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct DemoProject;

impl ArtifactFiles for DemoProject {
    fn place(&self) -> String {
        "the demo's project".to_owned()
    }

    fn path_of(&self, name: &str) -> String {
        format!("the demo's {name}")
    }

    fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, String> {
        let bytes: &'static [u8] = match name {
            "manifest.json" => include_bytes!("../../../assets/sandbox/dbt/target/manifest.json"),
            "catalog.json" => include_bytes!("../../../assets/sandbox/dbt/target/catalog.json"),
            "run_results.json" => {
                include_bytes!("../../../assets/sandbox/dbt/target/run_results.json")
            }
            "sources.json" => include_bytes!("../../../assets/sandbox/dbt/target/sources.json"),
            _ => return Ok(None),
        };
        Ok(Some(Cow::Borrowed(bytes)))
    }

    fn run_results(&self) -> Result<Vec<String>, String> {
        Ok(vec!["run_results.json".to_owned()])
    }
}
