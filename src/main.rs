//! The `dremio-explorer` binary: see the library for everything.

fn main() {}
