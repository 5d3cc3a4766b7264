#![doc = include_str!("ARCHITECTURE.md")]

pub mod graph;
pub mod model;
