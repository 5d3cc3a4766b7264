#![doc = include_str!("ARCHITECTURE.md")]

pub mod discovery;
pub mod dremio;
pub mod http;
pub mod model;
#[cfg(feature = "demo")]
pub mod sandbox;
pub mod search;
pub mod sqlflow;
pub mod tui;
