//! `by-ids` and `by-paths`: up to 50 entities in one request (contract §2.1).

use serde_json::{Value, json};

use super::listing::Paging;
use super::reply::{ApiError, ApiResult};
use super::resolve::{Reader, Spot};
use super::target::Target;

const MAX_KEYS: usize = 50;
const MAX_CHILDREN: i32 = 20;

impl Reader<'_> {
    pub(super) fn by_ids(&self, target: &Target, body: &[u8]) -> ApiResult<String> {
        let paging = bulk_paging(target)?;
        let ids: Vec<String> = read(body)?;
        demand_few(ids.len())?;
        let found = ids.into_iter().map(|id| {
            let spot = self.by_id(&id);
            (id, spot)
        });
        Ok(self.answer(found, &paging))
    }

    pub(super) fn by_paths(&self, target: &Target, body: &[u8]) -> ApiResult<String> {
        let paging = bulk_paging(target)?;
        let version = Self::version(target)?;
        let paths: Vec<Vec<String>> = read(body)?;
        demand_few(paths.len())?;
        let found = paths.into_iter().map(|path| {
            let spot = self.by_path(&path, version.clone());
            (format!("[{}]", path.join(", ")), spot)
        });
        Ok(self.answer(found, &paging))
    }

    fn answer(
        &self,
        found: impl Iterator<Item = (String, ApiResult<Spot>)>,
        paging: &Paging,
    ) -> String {
        let mut data = String::new();
        let mut errors: Vec<Value> = Vec::new();
        for (key, spot) in found {
            match spot.and_then(|spot| self.entity(&spot, paging)) {
                Ok(entity) => {
                    if !data.is_empty() {
                        data.push(',');
                    }
                    data.push_str(&entity);
                }
                Err(error) => {
                    let message = if error.status == 404 {
                        format!("'{key}' was not found")
                    } else {
                        format!("'{key}' failed with '{}'", error.message)
                    };
                    errors.push(json!({"errorMessage": message, "moreInfo": "", "stackTrace": []}));
                }
            }
        }
        if errors.is_empty() {
            format!("{{\"data\":[{data}]}}")
        } else {
            format!("{{\"data\":[{data}],\"errors\":{}}}", Value::Array(errors))
        }
    }
}

fn bulk_paging(target: &Target) -> ApiResult<Paging> {
    match target.integer("maxChildren")? {
        None | Some(0) => {
            Err(ApiError::bad_request("maxChildren is required and must not be zero"))
        }
        Some(max) if max > MAX_CHILDREN => {
            Err(ApiError::bad_request(format!("maxChildren must not exceed {MAX_CHILDREN}")))
        }
        Some(max) => Ok(Paging::at_most(max)),
    }
}

fn demand_few(keys: usize) -> ApiResult<()> {
    if keys > MAX_KEYS {
        return Err(ApiError::bad_request(format!(
            "Can not fetch more than {MAX_KEYS} entities at once, {keys} were asked for"
        )));
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> ApiResult<T> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("Unable to process JSON: {error}")))
}
