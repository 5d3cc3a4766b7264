//! The window onto the drawing: which part is seen, and what was hit in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::boxes::Drawing;
use super::scene::Scene;
use super::texts::{self, BoxLine, Level};
use crate::graph::glyph::Owner;
use crate::graph::layout::{Diagram, Layout, Rect as Place, layout};
use crate::tui::lineage_model::LineageModel;

/// From so many boxes on the layout is a job.
pub(super) const LARGE: usize = 150;
/// How wide names may be, the widest first: the first that lets the drawing fit is taken.
const NAMES: [usize; 6] = [32, 24, 20, 18, 16, 14];
/// From so many boxes on only every other width is tried, so that a frame stays in time.
const MANY: usize = 40;
/// How wide names may be where nothing lets it fit.
const NAME: usize = 24;
/// Cells that stay free around the box under the cursor.
const MARGIN: i32 = 2;

/// What the next drawing shall show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    /// What is shown now.
    #[default]
    Stay,
    /// The box under the cursor, with as little movement as that takes.
    Follow,
    /// The box under the cursor in the middle.
    Centre,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    pub(super) drawing: Option<Drawing>,
    /// The texts that a layout under way is for.
    waiting: Option<Vec<Vec<BoxLine>>>,
    /// The layout under way was stopped.
    pub(super) is_given_up: bool,
    laid_out_for: u16,
    offset: (i32, i32),
    wish: Wish,
    pub(super) area: Rect,
    drag: Option<(u16, u16)>,
}

impl Canvas {
    /// The scene has changed: what was drawn is not good any more.
    pub(super) fn invalidate(&mut self) {
        self.drawing = None;
        self.waiting = None;
        self.is_given_up = false;
    }

    /// The box under the cursor shall be seen.
    pub(super) fn follow(&mut self) {
        if self.wish == Wish::Stay {
            self.wish = Wish::Follow;
        }
    }

    /// The box under the cursor shall be in the middle.
    pub(super) fn centre(&mut self) {
        self.wish = Wish::Centre;
    }

    /// Whether a layout is under way.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// What a job is to lay out, if the scene is that large and no job is at it.
    pub(super) fn order(
        &mut self,
        model: &LineageModel,
        scene: &Scene,
        level: Level,
    ) -> Option<Diagram> {
        let is_due = scene.graph.nodes.len() > LARGE
            && self.drawing.is_none()
            && self.waiting.is_none()
            && !self.is_given_up;
        is_due.then(|| {
            let lines = texts::lines(model, scene, level, NAME);
            let diagram = diagram(scene, &lines);
            self.waiting = Some(lines);
            diagram
        })
    }

    /// A layout has come.
    pub(super) fn take(&mut self, layout: Arc<Layout>) {
        if let Some(lines) = self.waiting.take() {
            self.drawing = Some(Drawing { layout, lines });
            self.wish = Wish::Centre;
        }
    }

    /// A layout was stopped.
    pub(super) fn give_up(&mut self) {
        self.is_given_up |= self.waiting.take().is_some();
    }

    /// Sees to it that there is a drawing for `area`, unless that is a job's work.
    pub(super) fn fit(&mut self, model: &LineageModel, scene: &Scene, level: Level, area: Rect) {
        self.area = area;
        let count = scene.graph.nodes.len();
        if count > LARGE || self.drawing.is_some() && self.laid_out_for == area.width {
            return;
        }
        self.laid_out_for = area.width;
        let width = i32::from(area.width);
        let draw = |cells: usize| {
            let lines = texts::lines(model, scene, level, cells);
            let layout = layout(diagram(scene, &lines), &|| false).ok()?;
            Some(Drawing { layout: Arc::new(layout), lines })
        };
        let mut usual = None;
        self.drawing = None;
        let is_large = count > MANY;
        for cells in
            NAMES.into_iter().skip(usize::from(is_large)).step_by(1 + usize::from(is_large))
        {
            let Some(drawing) = draw(cells) else { continue };
            let excess = drawing.layout.size().0 - width;
            if excess <= 0 {
                self.drawing = Some(drawing);
                break;
            }
            let is_hopeless = excess > slack(&drawing, cells);
            if cells == NAME {
                usual = Some(drawing);
            }
            if is_hopeless {
                break;
            }
        }
        self.drawing = self.drawing.take().or(usual).or_else(|| draw(NAME));
        self.follow();
    }

    /// Where the seen part begins, with `selected` in it if that was wished.
    pub(super) fn settle(&mut self, selected: Option<usize>) -> (i32, i32) {
        let Some(drawing) = &self.drawing else { return (0, 0) };
        let wish = std::mem::take(&mut self.wish);
        let (width, height) = drawing.layout.size();
        let target = selected.map(|at| drawing.layout.rect(at)).unwrap_or_default();
        let wish = if selected.is_some() { wish } else { Wish::Stay };
        let view = (i32::from(self.area.width), i32::from(self.area.height));
        self.offset = (
            axis(self.offset.0, width, view.0, (target.x, target.right()), wish),
            axis(self.offset.1, height, view.1, (target.y, target.bottom()), wish),
        );
        self.offset
    }

