//! [`Snapshot`]: a catalogue as it was at a point in time, in a form that can be stored.
//!
//! zstd over two lines of JSON: a short header that can be read without the rest, then the
//! catalogue as tables of indices. Reads and writes streams; files are the business of
//! [`crate::snapshots`].

use std::io::{self, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

use super::catalog::Catalog;
use super::catalog::tables::Tables;
use super::entity::ServerInfo;
use super::path::DatasetPath;

/// The version of the form written here; older ones are read, newer ones refused.
pub const SCHEMA_VERSION: u32 = 1;
/// What the header's `format` says, so that other JSON is told apart.
const FORMAT: &str = "dremio-explorer snapshot";
/// The first bytes of every zstd stream.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// A header is a few hundred bytes; a first line beyond this is something else.
const MAX_HEADER: u64 = 1 << 20;
/// Higher levels cost seconds for a tenth of the size.
const LEVEL: i32 = 3;

/// A catalogue with where and when it was read.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When it was read, as RFC 3339 text.
    pub taken_at: String,
    /// Where.
    pub server: ServerInfo,
    /// Whether the reading came to its end; false after a cancellation.
    pub complete: bool,
    /// What was read.
    pub catalog: Catalog,
    /// Paths that views name and at which the server has nothing, where no listing tells that.
    pub absent: Vec<DatasetPath>,
}

/// What can be told of a stored snapshot without reading all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHeader {
    format: String,
    /// The version of the stored form.
    pub schema_version: u32,
    /// When it was read, as RFC 3339 text.
    #[serde(default)]
    pub taken_at: String,
    /// Where.
    #[serde(default)]
    pub server: ServerInfo,
    /// Whether the reading came to its end.
    #[serde(default)]
    pub complete: bool,
    /// How many nodes there are.
    #[serde(default)]
    pub nodes: usize,
    /// How many of them are tables and views.
    #[serde(default)]
    pub datasets: usize,
    /// How many columns they have together.
    #[serde(default)]
    pub columns: usize,
}

/// Why a stream did not give a snapshot, or did not take one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The stream itself failed.
    #[error("reading or writing failed: {0}")]
    Io(#[from] io::Error),
    /// It ends too early.
    #[error("the snapshot is cut off; it was not written to its end")]
    Truncated,
    /// It is something else.
    #[error("this is not a snapshot of a catalogue: {0}")]
    Foreign(String),
    /// A later version of this program wrote it.
    #[error(
        "the snapshot has form {found} and this program reads up to {SCHEMA_VERSION}; update it"
    )]
    Newer {
        /// The version found.
        found: u32,
    },
    /// It is a snapshot, and contradicts itself.
    #[error("the snapshot is damaged: {0}")]
    Damaged(String),
}

impl Snapshot {
    /// What the header of this snapshot says.
    pub fn header(&self) -> SnapshotHeader {
        SnapshotHeader {
            format: FORMAT.to_owned(),
            schema_version: SCHEMA_VERSION,
            taken_at: self.taken_at.clone(),
            server: self.server.clone(),
            complete: self.complete,
            nodes: self.catalog.len(),
            datasets: self.catalog.walk().filter(|node| node.kind().is_dataset()).count(),
            columns: self.catalog.column_count(),
        }
    }

    /// Writes the stored form.
    pub fn write_to(&self, out: impl Write) -> Result<(), SnapshotError> {
        let mut encoder = zstd::Encoder::new(out, LEVEL)?;
        encoder.include_checksum(true)?;
        // The serializer writes token by token.
        let mut buffered = io::BufWriter::with_capacity(1 << 16, encoder);
        let json = |error: serde_json::Error| SnapshotError::Io(error.into());
        serde_json::to_writer(&mut buffered, &self.header()).map_err(json)?;
        buffered.write_all(b"\n")?;
        let mut tables = Tables::from(&self.catalog);
        tables.absent.clone_from(&self.absent);
        serde_json::to_writer(&mut buffered, &tables).map_err(json)?;
        buffered.write_all(b"\n")?;
        let encoder =
            buffered.into_inner().map_err(|error| SnapshotError::Io(error.into_error()))?;
        encoder.finish()?.flush()?;
        Ok(())
    }

