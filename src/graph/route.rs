//! Lines: from rows and tracks to runs of cells, one tree of runs per source.
//!
//! A source's line leaves its box on one row, and in each channel branches on one trunk. No two sources ever share a
//! cell in the same direction: where two lines meet, one crosses the other.

use super::{
    NONE,
    channel::{Channel, Net, Pin, Shape, Side},
    csr::Csr,
    layers::{Kind, Layered},
    place::Rows,
};

/// A straight piece of a source's line, both ends included, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Leftmost column.
    pub x0: i32,
    /// Top row.
    pub y0: i32,
    /// Rightmost column.
    pub x1: i32,
    /// Bottom row.
    pub y1: i32,
    /// The box whose line this is.
    pub source: usize,
    /// Whether only edges that close a cycle run here; drawn dashed.
    pub back: bool,
    /// The run this one branches off, nearer to the source.
    pub(super) parent: usize,
    /// Whether the line goes to the left here.
    pub(super) leftward: bool,
    /// Whether the right end is an arrow into a box.
    pub(super) ends: bool,
}

impl Run {
    /// Whether the run lies on one row.
    pub fn is_horizontal(&self) -> bool {
        self.y0 == self.y1
    }

    /// Whether the cell lies on the run.
    pub fn contains(&self, x: i32, y: i32) -> bool {
        (self.x0..=self.x1).contains(&x) && (self.y0..=self.y1).contains(&y)
    }
}

/// Columns of one component: layers, and the channels before, between and behind them.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) layer_x: Vec<i32>,
    pub(super) layer_width: Vec<i32>,
    pub(super) channel_x: Vec<i32>,
    pub(super) spacing: Vec<i32>,
    pub(super) width: i32,
}

/// Fills all channels of a component; channel `c` lies before layer `c`.
pub(super) fn channels(graph: &Layered, rows: &Rows) -> Vec<Channel> {
    let mut channels: Vec<Channel> = (0..=graph.layers.len()).map(|_| Channel::default()).collect();
    for (turn, &first) in graph.turns.iter().zip(&rows.turn_entry) {
        let point = &graph.items[turn.point];
        let incoming = Pin { row: rows.y[turn.point], side: Side::Right, item: turn.point };
        let targets = turn.targets.iter().enumerate();
        let out = targets.map(|(at, &item)| Pin {
            row: rows.in_row(item, first + at),
            side: Side::Right,
            item,
        });
        channels[point.layer].add(std::iter::once(incoming).chain(out));
    }
    for (at, layer) in graph.layers.iter().enumerate() {
        for &item in layer {
            let kind = graph.items[item].kind;
            let mate = if kind == Kind::Box { graph.mate[item] } else { NONE };
            let links = graph.succ.range(item);
            if links.is_empty() && mate == NONE {
                continue;
            }
            let own = Pin { row: rows.out_row(item), side: Side::Left, item };
            let right = |link: usize| {
                let item = graph.succ.item(link);
                Pin { row: rows.in_row(item, graph.link[link]), side: Side::Right, item }
            };
            let channel = &mut channels[at + 1];
            if kind == Kind::Back {
                let (from, out): (Vec<Pin>, Vec<Pin>) =
                    links.map(right).partition(|pin| graph.items[pin.item].kind == Kind::Back);
                channel.add(from.into_iter().chain(std::iter::once(own)).chain(out));
            } else {
                let back =
                    (mate != NONE).then(|| Pin { row: rows.y[mate], side: Side::Left, item: mate });
                channel.add(std::iter::once(own).chain(links.map(right)).chain(back));
            }
        }
    }
    for channel in &mut channels {
        channel.assign(rows.total);
    }
    channels
}

