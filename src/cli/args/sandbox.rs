//! The arguments of the servers inside this program.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::ReportFormat;
use crate::config::parse_duration;

/// `sandbox`
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Faults are shares of the requests: --fault 503=5% --fault reset=1%. Kinds: 503, 429, reset,
truncated, cut-off, html, slow. Runs until Ctrl-C.")]
pub struct SandboxArgs {
    /// What to serve: shop, reference, hostile (names that break careless programs), or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "shop")]
    pub catalogue: String,
    /// Serve a made-up catalogue of so many datasets instead
    #[arg(long, value_name = "N", conflicts_with = "catalogue")]
    pub scale: Option<usize>,
    /// Time before each answer
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "0s")]
    pub latency: Duration,
    /// Which product to be
    #[arg(long, value_name = "EDITION", default_value = "oss")]
    pub edition: EditionArg,
    /// Be a version without batch reads
    #[arg(long)]
    pub no_by_ids: bool,
    /// Children on a page at most
    #[arg(long, value_name = "N")]
    pub page_size: Option<usize>,
    /// Something that goes wrong, and how often (repeatable)
    #[arg(long, value_name = "KIND=SHARE", value_parser = parse_fault)]
    pub fault: Vec<FaultArg>,
    /// How slow a `slow` answer is
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "5s")]
    pub slow_by: Duration,
    /// Each login is good for so many requests
    #[arg(long, value_name = "N")]
    pub expire_tokens_after: Option<u64>,
    /// Port of the Dremio on loopback; 0 is a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// The same for the OpenMetadata
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub openmetadata_port: u16,
    /// Let the OpenMetadata hold an earlier state of the catalogue, as the demo does
    #[arg(long)]
    pub seeded: bool,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The form of the addresses
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
}

/// An edition to play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EditionArg {
    /// Software Community.
    #[default]
    Oss,
    /// Software Enterprise.
    Enterprise,
    /// Cloud.
    Cloud,
}

/// A kind of fault and its share of all requests, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultArg {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often.
    pub share: f64,
}

/// What can go wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FaultKind {
    /// 503.
    #[value(name = "503", alias = "unavailable")]
    Unavailable,
    /// 429.
    #[value(name = "429", alias = "throttled")]
    Throttled,
    /// The connection is reset.
    Reset,
    /// JSON that stops half-way.
    Truncated,
    /// A body that stops half-way.
    CutOff,
    /// A web page.
    Html,
    /// The right answer, late.
    Slow,
}

fn parse_fault(text: &str) -> Result<FaultArg, String> {
    let (kind, share) =
        text.split_once('=').ok_or("write KIND=SHARE, such as 503=5% or reset=0.01")?;
    let kind = FaultKind::from_str(kind.trim(), true).map_err(|_| {
        format!("unknown kind {kind:?}: use 503, 429, reset, truncated, cut-off, html or slow")
    })?;
    let share = share.trim();
    let (number, scale) = share.strip_suffix('%').map_or((share, 1.0), |number| (number, 100.0));
    number
        .trim()
        .parse::<f64>()
        .ok()
        .map(|number| number / scale)
        .filter(|share| (0.0..=1.0).contains(share))
        .map(|share| FaultArg { kind, share })
        .ok_or_else(|| format!("{share:?} is not a share: write 5% or 0.05"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_shares() {
        assert_eq!(
            parse_fault("503=5%"),
            Ok(FaultArg { kind: FaultKind::Unavailable, share: 0.05 })
        );
        assert_eq!(parse_fault("cut-off=1"), Ok(FaultArg { kind: FaultKind::CutOff, share: 1.0 }));
        assert!(parse_fault("reset=5").unwrap_err().contains("5% or 0.05"));
        assert!(parse_fault("fire=5%").unwrap_err().contains("503, 429"));
        assert!(parse_fault("503").unwrap_err().contains("KIND=SHARE"));
    }
}