    /// Reads the stored form. Unknown fields are passed over.
    pub fn read_from(input: impl Read) -> Result<Self, SnapshotError> {
        let mut text = Vec::new();
        let mut decoder = decoder(input)?;
        decoder.read_to_end(&mut text).map_err(read_error)?;
        let line = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
        let header = parse_header(&text[..line])?;
        let mut tables: Tables = serde_json::from_slice(&text[line..]).map_err(|error| {
            if error.is_eof() {
                SnapshotError::Truncated
            } else {
                SnapshotError::Damaged(error.to_string())
            }
        })?;
        drop(text);
        let absent = std::mem::take(&mut tables.absent);
        let catalog = tables.into_catalog().map_err(SnapshotError::Damaged)?;
        Ok(Self {
            taken_at: header.taken_at,
            server: header.server,
            complete: header.complete,
            catalog,
            absent,
        })
    }
}

impl SnapshotHeader {
    /// Reads the header and nothing beyond.
    pub fn read_from(input: impl Read) -> Result<Self, SnapshotError> {
        let mut line = Vec::new();
        let reader = BufReader::new(decoder(input)?.take(MAX_HEADER));
        for byte in reader.bytes() {
            match byte.map_err(read_error)? {
                b'\n' => return parse_header(&line),
                byte => line.push(byte),
            }
        }
        parse_header(&line)
    }
}

fn decoder<'a, R: Read + 'a>(mut input: R) -> Result<impl Read + use<'a, R>, SnapshotError> {
    let mut magic = [0; ZSTD_MAGIC.len()];
    let mut filled = 0;
    while filled < magic.len() {
        match input.read(&mut magic[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    if magic[..filled] != ZSTD_MAGIC[..filled] {
        return Err(SnapshotError::Foreign("it is not compressed with zstd".to_owned()));
    }
    if filled < magic.len() {
        return Err(SnapshotError::Truncated);
    }
    Ok(zstd::Decoder::new(io::Cursor::new(magic).chain(input))?)
}

fn read_error(error: io::Error) -> SnapshotError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => SnapshotError::Truncated,
        // The decoder reports what is wrong inside the stream as `Other`.
        io::ErrorKind::Other | io::ErrorKind::InvalidData => {
            SnapshotError::Damaged(error.to_string())
        }
        _ => SnapshotError::Io(error),
    }
}

