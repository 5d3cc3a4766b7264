//! The way to a server: host name, connection, TLS.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::{Host, Url};

use super::findings::{Examination, Step, Tried};
use crate::cli::status::Failure;
use crate::http::{HttpOptions, Reason};

/// Host name and connection, to the proxy if there is one.
pub(super) async fn reach(
    examination: &mut Examination<'_>,
    http: &HttpOptions,
    base: &Url,
) -> Result<bool, Failure> {
    let limit = http.connect_timeout;
    let proxy = http.proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok());
    if proxy.is_none() && environment_proxy(base) {
        let started = Instant::now();
        for step in [Step::Dns, Step::Tcp] {
            let why = "a proxy of the environment is in between; see HTTP below".to_owned();
            examination.note(step, started, Tried::NotApplicable(why))?;
        }
        return Ok(true);
    }
    let (url, whose) = proxy.as_ref().map_or((base, ""), |proxy| (proxy, "proxy "));
    let port = url.port_or_known_default().unwrap_or(1080);

    let started = Instant::now();
    let (addresses, tried) = resolve(url, port, limit).await;
    if !examination.note(Step::Dns, started, tried)? {
        return Ok(false);
    }
    let started = Instant::now();
    let tried = dial(&addresses, limit, whose).await;
    examination.note(Step::Tcp, started, tried)
}

async fn resolve(url: &Url, port: u16, limit: Duration) -> (Vec<SocketAddr>, Tried) {
    let name = match url.host() {
        Some(Host::Ipv4(ip)) => {
            let tried = Tried::NotApplicable(format!("{ip} is an address"));
            return (vec![SocketAddr::from((ip, port))], tried);
        }
        Some(Host::Ipv6(ip)) => {
            let tried = Tried::NotApplicable(format!("{ip} is an address"));
            return (vec![SocketAddr::from((ip, port))], tried);
        }
        Some(Host::Domain(name)) => name,
        None => "",
    };
    let failed = |detail: String| {
        let advice = Some(Reason::Dns.advice().to_owned());
        (Vec::new(), Tried::Failed { detail, advice })
    };
    match timeout(limit, lookup_host((name, port))).await {
        Err(_) => failed(format!("no answer about {name} within {} s", limit.as_secs_f64())),
        Ok(Err(error)) => failed(format!("{name} is not known: {error}")),
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.collect();
            if addresses.is_empty() {
                return failed(format!("{name} has no address"));
            }
            let shown: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
            (addresses, Tried::Passed(format!("{name} is {}", shown.join(", "))))
        }
    }
}

async fn dial(addresses: &[SocketAddr], limit: Duration, whose: &str) -> Tried {
    let mut last = None;
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Tried::Passed(format!("{whose}{address} takes connections")),
            Ok(Err(error)) => {
                let reason = if error.kind() == std::io::ErrorKind::ConnectionRefused {
                    Reason::Refused
                } else {
                    Reason::Connect
                };
                last = Some((format!("{whose}{address}: {error}"), reason));
            }
            Err(_) => {
                let detail =
                    format!("{whose}{address}: no connection within {} s", limit.as_secs_f64());
                last = Some((detail, Reason::ConnectTimeout));
            }
        }
    }
    let (detail, reason) = last.unwrap_or_else(|| ("no address".to_owned(), Reason::Dns));
    Tried::Failed { detail, advice: Some(reason.advice().to_owned()) }
}

/// What is to be said of TLS once an answer came.
pub(super) fn encryption(http: &HttpOptions, base: &Url) -> Tried {
    if base.scheme() != "https" {
        Tried::not_applicable("the URL is http: nothing is encrypted")
    } else if http.tls.insecure {
        Tried::passed("encrypted; any certificate is taken, as set")
    } else {
        Tried::passed("the certificate is trusted")
    }
}

/// The step at which no answer came.
pub(super) fn step_of(reason: Reason) -> Step {
    match reason {
        Reason::Certificate | Reason::Tls => Step::Tls,
        _ => Step::Http,
    }
}

pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether the environment names a proxy for this URL; never for this machine itself.
fn environment_proxy(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => true,
    };
    let names: &[&str] = if url.scheme() == "https" {
        &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        &["http_proxy", "ALL_PROXY", "all_proxy"]
    };
    !is_local && names.iter().any(|name| std::env::var_os(name).is_some_and(|it| !it.is_empty()))
}