    /// Moves the seen part.
    pub(super) fn pan(&mut self, columns: i32, rows: i32) {
        self.offset.0 += columns;
        self.offset.1 += rows;
        self.wish = Wish::Stay;
    }

    /// The mouse went down here.
    pub(super) fn grab(&mut self, column: u16, row: u16) {
        self.drag = self.area.contains((column, row).into()).then_some((column, row));
    }

    /// The mouse is drawn to here; the drawing comes along.
    pub(super) fn drag(&mut self, column: u16, row: u16) {
        if let Some((x, y)) = self.drag.replace((column, row)) {
            self.pan(i32::from(x) - i32::from(column), i32::from(y) - i32::from(row));
        }
    }

    /// Whether the mouse has hold of the drawing.
    pub(super) fn is_grabbed(&self) -> bool {
        self.drag.is_some()
    }

    /// The mouse went up.
    pub(super) fn release(&mut self) {
        self.drag = None;
    }

    /// The place in the drawing at a cell of the screen.
    pub(super) fn at(&self, column: u16, row: u16) -> Option<(i32, i32)> {
        self.area.contains((column, row).into()).then(|| {
            (
                self.offset.0 + i32::from(column - self.area.x),
                self.offset.1 + i32::from(row - self.area.y),
            )
        })
    }

    /// Whose a cell of the screen is.
    pub(super) fn hit(&self, column: u16, row: u16) -> Option<Owner> {
        let (x, y) = self.at(column, row)?;
        self.drawing.as_ref()?.layout.hit(x, y)
    }

    /// The columns of the screen that a box takes, the first and the one behind the last.
    pub(super) fn columns_of(&self, at: Option<usize>) -> (i32, i32) {
        let place = self.drawing.as_ref().zip(at).map(|(drawing, at)| drawing.layout.rect(at));
        let on_screen = |x: i32| i32::from(self.area.x) + x - self.offset.0;
        place.map_or((0, 0), |place| (on_screen(place.x), on_screen(place.right())))
    }

    /// How many boxes lie wholly left, right, above and below of what is seen.
    pub(super) fn outside(&self) -> [usize; 4] {
        let Some(drawing) = &self.drawing else { return [0; 4] };
        let view = Place {
            x: self.offset.0,
            y: self.offset.1,
            width: i32::from(self.area.width),
            height: i32::from(self.area.height),
        };
        let mut counts = [0; 4];
        for at in 0..drawing.lines.len() {
            let place = drawing.layout.rect(at);
            if place.right() <= view.x {
                counts[0] += 1;
            } else if place.x >= view.right() {
                counts[1] += 1;
            } else if place.bottom() <= view.y {
                counts[2] += 1;
            } else if place.y >= view.bottom() {
                counts[3] += 1;
            }
        }
        counts
    }
}

/// How much narrower a drawing can become by shorter names, at most.
fn slack(drawing: &Drawing, cells: usize) -> i32 {
    let columns: BTreeSet<i32> =
        (0..drawing.lines.len()).map(|at| drawing.layout.rect(at).x).collect();
    let shortest = NAMES.iter().min().copied().unwrap_or(cells);
    let each = i32::try_from(cells.saturating_sub(shortest)).unwrap_or(0);
    i32::try_from(columns.len()).unwrap_or(i32::MAX).saturating_mul(each)
}

fn diagram(scene: &Scene, lines: &[Vec<BoxLine>]) -> Diagram {
    let mut diagram = scene.graph.diagram(|_| Vec::new());
    for (spec, lines) in diagram.boxes.iter_mut().zip(lines) {
        spec.lines = lines.iter().map(|line| line.text.clone()).collect();
    }
    diagram
}

/// Where the seen part begins on one axis.
fn axis(offset: i32, size: i32, view: i32, (start, end): (i32, i32), wish: Wish) -> i32 {
    if size <= view {
        return (size - view) / 2;
    }
    let offset = match wish {
        Wish::Stay => offset,
        Wish::Centre => i32::midpoint(start, end) - view / 2,
        Wish::Follow => {
            let (low, high) = (start - MARGIN, end + MARGIN);
            if low < offset || high - low > view { low } else { offset.max(high - view) }
        }
    };
    offset.clamp(0, size - view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_centred_and_what_does_not_follows_the_cursor() {
        assert_eq!(axis(7, 20, 40, (0, 5), Wish::Stay), -10);
        assert_eq!(axis(0, 100, 40, (50, 60), Wish::Follow), 22);
        assert_eq!(axis(22, 100, 40, (30, 40), Wish::Follow), 22);
        assert_eq!(axis(22, 100, 40, (10, 20), Wish::Follow), 8);
        assert_eq!(axis(22, 100, 40, (90, 100), Wish::Follow), 60);
        assert_eq!(axis(0, 100, 40, (50, 60), Wish::Centre), 35);
        assert_eq!(axis(-9, 100, 40, (50, 60), Wish::Stay), 0);
        assert_eq!(axis(0, 100, 4, (50, 60), Wish::Follow), 48);
    }
}
