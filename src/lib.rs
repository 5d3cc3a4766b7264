#![doc = include_str!("ARCHITECTURE.md")]

pub mod cli;
pub mod config;
pub mod discovery;
pub mod dremio;
pub mod graph;
pub mod http;
pub mod log;
pub mod model;
pub mod openmetadata;
pub mod report;
#[cfg(feature = "demo")]
pub mod sandbox;
pub mod search;
pub mod sqlflow;
pub mod sync;
pub mod tui;
