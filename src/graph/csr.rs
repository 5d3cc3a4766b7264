//! Adjacency in two flat arrays, the form all steps of the layout read.

/// Rows of indices: `row(i)` are the neighbours of `i`.
#[derive(Debug, Clone, Default)]
pub(super) struct Csr {
    starts: Vec<usize>,
    items: Vec<usize>,
}

impl Csr {
    /// Groups `pairs` by their first member; the order of the pairs is kept within a row.
    pub(super) fn from_pairs(
        rows: usize,
        pairs: impl Iterator<Item = (usize, usize)> + Clone,
    ) -> Self {
        let mut starts = vec![0; rows + 1];
        let mut total = 0;
        for (row, _) in pairs.clone() {
            starts[row + 1] += 1;
            total += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut items = vec![0; total];
        for (row, item) in pairs {
            items[next[row]] = item;
            next[row] += 1;
        }
        Self { starts, items }
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn row(&self, row: usize) -> &[usize] {
        &self.items[self.range(row)]
    }

    /// Where the row lies in the flat array: identifies each pair.
    pub(super) fn range(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row]..self.starts[row + 1]
    }

    pub(super) fn item(&self, at: usize) -> usize {
        self.items[at]
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + Clone + '_ {
        (0..self.rows()).flat_map(move |row| self.row(row).iter().map(move |&item| (row, item)))
    }
}
