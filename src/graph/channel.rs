//! One channel between two layers: which vertical track each source's trunk takes.
//!
//! A trunk that leaves to the left on a row must stand left of a trunk that arrives from the right on the same row.
//! Where such demands form a ring, one net is drawn with a dogleg: two trunks joined on a row nobody else uses.

use std::{cmp::Reverse, collections::BinaryHeap, ops::Range};

use super::{NONE, cells, index};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Where a net touches the edge of the channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pin {
    pub(super) row: i32,
    pub(super) side: Side,
    pub(super) item: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One row from side to side.
    Straight,
    /// One trunk.
    Trunk,
    /// The incoming row runs through; one trunk goes up from it, the next one down.
    Split,
    /// The first trunk joins the left pins, the second the right ones, and this row joins the trunks.
    Dogleg(i32),
}

/// All of one source in one channel. The first pin is where the line comes from.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) pins: Range<usize>,
    pub(super) shape: Shape,
    pub(super) trunk: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Trunk {
    pub(super) low: i32,
    pub(super) high: i32,
    pub(super) track: usize,
    lefts: Range<usize>,
    rights: Range<usize>,
    /// Trunks that must stand further right.
    before: [usize; 3],
}

#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) nets: Vec<Net>,
    pub(super) pins: Vec<Pin>,
    pub(super) trunks: Vec<Trunk>,
    pub(super) tracks: usize,
    ends: Vec<i32>,
}

impl Channel {
    /// Adds a net; `pins` begins with the incoming one.
    pub(super) fn add(&mut self, pins: impl Iterator<Item = Pin>) {
        let start = self.pins.len();
        self.pins.extend(pins);
        self.nets.push(Net { pins: start..self.pins.len(), shape: Shape::Straight, trunk: NONE });
    }

    /// Gives every net a shape and every trunk a track. Pins lie on rows `0..rows`.
    pub(super) fn assign(&mut self, rows: i32) {
        if self.nets.is_empty() {
            return;
        }
        let mut owners = Owners::new(self, rows);
        for net in 0..self.nets.len() {
            self.nets[net].shape = self.simple_shape(net);
        }
        self.break_rings(&owners);
        for net in 0..self.nets.len() {
            if matches!(self.nets[net].shape, Shape::Dogleg(_)) {
                self.nets[net].shape = Shape::Dogleg(owners.take_row(self.pins_of(net)));
            }
            self.add_trunks(net);
        }
        self.add_demands(&owners);
        let order = self.first_order();
        let order = self.improve(order);
        self.compact(&order);
    }

    pub(super) fn pins_of(&self, net: usize) -> &[Pin] {
        &self.pins[self.nets[net].pins.clone()]
    }

    fn simple_shape(&self, net: usize) -> Shape {
        let pins = self.pins_of(net);
        let (low, high) = span(pins);
        if low == high {
            return Shape::Straight;
        }
        let crossing = |pin: &&Pin| {
            pin.side == Side::Left
                && pin.row > low
                && pin.row < high
                && pins.iter().any(|other| other.side == Side::Right && other.row == pin.row)
        };
        let mut rows = pins.iter().filter(crossing).map(|pin| pin.row);
        match (rows.next(), rows.next()) {
            (None, _) => Shape::Trunk,
            (Some(row), None) if row == pins[0].row => Shape::Split,
            _ => Shape::Dogleg(0),
        }
    }