impl Columns {
    /// Puts layers of the given widths and the channels beside each other.
    pub(super) fn new(channels: &[Channel], layer_width: Vec<i32>) -> Self {
        let mut columns = Self {
            layer_x: Vec::with_capacity(layer_width.len()),
            layer_width,
            channel_x: Vec::with_capacity(channels.len()),
            spacing: Vec::with_capacity(channels.len()),
            width: 0,
        };
        let outer = |at: usize| at == 0 || at + 1 == channels.len();
        for (at, channel) in channels.iter().enumerate() {
            let tracks = super::cells(channel.tracks);
            let spacing = if tracks <= 24 { 2 } else { 1 };
            columns.channel_x.push(columns.width);
            columns.spacing.push(spacing);
            columns.width += match tracks {
                0 if outer(at) => 0,
                0 => 4,
                _ if at == 0 => (tracks - 1) * spacing + 3,
                _ if outer(at) => (tracks - 1) * spacing + 3,
                _ => (tracks - 1) * spacing + 5,
            };
            if at < columns.layer_width.len() {
                columns.layer_x.push(columns.width);
                columns.width += columns.layer_width[at];
            }
        }
        columns
    }

    fn track_x(&self, channel: usize, track: usize) -> i32 {
        let margin = if channel == 0 { 0 } else { 2 };
        self.channel_x[channel] + margin + self.spacing[channel] * super::cells(track)
    }

    fn layer_end(&self, layer: usize) -> i32 {
        self.layer_x[layer] + self.layer_width[layer] - 1
    }
}

/// Draws all lines of a component. `box_x` are left borders, `box_end` right ones; the second result is the run that
/// ends each edge, by flat index of `edges`.
pub(super) fn runs(
    graph: &Layered,
    rows: &Rows,
    channels: &[Channel],
    columns: &Columns,
    boxes: (&[i32], &[i32]),
    edges: &Csr,
) -> (Vec<Run>, Vec<usize>) {
    let mut router = Router {
        graph,
        columns,
        box_x: boxes.0,
        edges,
        runs: Vec::new(),
        arrive: vec![NONE; graph.items.len()],
        ends: vec![NONE; edges.len()],
    };
    for (item, &right) in boxes.1.iter().enumerate() {
        let forward = !graph.succ.row(item).is_empty();
        if forward || graph.mate[item] != NONE {
            let row = rows.out_row(item);
            let end = columns.layer_end(graph.items[item].layer);
            router.arrive[item] = router.runs.len();
            router.runs.push(Run {
                x0: right + 1,
                y0: row,
                x1: end,
                y1: row,
                source: item,
                back: !forward,
                parent: NONE,
                leftward: false,
                ends: false,
            });
        }
    }
    let incoming = |channel: &Channel, net: &Net| channel.pins[net.pins.start].side;
    for (at, channel) in channels.iter().enumerate() {
        for net in channel.nets.iter().filter(|net| incoming(channel, net) == Side::Left) {
            router.net(at, channel, net);
        }
    }
    for (at, channel) in channels.iter().enumerate().rev() {
        for net in channel.nets.iter().filter(|net| incoming(channel, net) == Side::Right) {
            router.net(at, channel, net);
        }
    }
    (router.runs, router.ends)
}

struct Router<'a> {
    graph: &'a Layered,
    columns: &'a Columns,
    box_x: &'a [i32],
    edges: &'a Csr,
    runs: Vec<Run>,
    /// The run that reaches each item.
    arrive: Vec<usize>,
    ends: Vec<usize>,
}

