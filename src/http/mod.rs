//! What the clients of both servers share: how a connection is made, what is retried, what an answer
//! without a usable body means, and a log of every request.
//!
//! Nothing here knows Dremio or OpenMetadata: they say what to send and judge what comes back.

pub mod answer;
pub mod client;
pub mod encode;
pub mod failure;
pub mod log;
pub mod options;
mod proxy;
pub mod retry;
pub mod slots;
mod tls;
mod trust;

pub use answer::{Answer, NotJson};
pub use client::{Body, HttpClient, Method, Patience, Request};
pub use encode::{encode_query, encode_segment};
pub use failure::{Failure, Reason};
pub use log::{RequestLog, RequestRecord};
pub use options::{HttpOptions, TlsOptions};
pub use retry::{Again, Judged, Resend};
pub use slots::{Slot, Slots};