    /// Turns one net of each ring of demands into a dogleg, which frees it from both sides.
    fn break_rings(&mut self, owners: &Owners) {
        let count = self.nets.len();
        let mut demands = Vec::new();
        let mut waiting = vec![0_usize; count];
        for net in 0..count {
            for pin in self.pins_of(net).iter().filter(|pin| pin.side == Side::Left) {
                let other = owners.right[index(pin.row)];
                if other != NONE && other != net {
                    demands.push((net, other));
                    waiting[other] += 1;
                }
            }
        }
        let next = super::csr::Csr::from_pairs(count, demands.iter().copied());
        let previous = super::csr::Csr::from_pairs(count, demands.iter().map(|&(a, b)| (b, a)));
        let doglegged = |net: &Net| matches!(net.shape, Shape::Dogleg(_));
        let mut done = vec![false; count];
        let mut ready: Vec<usize> =
            (0..count).filter(|&net| waiting[net] == 0 || doglegged(&self.nets[net])).collect();
        let mut scan = 0;
        loop {
            while let Some(net) = ready.pop() {
                if std::mem::replace(&mut done[net], true) {
                    continue;
                }
                for &other in next.row(net) {
                    waiting[other] -= 1;
                    if waiting[other] == 0 {
                        ready.push(other);
                    }
                }
            }
            while scan < count && done[scan] {
                scan += 1;
            }
            if scan == count {
                return;
            }
            // Every net left waits for another one left, so going backwards must close a ring.
            let mut seen = vec![false; count];
            let mut at = scan;
            while !std::mem::replace(&mut seen[at], true) {
                at = previous.row(at).iter().copied().find(|&net| !done[net]).unwrap_or(at);
            }
            let mut ring = vec![at];
            let mut back = at;
            loop {
                back = previous.row(back).iter().copied().find(|&net| !done[net]).unwrap_or(at);
                if back == at {
                    break;
                }
                ring.push(back);
            }
            let length = |net: usize| {
                let (low, high) = span(self.pins_of(net));
                high - low
            };
            let shortest = ring.into_iter().min_by_key(|&net| (length(net), net)).unwrap_or(at);
            self.nets[shortest].shape = Shape::Dogleg(0);
            ready.push(shortest);
        }
    }

    fn add_trunks(&mut self, net: usize) {
        let shape = self.nets[net].shape;
        self.nets[net].trunk = self.trunks.len();
        let pins = self.nets[net].pins.clone();
        let (low, high) = span(&self.pins[pins.clone()]);
        let through = self.pins[pins.start].row;
        match shape {
            Shape::Straight => {}
            Shape::Trunk => self.add_trunk(pins, low, high, |_| true, |_| true, None),
            Shape::Split => {
                let up = |pin: &Pin| pin.row < through;
                self.add_trunk(pins.clone(), low, through, up, up, None);
                let down = |pin: &Pin| pin.row > through;
                self.add_trunk(pins, through, high, down, down, None);
            }
            Shape::Dogleg(row) => {
                let left = |pin: &Pin| pin.side == Side::Left;
                let right = |pin: &Pin| pin.side == Side::Right;
                for (keep, join) in
                    [(&left as &dyn Fn(&Pin) -> bool, Side::Right), (&right, Side::Left)]
                {
                    let rows =
                        self.pins[pins.clone()].iter().filter(|pin| keep(pin)).map(|pin| pin.row);
                    let (low, high) =
                        rows.fold((row, row), |(low, high), row| (low.min(row), high.max(row)));
                    self.add_trunk(pins.clone(), low, high, keep, keep, Some((row, join)));
                }
                let first = self.trunks.len() - 2;
                self.trunks[first].before[2] = first + 1;
            }
        }
    }

    fn add_trunk(
        &mut self,
        pins: Range<usize>,
        low: i32,
        high: i32,
        left: impl Fn(&Pin) -> bool,
        right: impl Fn(&Pin) -> bool,
        join: Option<(i32, Side)>,
    ) {
        let pins = &self.pins[pins];
        let start = self.ends.len();
        self.ends.extend(
            pins.iter().filter(|pin| pin.side == Side::Left && left(pin)).map(|pin| pin.row),
        );
        self.ends.extend(join.filter(|join| join.1 == Side::Left).map(|join| join.0));
        let middle = self.ends.len();
        self.ends.extend(
            pins.iter().filter(|pin| pin.side == Side::Right && right(pin)).map(|pin| pin.row),
        );
        self.ends.extend(join.filter(|join| join.1 == Side::Right).map(|join| join.0));
        let rights = middle..self.ends.len();
        self.trunks.push(Trunk {
            low,
            high,
            track: 0,
            lefts: start..middle,
            rights,
            before: [NONE; 3],
        });
    }