impl Router<'_> {
    fn net(&mut self, at: usize, channel: &Channel, net: &Net) {
        let pins = &channel.pins[net.pins.clone()];
        let incoming = pins[0];
        let from = self.arrive[incoming.item];
        let x = |trunk: usize| self.columns.track_x(at, channel.trunks[trunk].track);
        match net.shape {
            Shape::Straight => {
                for pin in &pins[1..] {
                    self.finish(at, from, pin);
                }
            }
            Shape::Trunk => {
                let x = x(net.trunk);
                self.extend(from, x);
                let back = incoming.side == Side::Right;
                // Of a box with a way back, the trunk is solid only where edges to the right use it.
                let ahead = |pin: &&Pin| pin.side == Side::Right || back;
                let rows = pins[1..].iter().filter(ahead).map(|pin| pin.row);
                let (low, high) = rows.fold((incoming.row, incoming.row), |(low, high), row| {
                    (low.min(row), high.max(row))
                });
                let main = if low == high { from } else { self.vertical(from, x, low, high, back) };
                for pin in &pins[1..] {
                    if pin.row < low || pin.row > high {
                        let near = pin.row.clamp(low, high);
                        let beyond =
                            self.vertical(main, x, near.min(pin.row), near.max(pin.row), true);
                        self.branch(at, beyond, x, pin);
                    } else if main == from {
                        self.finish(at, from, pin);
                    } else {
                        self.branch(at, main, x, pin);
                    }
                }
            }
            Shape::Split => {
                let (up, down) = (x(net.trunk), x(net.trunk + 1));
                let back = incoming.side == Side::Right;
                let (top, bottom) = (&channel.trunks[net.trunk], &channel.trunks[net.trunk + 1]);
                for pin in pins[1..].iter().filter(|pin| pin.row == incoming.row) {
                    self.finish(at, from, pin);
                }
                let above = self.vertical(from, up, top.low, incoming.row, back);
                let below = self.vertical(from, down, incoming.row, bottom.high, back);
                for pin in pins[1..].iter().filter(|pin| pin.row != incoming.row) {
                    let (parent, x) =
                        if pin.row < incoming.row { (above, up) } else { (below, down) };
                    self.branch(at, parent, x, pin);
                }
            }
            Shape::Dogleg(row) => {
                let (left, right) = (x(net.trunk), x(net.trunk + 1));
                let back = incoming.side == Side::Right;
                let (a, b) = (&channel.trunks[net.trunk], &channel.trunks[net.trunk + 1]);
                let (first, second) =
                    if back { ((right, b), (left, a)) } else { ((left, a), (right, b)) };
                self.extend(from, first.0);
                let near = self.vertical(from, first.0, first.1.low, first.1.high, back);
                let join = self.push(near, (left, right), (row, row), back, back);
                let far = self.vertical(join, second.0, second.1.low, second.1.high, back);
                for pin in &pins[1..] {
                    let same = pin.side == incoming.side;
                    self.branch(
                        at,
                        if same { near } else { far },
                        if same { first.0 } else { second.0 },
                        pin,
                    );
                }
            }
        }
    }

    fn extend(&mut self, run: usize, x: i32) {
        let run = &mut self.runs[run];
        run.x0 = run.x0.min(x);
        run.x1 = run.x1.max(x);
    }

    fn push(
        &mut self,
        parent: usize,
        x: (i32, i32),
        y: (i32, i32),
        back: bool,
        leftward: bool,
    ) -> usize {
        let source = self.runs[parent].source;
        self.runs.push(Run {
            x0: x.0,
            y0: y.0,
            x1: x.1,
            y1: y.1,
            source,
            back,
            parent,
            leftward,
            ends: false,
        });
        self.runs.len() - 1
    }

    fn vertical(&mut self, parent: usize, x: i32, low: i32, high: i32, back: bool) -> usize {
        self.push(parent, (x, x), (low, high), back, false)
    }

    fn branch(&mut self, at: usize, parent: usize, x: i32, pin: &Pin) {
        let left = pin.side == Side::Left;
        let back = left || self.runs[parent].back;
        let run = self.push(parent, (x, x), (pin.row, pin.row), back, left);
        self.finish(at, run, pin);
    }

    /// Carries a run to the item behind the pin.
    fn finish(&mut self, at: usize, run: usize, pin: &Pin) {
        if pin.side == Side::Left {
            self.extend(run, self.columns.layer_x[at - 1]);
            self.arrive[pin.item] = run;
        } else if self.graph.items[pin.item].kind == Kind::Box {
            self.extend(run, self.box_x[pin.item]);
            self.runs[run].ends = true;
            let source = self.runs[run].source;
            let range = self.edges.range(source);
            if let Ok(place) = self.edges.row(source).binary_search(&pin.item) {
                self.ends[range.start + place] = run;
            }
        } else {
            self.extend(run, self.columns.layer_end(at));
            self.arrive[pin.item] = run;
        }
    }
}
