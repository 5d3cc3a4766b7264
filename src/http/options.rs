//! How a connection to a server is made.

use std::path::PathBuf;
use std::time::Duration;

/// TLS settings; the default verifies against the system's authorities, or, where it has none, against
/// the bundled public ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// A PEM file with further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the client's certificate and key, for servers that ask for one.
    pub client_certificate: Option<PathBuf>,
    /// Accept any certificate. Only ever set by an explicit flag or setting.
    pub insecure: bool,
}

/// Time limits, retries and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpOptions {
    /// TLS settings.
    pub tls: TlsOptions,
    /// A proxy URL; `None` follows the environment (`HTTPS_PROXY`, `NO_PROXY`).
    pub proxy: Option<String>,
    /// Time to reach the server.
    pub connect_timeout: Duration,
    /// Time for one answer.
    pub read_timeout: Duration,
    /// Time for answers known to be slow: file-system listings, query results (contract §6.2).
    pub slow_read_timeout: Duration,
    /// How often a retryable request is sent again after the first time.
    pub retries: u32,
    /// The first pause before a retry; doubled each time, with jitter. While the server answers
    /// other requests, the pauses are a quarter of that.
    pub retry_pause: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            tls: TlsOptions::default(),
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            slow_read_timeout: Duration::from_secs(120),
            retries: 4,
            retry_pause: Duration::from_secs(1),
        }
    }
}