    fn add_demands(&mut self, owners: &Owners) {
        for trunk in 0..self.trunks.len() {
            for (slot, end) in self.trunks[trunk].lefts.clone().enumerate().take(2) {
                let row = self.ends[end];
                let Some(&net) = owners.right.get(index(row)).filter(|_| row >= 0) else {
                    continue;
                };
                if net == NONE {
                    continue;
                }
                let owner = &self.nets[net];
                let other = match owner.shape {
                    Shape::Straight => continue,
                    Shape::Trunk => owner.trunk,
                    Shape::Split => {
                        owner.trunk + usize::from(row > self.pins[owner.pins.start].row)
                    }
                    Shape::Dogleg(_) => owner.trunk + 1,
                };
                // A net's own pins on one row meet at the trunk itself.
                if other != trunk && !(owner.trunk <= trunk && trunk < other) {
                    self.trunks[trunk].before[slot] = other;
                }
            }
        }
    }

    /// An order that meets all demands: falling lines from the bottom up, rising ones from the top down.
    fn first_order(&self) -> Vec<usize> {
        let mut waiting = vec![0_usize; self.trunks.len()];
        for other in
            self.trunks.iter().flat_map(|trunk| trunk.before).filter(|&other| other != NONE)
        {
            waiting[other] += 1;
        }
        let key = |at: usize| {
            let trunk = &self.trunks[at];
            let mean = |range: &Range<usize>| {
                let sum: i64 = self.ends[range.clone()].iter().map(|&row| i64::from(row)).sum();
                sum.checked_div(i64::from(cells(range.len())))
            };
            let left = mean(&trunk.lefts).unwrap_or(i64::from(trunk.low));
            let falls = mean(&trunk.rights).is_some_and(|right| right > left);
            Reverse((falls, if falls { -left } else { left }, at))
        };
        let mut heap: BinaryHeap<_> =
            (0..waiting.len()).filter(|&at| waiting[at] == 0).map(key).collect();
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(Reverse((_, _, at))) = heap.pop() {
            order.push(at);
            for other in self.trunks[at].before.into_iter().filter(|&other| other != NONE) {
                waiting[other] -= 1;
                if waiting[other] == 0 {
                    heap.push(key(other));
                }
            }
        }
        order
    }

    /// Moves trunks where that removes crossings and breaks no demand.
    fn improve(&self, mut order: Vec<usize>) -> Vec<usize> {
        let (passes, reach) = if order.len() <= 24 { (3, 24) } else { (2, 6) };
        for _ in 0..passes {
            let mut changed = false;
            for at in 0..order.len() {
                let moving = order[at];
                let (mut best, mut target) = (0, at);
                for forward in [true, false] {
                    let mut delta = 0;
                    let mut place = at;
                    for _ in 0..reach {
                        let next = if forward { place + 1 } else { place.wrapping_sub(1) };
                        let Some(&other) = order.get(next) else { break };
                        let (first, second) =
                            if forward { (moving, other) } else { (other, moving) };
                        if self.trunks[first].before.contains(&second) {
                            break;
                        }
                        delta += self.crossings(second, first) - self.crossings(first, second);
                        place = next;
                        if delta < best {
                            (best, target) = (delta, place);
                        }
                    }
                }
                if target > at {
                    order[at..=target].rotate_left(1);
                } else if target < at {
                    order[target..=at].rotate_right(1);
                }
                changed |= target != at;
            }
            if !changed {
                break;
            }
        }
        order
    }

    /// Crossings between two trunks when `left` stands left of `right`.
    fn crossings(&self, left: usize, right: usize) -> i32 {
        let (a, b) = (&self.trunks[left], &self.trunks[right]);
        if a.high < b.low || b.high < a.low {
            return 0;
        }
        let within = |range: &Range<usize>, trunk: &Trunk| {
            cells(
                self.ends[range.clone()]
                    .iter()
                    .filter(|&&row| row >= trunk.low && row <= trunk.high)
                    .count(),
            )
        };
        within(&a.rights, b) + within(&b.lefts, a)
    }