fn parse_header(line: &[u8]) -> Result<SnapshotHeader, SnapshotError> {
    let header: SnapshotHeader =
        serde_json::from_slice(line).map_err(|error| SnapshotError::Foreign(error.to_string()))?;
    if header.format != FORMAT {
        return Err(SnapshotError::Foreign(format!("its format is {:?}", header.format)));
    }
    if header.schema_version > SCHEMA_VERSION {
        return Err(SnapshotError::Newer { found: header.schema_version });
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalog::tests::{same, sample};

    fn stored() -> (Snapshot, Vec<u8>) {
        let snapshot = Snapshot {
            taken_at: "2026-01-31T09:05:00.250Z".to_owned(),
            server: ServerInfo { host: "localhost:9047".to_owned(), ..ServerInfo::default() },
            complete: true,
            catalog: sample(),
            absent: vec![DatasetPath::new(["lake", "gone.\u{1b}", "t"])],
        };
        let mut bytes = Vec::new();
        snapshot.write_to(&mut bytes).unwrap();
        (snapshot, bytes)
    }

    fn pack(text: &str) -> Vec<u8> {
        zstd::encode_all(text.as_bytes(), 1).unwrap()
    }

    fn unpack(bytes: &[u8]) -> String {
        String::from_utf8(zstd::decode_all(bytes).unwrap()).unwrap()
    }

    #[test]
    fn comes_back_as_it_was() {
        let (snapshot, bytes) = stored();
        let back = Snapshot::read_from(&*bytes).unwrap();
        assert_eq!(back.taken_at, snapshot.taken_at);
        assert_eq!(back.server, snapshot.server);
        assert!(back.complete);
        same(&back.catalog, &snapshot.catalog);
        assert_eq!(back.absent, snapshot.absent);
        assert_eq!(SnapshotHeader::read_from(&*bytes).unwrap(), snapshot.header());
        assert!(snapshot.header().datasets > 0);
    }

    #[test]
    fn a_removed_node_is_not_stored() {
        use crate::model::Change;
        let (mut snapshot, _) = stored();
        let parent = DatasetPath::default();
        snapshot.catalog.apply(Change::Children { parent, items: vec![], first: true, last: true });
        let mut bytes = Vec::new();
        snapshot.write_to(&mut bytes).unwrap();
        let back = Snapshot::read_from(&*bytes).unwrap().catalog;
        assert_eq!((back.len(), back.column_count()), (0, 0));
    }

    #[test]
    fn unknown_fields_are_passed_over() {
        let (snapshot, bytes) = stored();
        let text = unpack(&bytes).replace("{\"names\":", "{\"later\":{\"a\":[1]},\"names\":");
        let text = text.replacen('{', "{\"later\":[{}],", 1);
        let back = Snapshot::read_from(&*pack(&text)).unwrap();
        same(&back.catalog, &snapshot.catalog);
    }

    #[test]
    fn every_cut_is_noticed() {
        let (_, bytes) = stored();
        for end in 0..bytes.len() {
            let error = Snapshot::read_from(&bytes[..end]).expect_err("a cut snapshot");
            assert!(matches!(error, SnapshotError::Truncated), "at {end}: {error}");
        }
    }

    #[test]
    fn flipped_bytes_are_noticed_or_make_no_difference() {
        let (snapshot, bytes) = stored();
        for at in 4..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            // The frame's window size is a hint.
            if let Ok(back) = Snapshot::read_from(&*damaged) {
                same(&back.catalog, &snapshot.catalog);
            }
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        let error = |bytes: &[u8]| Snapshot::read_from(bytes).expect_err("not a snapshot");
        assert!(matches!(error(b"{\"nodes\":[]}"), SnapshotError::Foreign(_)));
        assert!(matches!(error(b""), SnapshotError::Truncated));
        assert!(matches!(error(&pack("PK whatever")), SnapshotError::Foreign(_)));
        let other = "{\"format\":\"something else\",\"schema_version\":1}\n{}\n";
        assert!(matches!(error(&pack(other)), SnapshotError::Foreign(_)));
        let newer = format!("{{\"format\":\"{FORMAT}\",\"schema_version\":7}}\n[]\n");
        assert!(matches!(error(&pack(&newer)), SnapshotError::Newer { found: 7 }));
        assert!(error(&pack(&newer)).to_string().contains("update"));
    }

    #[test]
    fn contradictions_are_errors_and_no_panic() {
        let (_, bytes) = stored();
        let text = unpack(&bytes);
        for (from, to) in [
            ("\"node_parents\":[0", "\"node_parents\":[9"),
            ("\"node_kinds\":[0", "\"node_kinds\":[99"),
            ("\"node_names\":[", "\"node_names\":[4000000000,"),
            ("\"column_types\":[", "\"column_types\":[4000000000,"),
            ("\"nullable\":[", "\"nullable\":[4000000"),
            ("\"details\":[{\"node\":", "\"details\":[{\"node\":99"),
            ("\"columns\":", "\"columns\":999"),
        ] {
            let body = text.find('\n').unwrap();
            let (header, body) = text.split_at(body);
            let changed = format!("{header}{}", body.replacen(from, to, 1));
            assert_ne!(changed, text, "{from}");
            let error = Snapshot::read_from(&*pack(&changed)).expect_err(from);
            assert!(matches!(error, SnapshotError::Damaged(_)), "{from}: {error}");
        }
    }
}
