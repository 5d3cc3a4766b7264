#![doc = include_str!("ARCHITECTURE.md")]

pub mod cli;
pub mod config;
pub mod discovery;
pub mod dremio;
pub mod http;
pub mod log;
pub mod model;
pub mod report;
#[cfg(feature = "demo")]
pub mod sandbox;
