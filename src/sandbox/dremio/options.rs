//! [`DremioOptions`]: every switch of a sandbox Dremio. All of them can be thrown while it runs.

use std::time::Duration;

/// Which product it plays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// Software Community 25.2: password login only, no lineage graph.
    #[default]
    Oss,
    /// Software Enterprise: also personal access tokens, OAuth exchange and the graph.
    Enterprise,
    /// Cloud: `/v0/projects/{project}`, tokens only.
    Cloud {
        /// The project's id.
        project: String,
    },
}

/// How the server as a whole feels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Up.
    #[default]
    Ok,
    /// Fresh: nobody has made a first user (contract §1.2).
    NoFirstUser,
    /// Up, but `server_status` answers 503 with this word.
    NotReady(String),
}

/// How jobs move through their states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobPace {
    /// The next state after each such time.
    Time(Duration),
    /// Exactly this many status calls are answered before the terminal state.
    Polls(u32),
    /// Jobs run until they are cancelled.
    Never,
}

/// What a proxy in front does with `%2F` in a path (contract §2.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncodedSlash {
    /// Hands it on: there is no proxy.
    #[default]
    Kept,
    /// Answers 400.
    Rejected,
    /// Makes it a `/`, so that the server sees other segments.
    Decoded,
}

/// Something that goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503 with a text of the proxy's.
    Unavailable,
    /// 429.
    Throttled {
        /// `Retry-After` in seconds; absent if `None`.
        retry_after: Option<u64>,
    },
    /// The connection is reset before any answer.
    Reset,
    /// A complete HTTP answer whose JSON stops half-way.
    Truncated,
    /// The connection closes in the middle of the answer's body.
    CutOff,
    /// 200 with a web page.
    Html,
    /// The right answer after this time.
    Slow(Duration),
    /// 401 as for an expired token.
    Unauthorized,
    /// Any answer, for whatever else a proxy or another version may say.
    Answer {
        /// The status.
        status: u16,
        /// Its `Content-Type`.
        content_type: &'static str,
        /// Its body.
        body: String,
    },
    /// This status with Dremio's JSON error.
    Status {
        /// The status.
        status: u16,
        /// The `errorMessage`.
        message: String,
    },
}

/// How often requests to the API go wrong, each a share of 1. Login and `server_status` are spared;
/// use [`fail_next`](super::DremioSandbox::fail_next) for these.
///
/// Whether a request fails depends on the seed, on method and target and on how often it was sent,
/// not on what else is under way: a run with the same requests meets the same faults.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each is the share of the fault of that name")]
pub struct Faults {
    pub unavailable: f64,
    pub throttled: f64,
    /// `Retry-After` of throttled answers, in seconds.
    pub retry_after: Option<u64>,
    pub reset: f64,
    pub truncated: f64,
    pub cut_off: f64,
    pub html: f64,
    pub slow: f64,
    /// How long a slow answer takes.
    pub slow_by: Duration,
}

/// A branch, tag or commit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct VersionRef {
    /// `BRANCH`, `TAG`, `COMMIT` or `NOT_SPECIFIED`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name; absent for `NOT_SPECIFIED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl VersionRef {
    /// The reference of this kind and name.
    pub fn new(kind: &str, value: &str) -> Self {
        Self { kind: kind.to_owned(), value: Some(value.to_owned()) }
    }

    pub(super) fn not_specified() -> Self {
        Self { kind: "NOT_SPECIFIED".to_owned(), value: None }
    }
}

/// The switches of a sandbox Dremio.
#[derive(Clone, Debug)]
pub struct DremioOptions {
    /// Which product it plays.
    pub edition: Edition,
    /// Whether `by-ids` and `by-paths` exist; without them the promote route answers 400.
    pub by_ids: bool,
    /// Whether Enterprise and Cloud serve the lineage graph.
    pub graph: bool,
    /// Whether functions can be opened.
    pub udf_api: bool,
    /// What opening a forbidden thing answers: 403, or 404 as some builds do (contract §1.4).
    pub forbidden_status: u16,
    /// The server's health.
    pub health: Health,
    /// A page holds at most so many children, whatever `maxChildren` asks for.
    pub page_cap: Option<usize>,
    /// Time before each answer.
    pub latency: Duration,
    /// Further time before each answer that lists a storage or a versioned catalogue.
    pub live_latency: Duration,
    /// What becomes of `%2F` on the way.
    pub encoded_slash: EncodedSlash,
    /// Random faults.
    pub faults: Faults,
    /// Each login token is good for so many requests.
    pub expire_tokens_after: Option<u64>,
    /// What the login answer says of the token's life.
    pub token_lifetime: Duration,
    /// How jobs advance.
    pub pace: JobPace,
    /// Rows at which a result is cut.
    pub output_limit: usize,
    /// Branches and tags of every versioned source, the default one first. Any commit is known.
    pub references: Vec<VersionRef>,
    /// The personal access token of Enterprise and Cloud.
    pub pat: String,
    /// The port on loopback; 0 takes a free one. Read at start only.
    pub port: u16,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for DremioOptions {
    fn default() -> Self {
        Self {
            edition: Edition::Oss,
            by_ids: true,
            graph: true,
            udf_api: true,
            forbidden_status: 403,
            health: Health::Ok,
            page_cap: None,
            latency: Duration::ZERO,
            live_latency: Duration::ZERO,
            encoded_slash: EncodedSlash::Kept,
            faults: Faults::default(),
            expire_tokens_after: None,
            token_lifetime: Duration::from_secs(30 * 3600),
            pace: JobPace::Time(Duration::from_millis(15)),
            output_limit: 1_000_000,
            references: vec![
                VersionRef::new("BRANCH", "main"),
                VersionRef::new("BRANCH", "dev"),
                VersionRef::new("TAG", "v1.0"),
            ],
            pat: "sandbox-personal-access-token".to_owned(),
            port: 0,
            seed: 1,
        }
    }
}

impl DremioOptions {
    pub(super) fn is_cloud(&self) -> bool {
        matches!(self.edition, Edition::Cloud { .. })
    }

    pub(super) fn is_oss(&self) -> bool {
        self.edition == Edition::Oss
    }
}
