//! Where an OpenMetadata is and how we log in.

use secrecy::SecretString;
use url::Url;

use crate::http::HttpOptions;

/// What it takes to connect.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The server as people write it: with or without `/api`, `/v1`, a trailing slash.
    pub url: String,
    /// Who.
    pub credentials: Credentials,
    /// Time limits, TLS, retries.
    pub http: HttpOptions,
    /// How many requests may be under way at once; `None` = 8.
    pub max_concurrency: Option<usize>,
}

/// How we log in. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A bot's JWT or a personal access token (contract §1.2).
    Token(SecretString),
    /// E-mail and password, for servers with basic authentication.
    Password {
        /// E-mail.
        email: String,
        /// Password.
        password: SecretString,
    },
}

/// The API root for what people write: `…/api/v1` (contract §1.1).
pub(super) fn api_root(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let bare = with_scheme.trim_end_matches('/');
    let bare = bare.strip_suffix("/v1").unwrap_or(bare).trim_end_matches('/');
    let root = if bare.ends_with("/api") { format!("{bare}/v1") } else { format!("{bare}/api/v1") };
    let url = Url::parse(&root)
        .map_err(|error| format!("{text:?} is not a URL of an OpenMetadata server: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!(
            "{text:?} is not a URL of an OpenMetadata server: http or https is needed"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "the URL of OpenMetadata must not hold credentials; use the token setting".to_owned()
        );
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_the_host_in_many_ways() {
        for text in [
            "http://localhost:8585",
            "http://localhost:8585/",
            "http://localhost:8585/api",
            "http://localhost:8585/api/",
            "http://localhost:8585/api/v1",
            "http://localhost:8585/api/v1/",
            "localhost:8585",
        ] {
            let url = api_root(text).expect("a URL");
            assert_eq!(url.as_str(), "http://localhost:8585/api/v1", "{text}");
        }
        let proxied = api_root("https://data.example.com/om").expect("a URL");
        assert_eq!(proxied.as_str(), "https://data.example.com/om/api/v1");
        assert!(api_root("ftp://x").is_err());
        assert!(api_root("http://me:secret@x").is_err_and(|error| !error.contains("secret")));
    }
}
