//! [`Failure`]: why no answer came, told apart finely enough to say what to do about it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::options::HttpOptions;
use super::trust::is_authority_as_server;

/// No answer came, or not the whole of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// The sort of failure.
    pub reason: Reason,
    /// What happened, in words; without the URL.
    pub detail: String,
}

/// The sort of a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The host name is not known.
    Dns,
    /// The host is there, nothing listens on the port.
    Refused,
    /// No connection for another reason: no route, …
    Connect,
    /// The proxy on the way cannot be reached, or does not let us through.
    Proxy,
    /// The host did not take the connection in time.
    ConnectTimeout,
    /// The server's certificate is not trusted, or not for this host.
    Certificate,
    /// TLS could not be agreed on, e.g. plain HTTP on the other side or a client certificate missing.
    Tls,
    /// What listens there speaks something else.
    NotHttp,
    /// The connection stood, the answer did not come in time.
    Timeout,
    /// The connection was lost before the answer was complete.
    Broken,
    /// The answer is larger than this program takes.
    TooLarge,
    /// The request could not be formed.
    Request,
}

impl Reason {
    /// Whether the request cannot have reached the server.
    pub fn is_before_sending(self) -> bool {
        matches!(
            self,
            Self::Dns
                | Self::Refused
                | Self::Connect
                | Self::Proxy
                | Self::ConnectTimeout
                | Self::Certificate
                | Self::Tls
                | Self::Request
        )
    }

    /// What a person can do about it; names the settings concerned.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Dns => "check the host name in the URL, and whether a VPN or proxy is needed",
            Self::Refused => "check the port in the URL and whether the server is running",
            Self::Connect => "check the network, VPN and the `proxy` setting",
            Self::Proxy => {
                "check the proxy's URL in the `proxy` setting or $HTTPS_PROXY (with user and \
                 password, if it wants them: http://user:password@host:port); $NO_PROXY lists hosts \
                 that are reached without it"
            }
            Self::ConnectTimeout => {
                "check host, port and firewall, and whether the server speaks https or http on \
                 this port; `connect_timeout` sets how long to wait"
            }
            Self::Certificate => {
                "if the server is yours, name its certificate, or that of its authority, in \
                 `tls.ca_file` (--ca-file FILE; or, knowing the risk, --insecure), and check that \
                 the URL has the host name that the certificate is for"
            }
            Self::NotHttp => {
                "check the port in the URL, and whether the server speaks https on it (then the \
                 URL begins with https://)"
            }
            Self::Tls => {
                "check whether the server speaks https on this port, and `tls.client_certificate` \
                 if it asks for one"
            }
            Self::Timeout => "try again later, or raise `read_timeout`",
            Self::Broken => {
                "the server or a proxy cut the connection: try again later; if it always does, \
                 check the port and whether the server speaks https or http on it"
            }
            Self::TooLarge => "open something smaller",
            Self::Request => "check the URL",
        }
    }
}

impl Failure {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(super) fn timeout(after: Duration) -> Self {
        Self::new(Reason::Timeout, format!("no answer within {}", seconds(after)))
    }

    /// Reads the reason out of reqwest's nest of causes; `proxy` is the one on the way.
    pub(super) fn of(error: &reqwest::Error, options: &HttpOptions, proxy: Option<&str>) -> Self {
        let failure = Self::direct(error, options);
        let unconnected = matches!(
            failure.reason,
            Reason::Dns | Reason::Refused | Reason::Connect | Reason::ConnectTimeout
        );
        match proxy {
            Some(proxy) if unconnected && innermost(error).contains("authorization required") => {
                Self::proxy_login(proxy)
            }
            Some(proxy) if unconnected => {
                Self::new(Reason::Proxy, format!("{} (through the proxy {proxy})", failure.detail))
            }
            _ => failure,
        }
    }

    /// The proxy wants to know who we are.
    pub(super) fn proxy_login(proxy: &str) -> Self {
        Self::new(Reason::Proxy, format!("the proxy {proxy} wants a user and password (407)"))
    }

    fn direct(error: &reqwest::Error, options: &HttpOptions) -> Self {
        if let Some(failure) = tls_failure(error) {
            return failure;
        }
        if error.is_dns() {
            return Self::new(Reason::Dns, "the host name cannot be resolved");
        }
        if error.is_connect() {
            if error.is_timeout() {
                return Self::new(
                    Reason::ConnectTimeout,
                    format!("no connection within {}", seconds(options.connect_timeout)),
                );
            }
            return match io_kind(error) {
                Some(io::ErrorKind::ConnectionRefused) => {
                    Self::new(Reason::Refused, "the connection was refused")
                }
                // A TLS handshake that breaks off: usually plain HTTP, or a missing certificate.
                Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
                    Self::new(Reason::Broken, "the connection was cut while it was being made")
                }
                _ => Self::new(Reason::Connect, format!("no connection: {}", innermost(error))),
            };
        }
        if error.is_timeout() {
            return Self::timeout(options.read_timeout);
        }
        if error.is_builder() {
            return Self::new(Reason::Request, innermost(error));
        }
        let cause = innermost(error);
        if cause.starts_with("invalid HTTP ") || cause.starts_with("received unexpected message") {
            return Self::new(Reason::NotHttp, format!("what answers there is not HTTP ({cause})"));
        }
        Self::new(
            Reason::Broken,
            format!("the connection broke before the answer was complete ({cause})"),
        )
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

type Cause<'a> = &'a (dyn StdError + 'static);

fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| cause(error))
}

fn cause<'a>(error: &Cause<'a>) -> Option<Cause<'a>> {
    let error: Cause<'a> = *error;
    // `source` of an `io::Error` skips the error that it wraps.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn tls_failure(error: &reqwest::Error) -> Option<Failure> {
    use rustls::{AlertDescription, CertificateError, Error};

    let tls = causes(error).find_map(|cause| cause.downcast_ref::<Error>())?;
    Some(match tls {
        Error::InvalidCertificate(certificate) => Failure::new(
            Reason::Certificate,
            match certificate {
                CertificateError::UnknownIssuer => {
                    "the server's certificate is signed by an authority that is not trusted here \
                     (self-signed?)"
                        .to_owned()
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    "the server's certificate is for another host name".to_owned()
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "the server's certificate has expired".to_owned()
                }
                other if is_authority_as_server(other) => {
                    "the server's certificate is not trusted here: it is self-signed".to_owned()
                }
                other => format!("the server's certificate is not trusted ({other})"),
            },
        ),
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::HandshakeFailure,
        ) => Failure::new(
            Reason::Tls,
            format!(
                "the server refused the TLS connection ({tls}): it may ask for a client certificate"
            ),
        ),
        Error::InvalidMessage(_) => {
            Failure::new(Reason::Tls, "the server does not answer in TLS on this port")
        }
        other => Failure::new(Reason::Tls, format!("TLS failed: {other}")),
    })
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "unknown cause".to_owned(), ToString::to_string)
}
