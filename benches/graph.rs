//! Layout and painting of lineage graphs: a small shop, and layered random graphs of 500 and 5,000 nodes.

use dremio_explorer::graph::{
    glyph::Charset,
    layout::{BoxSpec, Diagram, Rect, layout},
};

fn main() {
    divan::main();
}

fn shop() -> Diagram {
    let text = include_str!("../tests/cases/graph/shop.txt");
    let (input, _) = text.split_once("\n---\n").expect("a drawing");
    let mut diagram = Diagram::default();
    for (from, to) in input.lines().filter_map(|line| line.split_once(" -> ")) {
        let mut node = |key: &str| {
            let known = diagram.boxes.iter().position(|spec| spec.key == key);
            known.unwrap_or_else(|| {
                diagram.boxes.push(BoxSpec::new(key, key));
                diagram.boxes.len() - 1
            })
        };
        let edge = (node(from), node(to));
        diagram.edges.push(edge);
    }
    diagram
}

/// Layers of equal size; four edges in five lead to the next layer, the others up to five layers on.
fn layered(layers: usize, per_layer: usize, edges: usize) -> Diagram {
    let mut random = fastrand::Rng::with_seed(7);
    let boxes = (0..layers * per_layer)
        .map(|at| BoxSpec::new(format!("n{at:05}"), format!("layer_{}.table_{at}", at / per_layer)))
        .collect();
    let mut found = std::collections::BTreeSet::new();
    while found.len() < edges {
        let layer = random.usize(0..layers - 1);
        let skip = if random.u8(0..10) < 8 { 1 } else { random.usize(1..=5) };
        let target = (layer + skip).min(layers - 1);
        found.insert((
            layer * per_layer + random.usize(0..per_layer),
            target * per_layer + random.usize(0..per_layer),
        ));
    }
    Diagram { boxes, edges: found.into_iter().collect() }
}

fn laid_out(bencher: divan::Bencher, diagram: &Diagram) {
    bencher
        .with_inputs(|| diagram.clone())
        .bench_values(|diagram| layout(diagram, &|| false).expect("never cancelled"));
}

#[divan::bench]
fn layout_12(bencher: divan::Bencher) {
    laid_out(bencher, &shop());
}

#[divan::bench]
fn layout_150(bencher: divan::Bencher) {
    laid_out(bencher, &layered(10, 15, 256));
}

#[divan::bench]
fn layout_500(bencher: divan::Bencher) {
    laid_out(bencher, &layered(25, 20, 853));
}

#[divan::bench]
fn layout_5000(bencher: divan::Bencher) {
    laid_out(bencher, &layered(50, 100, 9013));
}

#[divan::bench(args = [(25, 20, 853), (50, 100, 9013)])]
fn paint_viewport(bencher: divan::Bencher, (layers, per_layer, edges): (usize, usize, usize)) {
    let drawing = layout(layered(layers, per_layer, edges), &|| false).expect("never cancelled");
    let (width, height) = drawing.size();
    let view = Rect { x: width / 2, y: height / 2, width: 200, height: 60 };
    bencher.bench(|| drawing.paint(view, None));
}

#[divan::bench]
fn to_text_500(bencher: divan::Bencher) {
    let drawing = layout(layered(25, 20, 853), &|| false).expect("never cancelled");
    bencher.bench(|| drawing.to_text(Charset::Unicode));
}
