//! The order of the items in each layer: barycentre sweeps, then transposes, keeping the best by crossings.

use std::collections::BTreeMap;

use super::{
    NONE,
    csr::Csr,
    layers::{Kind, Layered},
};

/// Marks that the caller no longer wants the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the layout was cancelled")]
pub struct Cancelled;

/// Orders `graph.layers` in place and returns the position of each item in its layer.
pub(super) fn order(
    graph: &mut Layered,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<usize>, Cancelled> {
    let mut layers = std::mem::take(&mut graph.layers);
    let effort = Effort::of(graph.items.len());
    let mut sorter = Sorter::new(graph);
    let mut best: Option<(usize, Vec<Vec<usize>>)> = None;
    for start in 0..effort.starts {
        sorter.start(&mut layers, start);
        let (mut idle, mut least) = (0, usize::MAX);
        for _ in 0..effort.rounds {
            if cancelled() {
                return Err(Cancelled);
            }
            sorter.sweep(&mut layers);
            for _ in 0..effort.passes {
                if !sorter.sift(&mut layers, effort.reach) {
                    break;
                }
            }
            let crossings = sorter.crossings(&layers);
            if best.as_ref().is_none_or(|(known, _)| crossings < *known) {
                best = Some((crossings, layers.clone()));
            }
            idle = if crossings < least { 0 } else { idle + 1 };
            least = least.min(crossings);
            if crossings == 0 || idle >= effort.patience {
                break;
            }
        }
        if best.as_ref().is_some_and(|(known, _)| *known == 0) {
            break;
        }
    }
    if let Some((_, found)) = best {
        layers = found;
    }
    sorter.number(&layers);
    for _ in 0..effort.polish {
        if cancelled() {
            return Err(Cancelled);
        }
        if !sorter.sift(&mut layers, effort.reach) {
            break;
        }
    }
    sorter.sort_twins(&mut layers);
    let position = sorter.position;
    graph.layers = layers;
    Ok(position)
}

/// How hard to look for fewer crossings: small graphs are read line by line, huge ones only have to be ready in time.
struct Effort {
    starts: usize,
    rounds: usize,
    patience: usize,
    passes: usize,
    /// How many places an item may move at once.
    reach: usize,
    polish: usize,
}

impl Effort {
    fn of(items: usize) -> Self {
        let (starts, rounds, patience, passes, reach, polish) = match items {
            0..=80 => (6, 8, 2, 4, usize::MAX, 8),
            81..=200 => (3, 6, 2, 2, usize::MAX, 6),
            201..=500 => (2, 4, 1, 1, usize::MAX, 4),
            501..=2500 => (1, 4, 1, 1, 8, 2),
            _ => (1, 8, 2, 1, 4, 4),
        };
        Self { starts, rounds, patience, passes, reach, polish }
    }
}

struct Sorter<'a> {
    graph: &'a Layered,
    position: Vec<usize>,
    keys: Vec<(usize, usize, usize)>,
    places: Vec<usize>,
    tree: Vec<usize>,
}

impl<'a> Sorter<'a> {
    fn new(graph: &'a Layered) -> Self {
        Self {
            graph,
            position: vec![0; graph.items.len()],
            keys: Vec::new(),
            places: Vec::new(),
            tree: Vec::new(),
        }
    }

    /// Different first orders lead to different local minima: by key, as walked along the lines, and shuffled.
    fn start(&mut self, layers: &mut [Vec<usize>], number: usize) {
        match number {
            0 => layers.iter_mut().for_each(|layer| layer.sort_unstable()),
            1 | 2 => {
                let rank = self.walk(number == 2);
                for layer in layers.iter_mut() {
                    layer.sort_unstable_by_key(|&item| rank[item]);
                }
            }
            _ => {
                // A fixed sequence, so that the same graph always gives the same drawing.
                let mut state = 0x9e37_79b9_u32.wrapping_mul(u32::try_from(number).unwrap_or(1));
                for layer in layers.iter_mut() {
                    layer.sort_unstable();
                    for at in (1..layer.len()).rev() {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        layer.swap(at, usize::try_from(state >> 8).unwrap_or(0) % (at + 1));
                    }
                }
            }
        }
        self.number(layers);
    }

    /// The rank of each item in a depth-first walk, from the left or from the right.
    fn walk(&self, from_right: bool) -> Vec<usize> {
        let (onward, backward) = if from_right {
            (&self.graph.pred, &self.graph.succ)
        } else {
            (&self.graph.succ, &self.graph.pred)
        };
        let count = self.graph.items.len();
        let mut rank = vec![NONE; count];
        let mut next = 0;
        let mut stack: Vec<usize> =
            (0..count).rev().filter(|&item| backward.row(item).is_empty()).collect();
        while let Some(item) = stack.pop() {
            if rank[item] == NONE {
                rank[item] = next;
                next += 1;
                stack.extend(onward.row(item).iter().rev());
            }
        }
        rank
    }

    fn number(&mut self, layers: &[Vec<usize>]) {
        for layer in layers {
            for (at, &item) in layer.iter().enumerate() {
                self.position[item] = at;
            }
        }
    }

    /// Once to the right by predecessors, once to the left by successors.
    fn sweep(&mut self, layers: &mut [Vec<usize>]) {
        let graph = self.graph;
        for layer in layers.iter_mut().skip(1) {
            self.sort(layer, &graph.pred);
        }
        for layer in layers.iter_mut().rev().skip(1) {
            self.sort(layer, &graph.succ);
        }
    }

