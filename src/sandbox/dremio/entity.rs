//! Entities: what a GET by id or path answers, each kind with exactly the fields that it has
//! (contract §2.4, §3.1).

use serde_json::{Map, Value, json};

use super::catalogue::{Detail, NodeIx};
use super::fields::field;
use super::item::{PERMISSIONS, to_json};
use super::listing::{Page, Paging};
use super::reply::{ApiError, ApiResult};
use super::resolve::{Reader, Spot};
use super::time::{created_at, iso8601, modified_at, store_tag};
use crate::sandbox::world::{Backend, Kind};

const MASKED: &str = "$DREMIO_EXISTING_VALUE$";

impl Reader<'_> {
    /// An entity's JSON, with the children that `paging` asks for.
    pub(super) fn entity(&self, spot: &Spot, paging: &Paging) -> ApiResult<String> {
        let ix = spot.ix;
        self.demand_readable(ix)?;
        let nothing = Detail::default();
        let detail = self.catalogue.detail(ix).unwrap_or(&nothing);
        let id = self.id(ix, spot.version.as_ref());
        let mut entity = Map::new();
        match self.catalogue.kind(ix) {
            Kind::Home => self.named(&mut entity, "home", ix, id),
            Kind::Space => {
                self.named(&mut entity, "space", ix, id);
                put(&mut entity, "createdAt", created_at(self.catalogue.uuid(ix)));
            }
            Kind::Source => self.source(&mut entity, ix, id, detail),
            Kind::Folder => self.folder(&mut entity, ix, id),
            Kind::File => {
                put(&mut entity, "entityType", "file");
                put(&mut entity, "id", id);
                put(&mut entity, "path", self.catalogue.path(ix));
            }
            Kind::Table | Kind::View => self.dataset(&mut entity, ix, id, detail),
            Kind::Function => self.function(&mut entity, ix, id, detail)?,
        }
        if !self.options.is_oss() && self.catalogue.kind(ix) != Kind::File {
            self.decorate(&mut entity);
        }
        let is_container = matches!(
            self.catalogue.kind(ix),
            Kind::Home | Kind::Space | Kind::Source | Kind::Folder
        );
        let head = Value::Object(entity).to_string();
        if !is_container {
            return Ok(head);
        }
        let page = self.children(spot, paging)?;
        Ok(self.with_children(head, spot, &page))
    }

    /// Splices the children in as text: a page can have a hundred thousand of them.
    fn with_children(&self, mut head: String, spot: &Spot, page: &Page) -> String {
        // The children of a versioned root are on the version that was asked for.
        let asked = Some(&spot.asked).filter(|asked| asked.value.is_some());
        let version = spot.version.as_ref().or(asked);
        let parent = self.catalogue.path(spot.ix);
        let items: Vec<_> = page
            .items
            .iter()
            .map(|child| {
                let mut path = Vec::with_capacity(parent.len() + 1);
                path.extend_from_slice(&parent);
                path.push(self.catalogue.name(*child));
                self.item_at(*child, path, version)
            })
            .collect();
        head.pop();
        head.push_str(",\"children\":");
        head.push_str(&to_json(&items));
        if let Some(next) = &page.next {
            head.push_str(",\"nextPageToken\":");
            head.push_str(&to_json(next));
        }
        head.push('}');
        head
    }

    fn named(&self, entity: &mut Map<String, Value>, kind: &str, ix: NodeIx, id: String) {
        put(entity, "entityType", kind);
        put(entity, "id", id);
        put(entity, "name", self.catalogue.name(ix));
        put(entity, "tag", store_tag(self.catalogue.uuid(ix)));
    }

    fn folder(&self, entity: &mut Map<String, Value>, ix: NodeIx, id: String) {
        // Cloud is not consistent about the case of this word (contract §2.3).
        put(entity, "entityType", if self.options.is_cloud() { "FOLDER" } else { "folder" });
        put(entity, "id", id);
        put(entity, "path", self.catalogue.path(ix));
        if self.catalogue.backend(ix) != Backend::Versioned && self.catalogue.is_stored(ix) {
            put(entity, "tag", store_tag(self.catalogue.uuid(ix)));
        }
        if self.options.is_cloud() && self.catalogue.backend(ix) == Backend::Versioned {
            put(entity, "storageUri", "s3://warehouse/");
        }
    }

    fn source(&self, entity: &mut Map<String, Value>, ix: NodeIx, id: String, detail: &Detail) {
        let connector = detail.connector.as_deref().unwrap_or("NAS");
        self.named(entity, "source", ix, id);
        put(entity, "type", connector);
        put(entity, "createdAt", created_at(self.catalogue.uuid(ix)));
        put(entity, "config", config_of(connector, self.catalogue.name(ix)));
        put(
            entity,
            "metadataPolicy",
            json!({
                "authTTLMs": 86_400_000, "namesRefreshMs": 3_600_000,
                "datasetRefreshAfterMs": 3_600_000, "datasetExpireAfterMs": 10_800_000,
                "datasetUpdateMode": "PREFETCH_QUERIED", "deleteUnavailableDatasets": true,
                "autoPromoteDatasets": false
            }),
        );
        put(entity, "accelerationGracePeriodMs", 10_800_000);
        put(entity, "accelerationRefreshPeriodMs", 3_600_000);
        put(entity, "accelerationNeverExpire", false);
        put(entity, "accelerationNeverRefresh", false);
        put(entity, "allowCrossSourceSelection", false);
        put(entity, "disableMetadataValidityCheck", false);
        let state = detail.state.as_ref();
        let status = state.map_or("good".to_owned(), |state| state.status.to_lowercase());
        let level = match status.as_str() {
            "bad" => "ERROR",
            "warn" => "WARN",
            _ => "INFO",
        };
        let messages: Vec<Value> = state
            .map(|state| state.messages.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|message| json!({"level": level, "message": message}))
            .collect();
        let suggestion = state.map_or("", |state| state.suggestion.as_str());
        put(
            entity,
            "state",
            json!({"status": status, "suggestedUserAction": suggestion, "messages": messages}),
        );
    }

    fn dataset(&self, entity: &mut Map<String, Value>, ix: NodeIx, id: String, detail: &Detail) {
        let uuid = self.catalogue.uuid(ix);
        let is_view = self.catalogue.kind(ix) == Kind::View;
        let columns = self.catalogue.columns(ix);
        put(entity, "entityType", "dataset");
        put(entity, "id", id);
        put(entity, "type", if is_view { "VIRTUAL_DATASET" } else { "PHYSICAL_DATASET" });
        put(entity, "path", self.catalogue.path(ix));
        put(entity, "createdAt", created_at(uuid));
        // Some things in the store have a tag that reads "null" (contract §2.4).
        let is_untagged = uuid.as_bytes()[3].is_multiple_of(16);
        put(entity, "tag", if is_untagged { "null".to_owned() } else { uuid.to_string() });
        if is_view {
            if let Some(sql) = detail.sql.as_ref().filter(|_| !detail.sql_hidden) {
                put(entity, "sql", sql.as_str());
            }
            // A view with absolute names has an empty context or none at all (contract §3.1).
            if !detail.context.is_empty() || uuid.as_bytes()[0].is_multiple_of(2) {
                put(entity, "sqlContext", json!(detail.context));
            }
        } else {
            if uuid.as_bytes()[1].is_multiple_of(3) {
                put(
                    entity,
                    "accelerationRefreshPolicy",
                    json!({"refreshPeriodMs": 3_600_000, "gracePeriodMs": 10_800_000,
                           "method": "FULL", "neverExpire": false, "neverRefresh": false}),
                );
            }
            put(entity, "isMetadataExpired", columns.is_none());
            let refreshed = if columns.is_some() { modified_at(uuid) } else { iso8601(0) };
            put(entity, "lastMetadataRefreshAt", refreshed);
            if let Some(format) = &detail.format {
                put(entity, "format", self.format(ix, format));
            }
            put(entity, "approximateStatisticsAllowed", false);
        }
        if let Some(columns) = columns {
            let fields: Vec<Value> =
                columns.iter().map(|column| field(&column.name, &column.data_type)).collect();
            put(entity, "fields", fields);
        }
    }

    fn format(&self, ix: NodeIx, format: &str) -> Value {
        let path = self.catalogue.path(ix);
        let name = self.catalogue.name(ix);
        let mut value = json!({
            "type": format, "name": name, "fullPath": path, "ctime": 0,
            "isFolder": !name.contains('.'), "location": format!("/{}", path[1..].join("/")),
            "ignoreOtherFileFormats": false, "autoCorrectCorruptDates": true
        });
        if format == "Text" {
            value["fieldDelimiter"] = ",".into();
            value["lineDelimiter"] = "\r\n".into();
            value["quote"] = "\"".into();
            value["escape"] = "\"".into();
            value["extractHeader"] = true.into();
        }
        value
    }

    fn function(
        &self,
        entity: &mut Map<String, Value>,
        ix: NodeIx,
        id: String,
        detail: &Detail,
    ) -> ApiResult<()> {
        if !self.options.udf_api {
            return Err(ApiError::bad_request("UDFs API is disabled."));
        }
        let uuid = self.catalogue.uuid(ix);
        put(entity, "entityType", "function");
        put(entity, "id", id);
        put(entity, "path", self.catalogue.path(ix));
        put(entity, "tag", store_tag(uuid));
        put(entity, "createdAt", created_at(uuid));
        put(entity, "lastModified", modified_at(uuid));
        if let Some(function) = &detail.function {
            put(entity, "isScalar", function.scalar);
            put(entity, "functionArgList", function.arguments.as_str());
            put(entity, "functionBody", function.body.as_str());
            put(entity, "returnType", function.returns.as_str());
        }
        Ok(())
    }

    /// What Enterprise and Cloud add to every entity.
    fn decorate(&self, entity: &mut Map<String, Value>) {
        let owner = super::auth::user_id(&self.catalogue.account().user);
        put(entity, "accessControlList", json!({"users": [], "roles": []}));
        put(entity, "permissions", json!(PERMISSIONS));
        put(entity, "owner", json!({"ownerId": owner, "ownerType": "USER"}));
    }
}

