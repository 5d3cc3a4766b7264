//! Golden drawings: every `tests/cases/graph/*.txt` is an edge list, a line `---`, and the drawing expected of it.
//!
//! `BLESS=1` writes the drawings anew; look at each of them before committing. The forms of a line are
//! `from -> to`, `box key: line | line`, `hidden-left key: +2`, `hidden-right key: +3`, `ascii` and `# remark`.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use dremio_explorer::graph::{
    glyph::Charset,
    layout::{BoxSpec, Diagram, layout},
};

#[derive(Default)]
struct Case {
    diagram: Diagram,
    known: BTreeMap<String, usize>,
    charset: Charset,
}

impl Case {
    fn parse(text: &str) -> Self {
        let mut case = Self::default();
        for line in
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            if line == "ascii" {
                case.charset = Charset::Ascii;
            } else if let Some((from, to)) = line.split_once(" -> ") {
                let edge = (case.node(from), case.node(to));
                case.diagram.edges.push(edge);
            } else if let Some((word, rest)) = line.split_once(' ') {
                let (key, value) = rest.split_once(':').unwrap_or((rest, ""));
                let node = case.node(key);
                let spec = &mut case.diagram.boxes[node];
                match word {
                    "box" if value.is_empty() => {}
                    "box" => {
                        spec.lines = value.split('|').map(|line| line.trim().to_owned()).collect();
                    }
                    "hidden-left" => value.trim().clone_into(&mut spec.hidden_left),
                    "hidden-right" => value.trim().clone_into(&mut spec.hidden_right),
                    _ => panic!("unknown line: {line}"),
                }
            } else {
                panic!("unknown line: {line}");
            }
        }
        case
    }

    fn node(&mut self, key: &str) -> usize {
        let boxes = &mut self.diagram.boxes;
        *self.known.entry(key.trim().to_owned()).or_insert_with(|| {
            boxes.push(BoxSpec::new(key.trim(), key.trim()));
            boxes.len() - 1
        })
    }
}

#[test]
fn golden_drawings() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/graph");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {}", folder.display());
    let mut failures = String::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable case");
        let (input, expected) = text.split_once("\n---\n").unwrap_or((text.trim_end(), ""));
        let case = Case::parse(input);
        let drawn = layout(case.diagram, &|| false).expect("never cancelled").to_text(case.charset);
        if drawn == expected {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, format!("{input}\n---\n{drawn}")).expect("a writable case");
        } else {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let _ = writeln!(failures, "{name}: expected\n{expected}\n{name}: drawn\n{drawn}");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
