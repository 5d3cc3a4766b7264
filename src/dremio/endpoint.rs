//! [`Endpoint`]: the closed list of what can be asked of a Dremio. Nothing in it changes a catalogue
//! (contract §10, last row): the only POSTs are logins, batch reads, queries and their cancellation.

use std::fmt::Write as _;

use url::Url;

use super::address::Address;
use super::{CloudRegion, Deployment, Error};
use crate::http::{Method, encode_query, encode_segment};

/// Children asked for at once. Most folders fit; file-system sources ignore it (contract §2.5).
pub(super) const PAGE_SIZE: u32 = 1_000;

/// Something that can be asked of a Dremio.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint<'a> {
    Login,
    Logout,
    ServerStatus,
    ExchangeToken,
    Root,
    Entity(&'a Address),
    Children { of: &'a Address, page_token: Option<&'a str> },
    AllChildren(&'a Address),
    ByIds,
    Wiki(&'a str),
    Labels(&'a str),
    Graph(&'a str),
    Reflections(&'a str),
    Submit,
    Job(&'a str),
    Results { job: &'a str, offset: u64, limit: u32 },
    CancelJob(&'a str),
}

impl Endpoint<'_> {
    pub(super) fn method(self) -> Method {
        match self {
            Self::Login | Self::ExchangeToken | Self::ByIds | Self::Submit | Self::CancelJob(_) => {
                Method::Post
            }
            Self::Logout => Method::Delete,
            _ => Method::Get,
        }
    }

    pub(super) fn url(self, bases: &Bases) -> Result<Url, Error> {
        let api = &bases.api;
        let text = match self {
            Self::Login | Self::Logout => format!("{}/login", bases.internal()?),
            Self::ServerStatus => format!("{}/server_status", bases.internal()?),
            Self::ExchangeToken => bases.oauth.clone(),
            Self::Root => format!("{api}/catalog"),
            Self::Entity(address) => {
                format!("{api}/catalog/{}?exclude=children", address.encode()?)
            }
            Self::Children { of, page_token } => {
                let mut url = format!("{api}/catalog/{}?maxChildren={PAGE_SIZE}", of.encode()?);
                if let Some(token) = page_token {
                    let _ = write!(url, "&pageToken={}", encode_query(token));
                }
                url
            }
            // Without `maxChildren` there are no pages (contract §2.5).
            Self::AllChildren(of) => format!("{api}/catalog/{}", of.encode()?),
            Self::ByIds => format!("{api}/catalog/by-ids?maxChildren=1"),
            Self::Wiki(id) => format!("{api}/catalog/{}/collaboration/wiki", segment(id)?),
            Self::Labels(id) => format!("{api}/catalog/{}/collaboration/tag", segment(id)?),
            Self::Graph(id) => format!("{api}/catalog/{}/graph", segment(id)?),
            Self::Reflections(id) => format!("{api}/dataset/{}/reflection", segment(id)?),
            Self::Submit => format!("{api}/sql"),
            Self::Job(id) => format!("{api}/job/{}", segment(id)?),
            Self::Results { job, offset, limit } => {
                format!("{api}/job/{}/results?offset={offset}&limit={limit}", segment(job)?)
            }
            Self::CancelJob(id) => format!("{api}/job/{}/cancel", segment(id)?),
        };
        Url::parse(&text).map_err(|error| Error::Setup(format!("{text} is not a URL: {error}")))
    }
}

/// An id as one segment (contract §2.6).
fn segment(id: &str) -> Result<String, Error> {
    encode_segment(id).ok_or_else(|| Error::Unaddressable { path: format!("{id:?}") })
}

/// What all URLs of a deployment begin with; none ends in `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bases {
    /// Catalogue, SQL, jobs: `…/api/v3`, or `…/v0/projects/{id}`.
    pub(super) api: String,
    /// Login and liveness; Software only.
    internal: Option<String>,
    /// The token exchange's whole URL.
    oauth: String,
    /// Host and port, for display.
    pub(super) host: String,
}

impl Bases {
    pub(super) fn new(deployment: &Deployment) -> Result<Self, Error> {
        match deployment {
            Deployment::Software { base_url } => {
                let base = checked(base_url)?;
                let base = strip(&base, &["/api/v3", "/apiv2", "/login"]);
                Ok(Self {
                    api: format!("{base}/api/v3"),
                    internal: Some(format!("{base}/apiv2")),
                    oauth: format!("{base}/oauth/token"),
                    host: host(base_url),
                })
            }
            Deployment::Cloud { region, project_id, base_url } => {
                let project = encode_segment(project_id.trim()).ok_or_else(|| {
                    Error::Setup(
                        "Dremio Cloud needs a project id (Project settings → General)".to_owned(),
                    )
                })?;
                let (base, oauth, host) = match base_url {
                    Some(url) => {
                        let base = checked(url)?;
                        let base = strip(&base, &["/v0"]);
                        (format!("{base}/v0"), format!("{base}/oauth/token"), host(url))
                    }
                    None => {
                        let (api, login) = match region {
                            CloudRegion::Us => ("api.dremio.cloud", "login.dremio.cloud"),
                            CloudRegion::Eu => ("api.eu.dremio.cloud", "login.eu.dremio.cloud"),
                        };
                        (
                            format!("https://{api}/v0"),
                            format!("https://{login}/oauth/token"),
                            api.to_owned(),
                        )
                    }
                };
                Ok(Self { api: format!("{base}/projects/{project}"), internal: None, oauth, host })
            }
        }
    }

    fn internal(&self) -> Result<&str, Error> {
        self.internal.as_deref().ok_or_else(|| Error::Unsupported {
            request: "login and server status on Dremio Cloud".to_owned(),
        })
    }
}

/// The base as text without a slash at its end.
fn checked(url: &Url) -> Result<String, Error> {
    let shown = || {
        let mut shown = url.clone();
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Error::Setup(format!(
            "{} is not an http or https URL with a host: write it as http://localhost:9047",
            shown()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Setup(format!(
            "the URL of {} holds credentials: give user and password by themselves",
            shown()
        )));
    }
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    Ok(base.as_str().trim_end_matches('/').to_owned())
}

/// People paste the address of a page or of the API itself.
fn strip(base: &str, endings: &[&str]) -> String {
    let stripped = endings.iter().find_map(|ending| base.strip_suffix(ending)).unwrap_or(base);
    stripped.trim_end_matches('/').to_owned()
}

fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::DatasetPath;

    fn software(base: &str) -> Bases {
        let base_url = Url::parse(base).expect("a URL");
        Bases::new(&Deployment::Software { base_url }).expect("bases")
    }

    /// What each endpoint may look like: method, then the path's segments with `*` for one segment.
    const ALLOWED: &[&str] = &[
        "POST /apiv2/login",
        "DELETE /apiv2/login",
        "GET /apiv2/server_status",
        "POST /oauth/token",
        "GET /api/v3/catalog",
        "GET /api/v3/catalog/*",
        "GET /api/v3/catalog/by-path/*",
        "GET /api/v3/catalog/by-path/*/*",
        "POST /api/v3/catalog/by-ids",
        "GET /api/v3/catalog/*/collaboration/wiki",
        "GET /api/v3/catalog/*/collaboration/tag",
        "GET /api/v3/catalog/*/graph",
        "GET /api/v3/dataset/*/reflection",
        "POST /api/v3/sql",
        "GET /api/v3/job/*",
        "GET /api/v3/job/*/results",
        "POST /api/v3/job/*/cancel",
    ];

    fn is_allowed(method: &str, path: &str) -> bool {
        let segments: Vec<&str> = path.split('/').collect();
        ALLOWED.iter().any(|allowed| {
            let (allowed_method, pattern) = allowed.split_once(' ').expect("method and path");
            let pattern: Vec<&str> = pattern.split('/').collect();
            allowed_method == method
                && pattern.len() == segments.len()
                && pattern.iter().zip(&segments).all(|(p, s)| *p == "*" || p == s)
        })
    }

    /// Whatever an id or a name holds, it stays one segment, and only listed pairs can be formed.
    #[rstest]
    #[case("6b71a0b4-0000-4000-8000-000000000001")]
    #[case("x/refresh")]
    #[case("../../apiv2/login")]
    #[case("x?y=1&z#f")]
    #[case("x;promote")]
    #[case("%2e%2e")]
    #[case(r#"{"tableKey":["n","t"],"versionContext":{"type":"BRANCH"}}"#)]
    #[case("dremio:/lake/a b/c.csv")]
    fn only_listed_requests_can_be_formed(#[case] id: &str) {
        let bases = software("http://h:9047");
        let by_id = Address::Id(id.to_owned());
        let by_path = Address::Path(DatasetPath::new([id, id]));
        let endpoints = [
            Endpoint::Login,
            Endpoint::Logout,
            Endpoint::ServerStatus,
            Endpoint::ExchangeToken,
            Endpoint::Root,
            Endpoint::Entity(&by_id),
            Endpoint::Entity(&by_path),
            Endpoint::Children { of: &by_id, page_token: None },
            Endpoint::Children { of: &by_path, page_token: Some("a+b/c=&include=x") },
            Endpoint::AllChildren(&by_id),
            Endpoint::AllChildren(&by_path),
            Endpoint::ByIds,
            Endpoint::Wiki(id),
            Endpoint::Labels(id),
            Endpoint::Graph(id),
            Endpoint::Reflections(id),
            Endpoint::Submit,
            Endpoint::Job(id),
            Endpoint::Results { job: id, offset: 0, limit: 500 },
            Endpoint::CancelJob(id),
        ];
        for endpoint in endpoints {
            let url = endpoint.url(&bases).expect("a URL");
            let method = endpoint.method().as_str();
            assert!(is_allowed(method, url.path()), "{method} {url}");
            for (key, _) in url.query_pairs() {
                let known = ["exclude", "maxChildren", "pageToken", "offset", "limit"];
                assert!(known.contains(&key.as_ref()), "{url}");
            }
            assert!(url.fragment().is_none(), "{url}");
        }
    }

    #[rstest]
    #[case("")]
    #[case(".")]
    #[case("..")]
    fn ids_that_would_climb_are_refused(#[case] id: &str) {
        let bases = software("http://h:9047");
        for endpoint in [Endpoint::CancelJob(id), Endpoint::Wiki(id), Endpoint::Job(id)] {
            assert!(matches!(endpoint.url(&bases), Err(Error::Unaddressable { .. })));
        }
    }

    #[rstest]
    #[case("http://localhost:9047", "http://localhost:9047")]
    #[case("http://localhost:9047/", "http://localhost:9047")]
    #[case("https://h/dremio/", "https://h/dremio")]
    #[case("http://localhost:9047/api/v3/", "http://localhost:9047")]
    #[case("http://localhost:9047/login?x=1#y", "http://localhost:9047")]
    fn software_bases(#[case] given: &str, #[case] base: &str) {
        let bases = software(given);
        assert_eq!(bases.api, format!("{base}/api/v3"));
        assert_eq!(bases.internal.as_deref(), Some(format!("{base}/apiv2").as_str()));
    }

    #[test]
    fn cloud_bases_carry_the_project_everywhere() {
        let cloud = |region, base: Option<&str>| {
            Bases::new(&Deployment::Cloud {
                region,
                project_id: "p 1".to_owned(),
                base_url: base.map(|base| Url::parse(base).expect("a URL")),
            })
            .expect("bases")
        };
        let us = cloud(CloudRegion::Us, None);
        assert_eq!(us.api, "https://api.dremio.cloud/v0/projects/p%201");
        assert_eq!(us.oauth, "https://login.dremio.cloud/oauth/token");
        let cancel = Endpoint::CancelJob("j").url(&us).expect("a URL");
        assert_eq!(cancel.path(), "/v0/projects/p%201/job/j/cancel");
        let eu = cloud(CloudRegion::Eu, None);
        assert_eq!(eu.api, "https://api.eu.dremio.cloud/v0/projects/p%201");
        assert!(Endpoint::Login.url(&eu).is_err());
        for base in ["http://proxy:1/x", "http://proxy:1/x/v0/"] {
            assert_eq!(
                cloud(CloudRegion::Us, Some(base)).api,
                "http://proxy:1/x/v0/projects/p%201"
            );
        }
    }

    #[rstest]
    #[case("ftp://h")]
    #[case("http://ada:secret@h:9047")]
    fn odd_bases_are_refused_without_showing_secrets(#[case] base: &str) {
        let base_url = Url::parse(base).expect("a URL");
        let error = Bases::new(&Deployment::Software { base_url }).expect_err("refused");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
