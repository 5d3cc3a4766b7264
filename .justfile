# What CI runs, and its parts.

default: check

# Everything that has to pass.
check:
    .ci/run

fmt:
    cargo fmt

lint:
    cargo clippy --all-targets -- -D warnings

test *ARGS:
    cargo test {{ARGS}}

# Review changed snapshots (needs cargo-insta).
review:
    cargo insta review

# Licences and advisories (needs cargo-deny).
deny:
    cargo deny --config .deny.toml check

# The oldest Rust that has to work.
msrv:
    cargo +1.89 check --all-targets

bench *ARGS:
    cargo bench {{ARGS}}

demo *ARGS:
    cargo run --release -- --demo {{ARGS}}
