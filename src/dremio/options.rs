//! Where a Dremio is and how we log in.

use secrecy::SecretString;
use url::Url;

use crate::http::HttpOptions;

/// What it takes to connect.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Where.
    pub deployment: Deployment,
    /// Who.
    pub credentials: Credentials,
    /// Time limits, TLS, retries.
    pub http: HttpOptions,
    /// How many requests may be under way at once; `None` = 8, on Cloud 4 (contract §6.2).
    pub max_concurrency: Option<usize>,
}

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// Dremio Software (Community or Enterprise) at a base URL such as `http://localhost:9047`.
    Software {
        /// Scheme, host, port and, behind some proxies, a path prefix.
        base_url: Url,
    },
    /// Dremio Cloud.
    Cloud {
        /// Which control plane.
        region: CloudRegion,
        /// The project's id.
        project_id: String,
        /// Another base than the region's, e.g. of a proxy.
        base_url: Option<Url>,
    },
}

/// A control plane of Dremio Cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloudRegion {
    /// `api.dremio.cloud`
    #[default]
    Us,
    /// `api.eu.dremio.cloud`
    Eu,
}

/// How we log in. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// User name and password; Software only (contract §1.2).
    Password {
        /// User name.
        user: String,
        /// Password.
        password: SecretString,
    },
    /// Personal access token; Enterprise and Cloud (contract §1.3).
    Token(SecretString),
    /// A token of an external identity provider, exchanged for a Dremio one (contract §1.3).
    OAuth {
        /// The subject token (a JWT).
        subject_token: SecretString,
        /// Client id and secret, for service users.
        client: Option<(String, SecretString)>,
    },
}