fn put(entity: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    entity.insert(key.to_owned(), value.into());
}

/// A connector's settings; secrets are masked as the server masks them.
fn config_of(connector: &str, name: &str) -> Value {
    let host = format!("{}.internal", connector.to_lowercase());
    match connector {
        "S3" => json!({
            "credentialType": "ACCESS_KEY", "accessKey": "SANDBOX", "accessSecret": MASKED,
            "secure": true, "rootPath": "/", "whitelistedBuckets": [], "enableAsync": true,
            "compatibilityMode": false, "isCachingEnabled": true, "maxCacheSpacePct": 100,
            "defaultCtasFormat": "ICEBERG", "isPartitionInferenceEnabled": false
        }),
        "POSTGRES" | "MYSQL" | "MSSQL" | "ORACLE" | "REDSHIFT" => json!({
            "hostname": host, "port": "5432", "databaseName": name, "username": "reader",
            "password": MASKED, "authenticationType": "MASTER", "fetchSize": 200, "useSsl": true
        }),
        "SNOWFLAKE" => json!({
            "hostname": host, "database": name, "username": "reader", "password": MASKED
        }),
        "NESSIE" | "ARCTIC" => json!({
            "nessieEndpoint": format!("https://{host}/api/v2"), "nessieAuthType": "BEARER",
            "nessieAccessToken": MASKED, "awsRootPath": "warehouse", "awsAccessSecret": MASKED
        }),
        "HIVE" | "HIVE3" => json!({"hostname": host, "port": 9083, "enableSasl": false}),
        "INFORMATION_SCHEMA" | "SYS" => json!({}),
        _ => json!({"rootPath": "/", "isPartitionInferenceEnabled": false}),
    }
}
