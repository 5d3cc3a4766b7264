//! Builds the underlying client: TLS by rustls with ring, trust, proxy.

use std::path::Path;
use std::sync::Once;

use reqwest::{Certificate, Identity, NoProxy, Proxy, redirect};
use url::Url;

use super::options::HttpOptions;
use super::proxy::is_loopback;
use super::trust;

/// The underlying client for one server, or what is wrong with the settings.
pub(super) fn build(options: &HttpOptions, target: &Url) -> Result<reqwest::Client, String> {
    install_provider();
    let unusable = |error: reqwest::Error| format!("TLS cannot be set up: {}", cause(&error));
    if let Some(path) = options.tls.ca_file.as_ref().filter(|_| !options.tls.insecure) {
        let named = trust::certificates(path, &read(path, "ca_file")?)?;
        let identity = match &options.tls.client_certificate {
            Some(path) => Some(trust::identity(path, &read(path, "client_certificate")?)?),
            None => None,
        };
        let tls = trust::config(named, identity)?;
        return builder(options, target)?.tls_backend_preconfigured(tls).build().map_err(unusable);
    }
    match builder(options, target)?.build() {
        Ok(client) => Ok(client),
        // The system has no roots (a bare container): the bundled public ones stand in.
        Err(_) => {
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
                .iter()
                .filter_map(|root| Certificate::from_der(root).ok());
            builder(options, target)?.tls_certs_only(roots).build().map_err(unusable)
        }
    }
}

fn builder(options: &HttpOptions, target: &Url) -> Result<reqwest::ClientBuilder, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("dremio-explorer/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        // A followed redirect would hide a login wall and could carry credentials elsewhere.
        .redirect(redirect::Policy::none())
        .tls_danger_accept_invalid_certs(options.tls.insecure);
    if let Some(path) = &options.tls.client_certificate {
        let pem = read(path, "client_certificate")?;
        let identity = Identity::from_pem(&pem).map_err(|error| {
            format!(
                "`tls.client_certificate` {}: needs a PEM certificate and its private key ({})",
                path.display(),
                cause(&error)
            )
        })?;
        builder = builder.identity(identity);
    }
    match &options.proxy {
        Some(proxy) => {
            let proxy = Proxy::all(proxy.as_str())
                .map_err(|error| format!("`proxy` is not a proxy URL: {}", cause(&error)))?;
            builder = builder.proxy(proxy.no_proxy(NoProxy::from_env()));
        }
        // A proxy from the environment cannot reach this machine's own servers.
        None if is_loopback(target) => builder = builder.no_proxy(),
        None => {}
    }
    Ok(builder)
}

/// Makes ring the process's TLS provider, unless something else was chosen before.
fn install_provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn read(path: &Path, setting: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path)
        .map_err(|error| format!("`tls.{setting}` {} cannot be read: {error}", path.display()))
}
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
