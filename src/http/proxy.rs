//! Which proxy a request goes through, so that its failures are not taken for the server's.

use std::env;

use url::{Host, Url};

use super::options::HttpOptions;

/// The proxy between us and `target`, without credentials: that of the settings, else of the
/// environment.
pub(super) fn on_the_way(options: &HttpOptions, target: &Url) -> Option<String> {
    let variable = |names: &[&str]| {
        names.iter().find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()))
    };
    let exceptions = variable(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    if is_excepted(target.host_str()?, &exceptions) {
        return None;
    }
    let from_environment = || {
        if is_loopback(target) {
            return None;
        }
        match target.scheme() {
            "https" => variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            _ => variable(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
        }
    };
    options.proxy.clone().or_else(from_environment).map(|proxy| without_credentials(&proxy))
}

pub(super) fn is_loopback(target: &Url) -> bool {
    match target.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether `NO_PROXY` names the host, or a domain that it is in.
fn is_excepted(host: &str, exceptions: &str) -> bool {
    exceptions.split(',').map(|entry| entry.trim().trim_start_matches('.')).any(|entry| {
        entry == "*"
            || (!entry.is_empty()
                && (host.eq_ignore_ascii_case(entry)
                    || host
                        .to_ascii_lowercase()
                        .ends_with(&format!(".{}", entry.to_ascii_lowercase()))))
    })
}

/// Not by way of a URL: `user:password@host` parses as one whose scheme is the user.
fn without_credentials(proxy: &str) -> String {
    let (scheme, rest) = match proxy.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), proxy),
    };
    let host = rest.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{}", host.split('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_a_proxy_are_not_shown() {
        for (proxy, shown) in [
            ("http://ada:secret@proxy:3128", "http://proxy:3128"),
            ("ada:secret@proxy:3128", "proxy:3128"),
            ("http://ada:sec/ret@proxy:3128/", "http://proxy:3128"),
            ("socks5://proxy", "socks5://proxy"),
        ] {
            assert_eq!(without_credentials(proxy), shown);
        }
    }

    #[test]
    fn exceptions_are_hosts_and_domains() {
        assert!(is_excepted("dremio.example.com", "localhost, .example.com"));
        assert!(is_excepted("Example.com", "example.com"));
        assert!(is_excepted("x", "*"));
        assert!(!is_excepted("notexample.com", "example.com"));
        assert!(!is_excepted("x", ""));
    }
}
