//! What it takes to connect and log in, out of the settings: which server, which way of logging in,
//! and the secret for it.

use secrecy::SecretString;
use url::Url;

use super::kind::Value;
use super::reader::Reader;
use super::secret::{self, Interrupted, Prompt, SecretError};
use super::settings::Settings;
use crate::dremio::{CloudRegion, ConnectOptions, Credentials, Deployment};
use crate::openmetadata;

/// Why there is nothing to log in with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No server is named.
    #[error(
        "no Dremio server is set: give --dremio-url URL (Cloud: --dremio-project ID), write a config file with \
         `dremio-explorer config init`, or try --demo"
    )]
    NoServer,
    /// Nobody is named to log in as.
    #[error(
        "nobody to log in to {server} as: set DREMIO_PAT, or --dremio-user with DREMIO_PASSWORD"
    )]
    NoUser {
        /// The server.
        server: String,
    },
    /// There is a user and no password.
    #[error(
        "no password for user {user} on {server}: set DREMIO_PASSWORD, or dremio.password in the config file"
    )]
    NoPassword {
        /// The user.
        user: String,
        /// The server.
        server: String,
    },
    /// Dremio Cloud knows tokens only.
    #[error("Dremio Cloud takes a personal access token, not a password: set DREMIO_PAT")]
    NoCloudToken,
    /// No OpenMetadata is named.
    #[error(
        "no OpenMetadata server is set: give --openmetadata-url URL, set openmetadata.url in the \
         config file, or try --demo"
    )]
    NoOpenMetadata,
    /// There is no token, or a user without a password.
    #[error(
        "nothing to log in to OpenMetadata at {server} with: set OPENMETADATA_JWT_TOKEN, or \
         --openmetadata-user with OPENMETADATA_PASSWORD"
    )]
    NoOpenMetadataUser {
        /// The server.
        server: String,
    },
    /// A secret that is set cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Somebody pressed Ctrl-C instead of typing a password.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl Settings {
    /// What it takes to connect to Dremio; fetches the secrets, asking if need be.
    pub fn connect_options(
        &self,
        prompt: &mut dyn Prompt,
    ) -> Result<ConnectOptions, CredentialError> {
        let deployment = self.deployment()?;
        let credentials = self.credentials(&deployment, prompt)?;
        Ok(ConnectOptions {
            deployment,
            credentials,
            http: self.dremio.http.clone(),
            max_concurrency: self.discovery.max_workers,
        })
    }

    /// Where Dremio is.
    pub fn deployment(&self) -> Result<Deployment, CredentialError> {
        let url = self.dremio.url.as_deref().and_then(|url| Url::parse(url).ok());
        let is_cloud_url = url.as_ref().is_some_and(is_cloud);
        let (url_rank, project_rank) =
            (self.rank("dremio.url"), self.rank("dremio.cloud.project_id"));
        match (url, &self.dremio.project_id) {
            // A URL that somebody put on top of a Cloud setting means another server.
            (Some(base_url), Some(_)) if url_rank > project_rank && !is_cloud_url => {
                Ok(Deployment::Software { base_url })
            }
            (url, Some(project_id)) => {
                let is_eu = url.as_ref().is_some_and(|url| {
                    is_cloud_url && url.host_str().is_some_and(|host| host.contains(".eu."))
                });
                let region = if is_eu { CloudRegion::Eu } else { self.dremio.region };
                // A base of the same layer is a proxy's; a weaker layer's belongs to another server.
                let base_url = url.filter(|_| !is_cloud_url && url_rank == project_rank);
                Ok(Deployment::Cloud { region, project_id: project_id.clone(), base_url })
            }
            (Some(base_url), None) => Ok(Deployment::Software { base_url }),
            (None, None) => Err(CredentialError::NoServer),
        }
    }

    /// Where Dremio is, in words and without credentials.
    pub fn server(&self) -> String {
        self.deployment().map_or_else(
            |_| "no Dremio server is set".to_owned(),
            |deployment| describe(&deployment),
        )
    }

    /// The way to log in that the strongest layer names; within one layer a token comes first.
    fn credentials(
        &self,
        deployment: &Deployment,
        prompt: &mut dyn Prompt,
    ) -> Result<Credentials, CredentialError> {
        let ways = [
            "dremio.password",
            "dremio.oauth.subject_token",
            "dremio.token_command",
            "dremio.token",
        ];
        let way = ways
            .into_iter()
            .filter(|way| self.value(way).is_some())
            .max_by_key(|way| self.rank(way));
        let is_cloud = matches!(deployment, Deployment::Cloud { .. });
        let server = describe(deployment);
        match way {
            Some("dremio.token") => Ok(Credentials::Token(self.secret("dremio.token")?)),
            Some("dremio.token_command") => {
                let command =
                    Reader(&self.layered).text("dremio.token_command").unwrap_or_default();
                Ok(Credentials::Token(secret::from_command("dremio.token_command", &command)?))
            }
            Some("dremio.oauth.subject_token") => {
                let client_id = Reader(&self.layered).text("dremio.oauth.client_id");
                let client = match client_id {
                    Some(id) => Some((id, self.secret("dremio.oauth.client_secret")?)),
                    None => None,
                };
                let subject_token = self.secret("dremio.oauth.subject_token")?;
                Ok(Credentials::OAuth { subject_token, client })
            }
            _ if is_cloud => Err(CredentialError::NoCloudToken),
            _ => {
                let user = self.dremio.user.clone();
                let user =
                    user.ok_or_else(|| CredentialError::NoUser { server: server.clone() })?;
                let password = if way.is_some() {
                    self.secret("dremio.password")?
                } else {
                    prompt
                        .ask(&format!("Password for {user} on {server}"))?
                        .ok_or_else(|| CredentialError::NoPassword { user: user.clone(), server })?
                };
                Ok(Credentials::Password { user, password })
            }
        }
    }

    /// What it takes to connect to OpenMetadata; fetches the secrets, asking if need be.
    pub fn openmetadata_options(
        &self,
        prompt: &mut dyn Prompt,
    ) -> Result<openmetadata::ConnectOptions, CredentialError> {
        let url = self.openmetadata.url.clone().ok_or(CredentialError::NoOpenMetadata)?;
        let ways = ["openmetadata.password", "openmetadata.token_command", "openmetadata.token"];
        let way = ways
            .into_iter()
            .filter(|way| self.value(way).is_some())
            .max_by_key(|way| self.rank(way));
        let credentials = match way {
            Some("openmetadata.token") => {
                openmetadata::Credentials::Token(self.secret("openmetadata.token")?)
            }
            Some("openmetadata.token_command") => {
                let setting = "openmetadata.token_command";
                let command = Reader(&self.layered).text(setting).unwrap_or_default();
                openmetadata::Credentials::Token(secret::from_command(setting, &command)?)
            }
            _ => {
                let email = self.openmetadata.user.clone();
                let email = email
                    .ok_or_else(|| CredentialError::NoOpenMetadataUser { server: url.clone() })?;
                let password = if way.is_some() {
                    self.secret("openmetadata.password")?
                } else {
                    prompt.ask(&format!("Password for {email} on {url}"))?.ok_or_else(|| {
                        CredentialError::NoOpenMetadataUser { server: url.clone() }
                    })?
                };
                openmetadata::Credentials::Password { email, password }
            }
        };
        Ok(openmetadata::ConnectOptions {
            url,
            credentials,
            http: self.openmetadata.http.clone(),
            max_concurrency: Some(self.sync.max_workers),
        })
    }

    fn value(&self, path: &str) -> Option<&Value> {
        self.layered.get(path)?.value.as_ref()
    }

    fn rank(&self, path: &str) -> u32 {
        self.layered.get(path).map_or(0, |setting| setting.rank)
    }

    fn secret(&self, path: &'static str) -> Result<SecretString, SecretError> {
        match self.value(path) {
            Some(Value::Secret(value)) => secret::resolve(path, value),
            _ => Err(SecretError::Empty { setting: path, place: "the configuration".to_owned() }),
        }
    }
}