    /// Sorts one layer by the mean position of neighbours; items without any keep their place.
    fn sort(&mut self, layer: &mut [usize], neighbours: &Csr) {
        self.keys.clear();
        self.places.clear();
        for (at, &item) in layer.iter().enumerate() {
            let anchor = self.graph.anchor[item];
            let mut key = self.mean(item, neighbours);
            if anchor != NONE {
                key = self.mean(anchor, neighbours).or(key).map(|key| key + 1);
            }
            if let Some(key) = key {
                self.keys.push((key, at, item));
                self.places.push(at);
            }
        }
        self.keys.sort_unstable();
        for (&place, &(_, _, item)) in self.places.iter().zip(&self.keys) {
            layer[place] = item;
        }
        for (at, &item) in layer.iter().enumerate() {
            self.position[item] = at;
        }
    }

    fn mean(&self, item: usize, neighbours: &Csr) -> Option<usize> {
        let row = neighbours.row(item);
        let sum: usize = row.iter().map(|&other| self.position[other]).sum();
        (sum * 4096).checked_div(row.len())
    }

    fn crossings(&mut self, layers: &[Vec<usize>]) -> usize {
        let mut total = 0;
        for pair in layers.windows(2) {
            let width = pair[1].len().next_power_of_two();
            self.tree.clear();
            self.tree.resize(2 * width, 0);
            let mut seen = 0;
            for &left in &pair[0] {
                let row = self.graph.succ.row(left);
                for &right in row {
                    // How many links of earlier items end below this one.
                    let mut at = self.position[right] + width;
                    let mut above = self.tree[at];
                    while at > 1 {
                        if at & 1 == 1 {
                            above += self.tree[at - 1];
                        }
                        at >>= 1;
                    }
                    total += seen - above;
                }
                for &right in row {
                    let mut at = self.position[right] + width;
                    while at > 0 {
                        self.tree[at] += 1;
                        at >>= 1;
                    }
                }
                seen += row.len();
            }
        }
        total
    }

    /// Moves each item to the place in its layer with the fewest crossings; tells whether anything changed.
    fn sift(&mut self, layers: &mut [Vec<usize>], reach: usize) -> bool {
        let mut changed = false;
        for layer in layers.iter_mut() {
            for at in 0..layer.len() {
                let item = layer[at];
                let (mut best, mut target) = (0, at);
                let mut gain = 0;
                for place in (0..at).rev().take(reach) {
                    gain += self.gain(layer[place], item);
                    if gain > best {
                        (best, target) = (gain, place);
                    }
                }
                gain = 0;
                for place in (at + 1..layer.len()).take(reach) {
                    gain += self.gain(item, layer[place]);
                    if gain > best {
                        (best, target) = (gain, place);
                    }
                }
                if target == at {
                    continue;
                }
                if target < at {
                    layer[target..=at].rotate_right(1);
                } else {
                    layer[at..=target].rotate_left(1);
                }
                let first = target.min(at);
                for (place, &moved) in layer[first..=target.max(at)].iter().enumerate() {
                    self.position[moved] = first + place;
                }
                changed = true;
            }
        }
        changed
    }

    /// Boxes with the same neighbours may change places freely: puts them in the order of their keys.
    fn sort_twins(&mut self, layers: &mut [Vec<usize>]) {
        for layer in layers.iter_mut() {
            let mut twins: BTreeMap<(&[usize], &[usize]), Vec<usize>> = BTreeMap::new();
            for (place, &item) in layer.iter().enumerate() {
                if self.graph.items[item].kind == Kind::Box && self.graph.mate[item] == NONE {
                    let key = (self.graph.pred.row(item), self.graph.succ.row(item));
                    twins.entry(key).or_default().push(place);
                }
            }
            for places in twins.into_values().filter(|places| places.len() > 1) {
                let mut items: Vec<usize> = places.iter().map(|&place| layer[place]).collect();
                items.sort_unstable();
                for (place, item) in places.into_iter().zip(items) {
                    layer[place] = item;
                    self.position[item] = place;
                }
            }
        }
    }

    /// How many crossings a swap of two neighbours removes.
    fn gain(&self, upper: usize, lower: usize) -> i64 {
        let mut gain = 0;
        for neighbours in [&self.graph.pred, &self.graph.succ] {
            for &above in neighbours.row(upper) {
                let above = self.position[above];
                for &below in neighbours.row(lower) {
                    let below = self.position[below];
                    gain += i64::from(above > below) - i64::from(above < below);
                }
            }
        }
        // A way back that lies on the far side of its own box needs a detour.
        let back = |item: usize| self.graph.items[item].kind == Kind::Back;
        if back(upper) && self.graph.anchor[upper] == lower {
            gain += 1;
        } else if back(lower) && self.graph.anchor[lower] == upper {
            gain -= 1;
        }
        gain
    }
}

#[cfg(test)]
mod tests {
    use super::{super::layers::layered, *};

    fn count(edges: &[(usize, usize)], nodes: usize) -> usize {
        let mut graph = layered(&Csr::from_pairs(nodes, edges.iter().copied()));
        let position = order(&mut graph, &|| false).expect("not cancelled");
        let layers = graph.layers.clone();
        let mut sorter = Sorter::new(&graph);
        sorter.position = position;
        sorter.crossings(&layers)
    }

    #[test]
    fn a_planar_graph_is_drawn_without_crossings() {
        assert_eq!(count(&[(0, 5), (1, 4), (2, 3), (0, 4), (1, 3)], 6), 0);
    }

    #[test]
    fn a_complete_pair_of_layers_keeps_its_crossings() {
        assert_eq!(count(&[(0, 2), (0, 3), (1, 2), (1, 3)], 4), 1);
    }

    #[test]
    fn cancelling_stops_the_sweeps() {
        let mut graph = layered(&Csr::from_pairs(2, [(0, 1)].iter().copied()));
        assert_eq!(order(&mut graph, &|| true), Err(Cancelled));
    }
}
