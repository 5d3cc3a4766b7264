//! Logins and tokens (contract §1).

use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::catalogue::Account;
use super::options::{DremioOptions, Edition};
use super::reply::Reply;
use super::time::now_millis;

/// Tokens that hold, each with the number of requests that it has left.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    made: u64,
    live: FxHashMap<String, Option<u64>>,
    pat_revoked: bool,
}

/// The user's id in login answers and owners.
pub(super) fn user_id(user: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, user.as_bytes()).to_string()
}

impl Tokens {
    fn issue(&mut self, options: &DremioOptions) -> String {
        self.made += 1;
        let name = format!("{}/{}", options.seed, self.made);
        let token = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string();
        self.live.insert(token.clone(), options.expire_tokens_after);
        token
    }

    pub(super) fn expire_logins(&mut self) {
        self.live.clear();
    }

    pub(super) fn revoke_pat(&mut self) {
        self.pat_revoked = true;
    }

    /// Whether an `Authorization` header lets its request in; counts the request.
    pub(super) fn admit(&mut self, header: Option<&str>, options: &DremioOptions) -> bool {
        let Some(header) = header else { return false };
        if let Some(bearer) = header.strip_prefix("Bearer ") {
            let pat_holds = !options.is_oss() && !self.pat_revoked && bearer == options.pat;
            return pat_holds || self.spend(bearer.trim());
        }
        if options.is_cloud() {
            return false;
        }
        let token = header.strip_prefix("_dremio").unwrap_or(header);
        self.spend(token.strip_prefix(' ').unwrap_or(token))
    }

    fn spend(&mut self, token: &str) -> bool {
        match self.live.get_mut(token) {
            None => false,
            Some(None) => true,
            Some(Some(0)) => {
                self.live.remove(token);
                false
            }
            Some(Some(left)) => {
                *left -= 1;
                true
            }
        }
    }

    pub(super) fn log_out(&mut self, header: Option<&str>) {
        let header = header.unwrap_or_default();
        let token = header.strip_prefix("_dremio").or_else(|| header.strip_prefix("Bearer "));
        self.live.remove(token.unwrap_or(header).trim_start());
    }

    /// `POST /apiv2/login`
    pub(super) fn log_in(
        &mut self,
        body: &[u8],
        account: &Account,
        options: &DremioOptions,
    ) -> Reply {
        let Ok(login) = serde_json::from_slice::<Value>(body) else {
            return Reply::value(
                400,
                &json!({"errorMessage": "Unable to process JSON", "moreInfo": ""}),
            );
        };
        let text = |key: &str| login.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("userName") != account.user || text("password") != account.password {
            return Reply::value(
                401,
                &json!({"errorMessage": "Login failed: Invalid username or password",
                        "moreInfo": "", "stackTrace": []}),
            );
        }
        let lifetime = u64::try_from(options.token_lifetime.as_millis()).unwrap_or(u64::MAX);
        let user = &account.user;
        let mut answer = json!({
            "token": self.issue(options), "userName": user, "firstName": "", "lastName": "",
            "expires": now_millis().saturating_add(lifetime),
            "email": format!("{user}@example.com"), "userId": user_id(user), "admin": true,
            "clusterId": user_id("cluster"), "clusterCreatedAt": 1_700_000_000_000_u64,
            "userCreatedAt": 1_700_000_000_000_u64, "version": account.version,
            "permissions": {"canUploadProfiles": true, "canDownloadProfiles": true}
        });
        if options.edition == Edition::Enterprise {
            // Enterprise may leave it out (contract §1.2).
            answer.as_object_mut().map(|answer| answer.shift_remove("admin"));
        }
        Reply::ok(&answer)
    }

    /// `POST /oauth/token`: a personal access token against one for an hour (contract §1.3).
    pub(super) fn exchange(&mut self, body: &[u8], options: &DremioOptions) -> Reply {
        let form: FxHashMap<_, _> = url::form_urlencoded::parse(body).collect();
        let refuse = |error: &str| Reply::value(400, &json!({"error": error}));
        let text = |key: &str| form.get(key).map(AsRef::as_ref).unwrap_or_default();
        if text("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange" {
            return refuse("unsupported_grant_type");
        }
        if self.pat_revoked || text("subject_token") != options.pat {
            return refuse("invalid_grant");
        }
        Reply::ok(&json!({
            "access_token": self.issue(options), "expires_in": 3599, "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "scope": "dremio.all"
        }))
    }
}