/// The server in words, without credentials: `localhost:9047`, `Dremio Cloud project …`.
pub(super) fn describe(deployment: &Deployment) -> String {
    match deployment {
        Deployment::Software { base_url } => {
            let host = base_url.host_str().unwrap_or_default();
            base_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        }
        Deployment::Cloud { project_id, .. } => format!("Dremio Cloud project {project_id}"),
    }
}

fn is_cloud(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host == "dremio.cloud" || host.ends_with(".dremio.cloud"))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::testing::{Nobody, settings};

    #[test]
    fn the_strongest_layer_chooses_how_to_log_in() {
        let file = "dremio: {url: 'http://h', user: ada, token: from-file}";
        let with = |environment: &[(&str, &str)]| {
            let settings = settings(file, environment, &[]).unwrap();
            settings.connect_options(&mut Nobody).unwrap().credentials
        };
        match with(&[]) {
            Credentials::Token(token) => assert_eq!(token.expose_secret(), "from-file"),
            other => panic!("{other:?}"),
        }
        match with(&[("DREMIO_PASSWORD", "pw")]) {
            Credentials::Password { user, password } => {
                assert_eq!((user.as_str(), password.expose_secret()), ("ada", "pw"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_url_on_top_of_a_cloud_profile_means_another_server() {
        let file = "dremio: {token: t, cloud: {project_id: p1, region: eu}}";
        let deployment = |flags: &[(&'static str, &str)]| {
            settings(file, &[], flags).unwrap().deployment().unwrap()
        };
        assert_eq!(
            deployment(&[]),
            Deployment::Cloud {
                region: CloudRegion::Eu,
                project_id: "p1".to_owned(),
                base_url: None
            }
        );
        assert!(matches!(
            deployment(&[("dremio.url", "http://h:9047")]),
            Deployment::Software { .. }
        ));
        assert!(matches!(
            deployment(&[("dremio.url", "https://proxy"), ("dremio.cloud.project_id", "p2")]),
            Deployment::Cloud { base_url: Some(_), .. }
        ));
    }

    #[test]
    fn a_missing_password_is_asked_for_and_then_named() {
        let settings = settings("dremio: {url: 'http://h:9047', user: ada}", &[], &[]).unwrap();
        let error = settings.connect_options(&mut Nobody).unwrap_err().to_string();
        assert!(
            error.contains("user ada on h:9047") && error.contains("DREMIO_PASSWORD"),
            "{error}"
        );
    }
}