    /// Each trunk takes the leftmost track that keeps the order of trunks beside each other.
    fn compact(&mut self, order: &[usize]) {
        let low = self.trunks.iter().map(|trunk| trunk.low).min().unwrap_or(0) - 1;
        let high = self.trunks.iter().map(|trunk| trunk.high).max().unwrap_or(0) + 1;
        let mut skyline = vec![0_usize; index(high - low + 1)];
        for &at in order {
            let trunk = &mut self.trunks[at];
            // One free row between trunks on a track, so that two corners never touch.
            let near = index(trunk.low - low - 1)..index(trunk.high - low + 2);
            trunk.track = skyline[near].iter().copied().max().unwrap_or(0);
            skyline[index(trunk.low - low)..=index(trunk.high - low)].fill(trunk.track + 1);
            self.tracks = self.tracks.max(trunk.track + 1);
        }
    }
}

fn span(pins: &[Pin]) -> (i32, i32) {
    let rows = || pins.iter().map(|pin| pin.row);
    (rows().min().unwrap_or(0), rows().max().unwrap_or(0))
}

/// Which net touches the channel's edges on each row.
struct Owners {
    left: Vec<usize>,
    right: Vec<usize>,
    taken: Vec<i32>,
}

impl Owners {
    fn new(channel: &Channel, rows: i32) -> Self {
        let mut owners = Self {
            left: vec![NONE; index(rows)],
            right: vec![NONE; index(rows)],
            taken: Vec::new(),
        };
        for (at, net) in channel.nets.iter().enumerate() {
            for pin in &channel.pins[net.pins.clone()] {
                let side =
                    if pin.side == Side::Left { &mut owners.left } else { &mut owners.right };
                side[index(pin.row)] = at;
            }
        }
        owners
    }

    /// The row nearest to the middle of the net on which no line touches the channel.
    fn take_row(&mut self, pins: &[Pin]) -> i32 {
        let (low, high) = span(pins);
        let middle = i32::midpoint(low, high);
        let free = |row: &i32| {
            let touched =
                |side: &[usize]| *row >= 0 && side.get(index(*row)).is_some_and(|&net| net != NONE);
            !touched(&self.left) && !touched(&self.right) && !self.taken.contains(row)
        };
        // Rows far enough out are never touched, so the search ends.
        let mut away = 0;
        let row = loop {
            match [middle + away, middle - away].into_iter().find(free) {
                Some(row) => break row,
                None => away += 1,
            }
        };
        self.taken.push(row);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(nets: &[(&[i32], &[i32])]) -> Channel {
        let mut channel = Channel::default();
        for (at, (lefts, rights)) in nets.iter().enumerate() {
            let pin = |side| move |&row: &i32| Pin { row, side, item: at };
            channel
                .add(lefts.iter().map(pin(Side::Left)).chain(rights.iter().map(pin(Side::Right))));
        }
        channel.assign(20);
        channel
    }

    #[test]
    fn a_shared_row_orders_the_trunks() {
        let c = channel(&[(&[1], &[3]), (&[5], &[1])]);
        assert!(c.trunks[0].track < c.trunks[1].track);
    }

    #[test]
    fn a_swap_of_rows_becomes_a_dogleg() {
        let c = channel(&[(&[1], &[3]), (&[3], &[1])]);
        assert_eq!(c.nets.iter().filter(|net| matches!(net.shape, Shape::Dogleg(_))).count(), 1);
        assert_eq!(c.trunks.len(), 3);
    }

    #[test]
    fn a_line_that_runs_on_and_branches_both_ways_is_split() {
        let c = channel(&[(&[3], &[1, 3, 5])]);
        assert_eq!(c.nets[0].shape, Shape::Split);
        assert_ne!(c.trunks[0].track, c.trunks[1].track);
    }

    #[test]
    fn falling_lines_do_not_cross_each_other() {
        let c = channel(&[(&[1], &[5]), (&[2], &[6]), (&[3], &[7])]);
        assert!(c.trunks[2].track < c.trunks[1].track && c.trunks[1].track < c.trunks[0].track);
    }
}
