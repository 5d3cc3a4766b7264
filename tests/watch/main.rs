//! `watch` as a person or cron runs it: the real binary against sandbox servers in this process,
//! whose catalogue changes between the rounds.
#![cfg(feature = "demo")]

mod apply;
mod long;
mod rounds;
mod stage;
