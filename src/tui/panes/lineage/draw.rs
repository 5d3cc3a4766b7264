//! Drawing the pane as a whole.
//!
//! ```text
//!  ◫ analytics › marts › fct_orders          2 up, 1 down · 9 of 31 · boxes, folders
//!  column net_amount of fct_orders: 12 columns in 7 datasets
//!
//!  (boxes, tree or table)
//!
//!  ─ panel ────────────────────────────────────────────────────────────────────────
//!  ▦ table  ◫ view                                             3 boxes left, 1 right
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::boxes::Picture;
use super::look::Place;
use super::panel::Panel;
use super::rows::Rows;
use super::words::Made;
use super::{LineagePane, PanelSize, Rendering, Target, Typing, words};
use crate::lineage::{NodeIndex, NodeRole};
use crate::model::display::clean;
use crate::tui::core::Core;
use crate::tui::keymap::Context;
use crate::tui::msg::{Action, Slot};
use crate::tui::widgets::list::scrollbar;
use crate::tui::widgets::text::{count, counted, cut, spans_width, spread, wrap};

/// Narrower panes show a tree unless boxes are asked for.
const WIDTH_FOR_BOXES: u16 = 74;
/// Lower panes have no panel unless one is asked for.
const HEIGHT_FOR_PANEL: u16 = 26;

impl LineagePane {
    /// Draws the pane's inside.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        self.drawn_as = self.rendering.unwrap_or(if area.width < WIDTH_FOR_BOXES {
            Rendering::Tree
        } else {
            Rendering::Boxes
        });
        if self.scene.is_none() || !matches!(self.target, Target::Dataset(_)) {
            self.canvas.area = Rect::ZERO;
            self.draw_empty(frame, area, core);
            return;
        }
        let line = |y: u16| Rect { y, height: 1, ..area };
        frame.render_widget(self.toolbar(core, usize::from(area.width)), line(area.y));
        let mut body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
        let states = self.states(core);
        if !states.is_empty() {
            let spans = cut(states, usize::from(area.width));
            frame.render_widget(Line::from(spans), line(body.y));
            body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        }
        let panel = self.panel_height(body.height);
        let graph = Rect { height: body.height - panel, ..body };
        self.draw_graph(frame, graph, core, focused);
        if panel > 0 {
            let place = Rect { y: graph.bottom(), height: panel, ..body };
            self.draw_panel(frame, place, core);
        }
        self.draw_last_line(frame, line(area.bottom().saturating_sub(1)), core);
        let selected = self.canvas.columns_of(self.selected());
        match &mut self.typing {
            Typing::Columns(picker) => picker.draw(frame, graph, selected, &core.theme),
            Typing::Impact(list) => list.draw(frame, area, &core.theme),
            _ => {}
        }
    }

    fn panel_height(&self, room: u16) -> u16 {
        let size = match (self.panel, &self.edge) {
            (None, None) if room < HEIGHT_FOR_PANEL => PanelSize::Off,
            _ => self.panel_size(),
        };
        match size {
            PanelSize::Off => 0,
            PanelSize::Small => (room / 4).clamp(5, 9).min(room / 2),
            PanelSize::Large => room / 2,
        }
    }

    fn key_of(core: &Core, action: Action) -> String {
        core.key(&[Context::Lineage, Context::Global], action)
    }

    fn toolbar(&self, core: &Core, cells: usize) -> Line<'static> {
        let theme = &core.theme;
        let (Some(scene), Some(look)) = (&self.scene, self.history.look()) else {
            return Line::default();
        };
        let mut right = Vec::new();
        let shown: usize = scene.graph.nodes.iter().map(|node| node.subject.nodes().len()).sum();
        if let Place::Around(_) = look.place {
            right.push(format!("{} up, {} down", look.upstream, look.downstream));
        }
        let hidden = scene.hidden();
        right.push(if hidden > 0 {
            format!("{} of {}", count(shown), count(shown + hidden))
        } else {
            format!("all {}", count(shown))
        });
        if self.drawn_as == Rendering::Boxes {
            right.push(self.level.name().to_owned());
        }
        let (back, forward) = self.history.steps();
        if back + forward > 0 {
            right.push(format!("view {} of {}", back + 1, back + forward + 1));
        }
        let right = vec![Span::styled(right.join(" · "), theme.soft)];
        let mut left = Vec::new();
        if let Place::Between(from, _) = &look.place {
            left.push(Span::styled("from ", theme.soft));
            left.push(Span::styled(clean(from).into_owned(), theme.strong));
            left.push(Span::styled(" to ", theme.soft));
        }
        let focus = self
            .model
            .as_ref()
            .and_then(|model| Some(&model.graph().nodes()[model.outline().find(look.focus())?]));
        if let Some(node) = focus {
            left.push(Span::styled(words::sign(node.role), words::style(node.role, theme)));
            left.push(Span::raw(" "));
            let (name, above) =
                node.path.parts().split_last().map_or(("", &[][..]), |(n, a)| (n, a));
            let room = cells.saturating_sub(spans_width(&right) + spans_width(&left) + 2);
            let above: Vec<String> = above.iter().map(|part| clean(part).into_owned()).collect();
            let name = clean(name).into_owned();
            let crumbs = above.iter().map(|part| part.chars().count() + 3).sum::<usize>();
            if crumbs + name.chars().count() <= room {
                for part in above {
                    left.push(Span::styled(part, theme.soft));
                    left.push(Span::styled(" › ", theme.faint));
                }
            }
            left.push(Span::styled(name, theme.strong));
        }
        spread(left, right, cells)
    }

    /// What is going on beside the plain view.
    fn states(&self, core: &Core) -> Vec<Span<'static>> {
        let theme = &core.theme;
        let mut spans: Vec<Span<'static>> = Vec::new();
        let mut say = |parts: Vec<Span<'static>>| {
            if !spans.is_empty() {
                spans.push(Span::styled(" · ", theme.faint));
            }
            spans.extend(parts);
        };
        let scene = self.scene.as_ref();
        if let Some((trace, traced)) = scene
            .and_then(|scene| scene.trace.as_ref())
            .zip(self.history.look().and_then(|look| look.traced.as_ref()))
        {
            let others = trace.nodes().len().saturating_sub(1);
            let reach = if trace.len() == 0 {
                "comes from no column and flows into none".to_owned()
            } else {
                format!("{} in {}", counted(trace.len(), "more column"), counted(others, "dataset"))
            };
            let table = traced.node.rsplit('.').next().unwrap_or_default();
            say(vec![
                Span::styled("column ", theme.soft),
                Span::styled(
                    clean(&traced.column).into_owned(),
                    theme.busy.patch(theme.strong).fg(theme.busy.fg.unwrap_or_default()),
                ),
                Span::styled(format!(" of {}: {reach}", clean(table)), theme.soft),
            ]);
        }
        if let Some(mark) = &self.mark {
            say(vec![Span::styled(format!("path from {}", clean(mark)), theme.warning)]);
        }
        if !self.filters.is_empty() {
            let mut parts = Vec::new();
            if !self.filters.text.is_empty() {
                parts.push(format!("`{}` hidden", clean(&self.filters.text)));
            }
            if !self.filters.keys.is_empty() {
                parts.push(format!("{} hidden", self.filters.keys.len()));
            }
            if !self.filters.folded.is_empty() {
                parts.push(format!("{} folded", counted(self.filters.folded.len(), "folder")));
            }
            let key = Self::key_of(core, Action::ShowHidden);
            say(vec![
                Span::styled(parts.join(", "), theme.warning),
                Span::styled(format!(" ({key} shows all)"), theme.soft),
            ]);
        }
        if let Some(message) = &self.failure {
            say(vec![Span::styled(format!("✗ {}", clean(message)), theme.error)]);
        }
        let (views, unread) = self.model.as_ref().map_or((0, 0), |model| model.views());
        if core.walk.running {
            let text = format!(
                "{} discovering: {} of {} read so far",
                core.spinner(),
                count(views - unread),
                counted(views, "view")
            );
            say(vec![Span::styled(text, theme.busy)]);
        }
        spans
    }

    fn draw_graph(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let selected = self.selected();
        let edge = self.edge_boxes();
        let (Some(model), Some(scene)) = (&self.model, &self.scene) else { return };
        let theme = &core.theme;
        if self.drawn_as != Rendering::Boxes {
            self.canvas.area = area;
            let rows = Rows { model, scene, found: &self.found, theme, ascii: core.ascii, focused };
            self.canvas.area = if self.drawn_as == Rendering::Tree {
                rows.draw_tree(frame, area, &mut self.cursor)
            } else {
                rows.draw_table(frame, area, &mut self.cursor)
            };
            return;
        }
        self.canvas.fit(model, scene, self.level, area);
        let offset = self.canvas.settle(selected);
        let Some(drawing) = &self.canvas.drawing else {
            let boxes = count(scene.graph.nodes.len());
            let text = if self.canvas.is_given_up {
                let key = Self::key_of(core, Action::NextRendering);
                format!("{boxes} boxes are not laid out; {key} shows them as a tree")
            } else {
                let key = Self::key_of(core, Action::Back);
                format!("{} laying out {boxes} boxes; {key} stops it", core.spinner())
            };
            let place = Rect { y: area.y + area.height / 3, height: 1, ..area };
            frame.render_widget(Line::from(Span::styled(text, theme.busy)).centered(), place);
            return;
        };
        let marked = self.mark.as_ref().and_then(|key| scene.position(key));
        let picture = Picture {
            model,
            scene,
            drawing,
            selected,
            edge,
            marked,
            found: &self.found,
            theme,
            ascii: core.ascii,
            focused,
        };
        picture.paint(frame.buffer_mut(), area, offset);
        if scene.graph.nodes.len() == 1 && scene.reachable == 1 {
            self.draw_lonely(frame, area, core);
        }
    }

    /// Below the only box: why there is no other.
    fn draw_lonely(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let (_, unread) = self.model.as_ref().map_or((0, 0), |model| model.views());
        let mut text = "It reads nothing that is known, and no view reads it.".to_owned();
        if unread > 0 {
            text = format!("{text} {} not read yet.", counted(unread, "view"));
        }
        let place = Rect {
            y: (area.y + area.height / 2 + 4).min(area.bottom().saturating_sub(1)),
            height: 1.min(area.height),
            ..area
        };
        frame.render_widget(Line::from(Span::styled(text, core.theme.soft)).centered(), place);
    }

    fn draw_panel(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let (Some(model), Some(scene)) = (&self.model, &self.scene) else { return };
        let panel = Panel { model, scene, theme, cells: usize::from(area.width) };
        let lines = match (self.edge_boxes(), self.selected()) {
            (Some((from, to)), _) => panel.of_edge(from, to),
            (None, Some(at)) => panel.of_box(at),
            (None, None) => Vec::new(),
        };
        let rule = "─".repeat(usize::from(area.width));
        frame.render_widget(Span::styled(rule, theme.border), Rect { height: 1, ..area });
        let inside = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let height = usize::from(inside.height);
        self.panel_top = self.panel_top.min(lines.len().saturating_sub(height));
        let shown: Vec<Line<'_>> =
            lines.iter().skip(self.panel_top).take(height).cloned().collect();
        frame.render_widget(Paragraph::new(shown), inside);
        let beside = Rect { width: inside.width + 1, ..inside };
        scrollbar(frame, beside, self.panel_top, lines.len(), theme.soft);
    }

    /// The input, or else the legend and what lies outside.
    fn draw_last_line(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        match self.typing {
            Typing::Search => {
                let right = self.search_result();
                let room = u16::try_from(right.len()).unwrap_or(0);
                let left = Rect { width: area.width.saturating_sub(room + 1), ..area };
                self.search.draw(frame, left, "/", theme);
                let right = Line::from(Span::styled(right, theme.soft)).right_aligned();
                frame.render_widget(right, area);
                return;
            }
            Typing::Hide => {
                self.hide.draw(frame, area, "hide (such as path:staging or raw_*) ", theme);
                return;
            }
            _ => {}
        }
        let right = if self.search.value().is_empty() {
            self.outside()
        } else {
            format!("/{} {}", clean(self.search.value()), self.search_result())
        };
        let right = vec![Span::styled(right, theme.soft)];
        let room = usize::from(area.width).saturating_sub(spans_width(&right) + 2);
        let legend = self.legend(core, room);
        frame.render_widget(spread(legend, right, usize::from(area.width)), area);
    }

    fn search_result(&self) -> String {
        if self.search.value().trim().is_empty() {
            return String::new();
        }
        let here = self.selected().and_then(|at| self.found.iter().position(|f| *f == at));
        let mut text = match here {
            Some(at) => format!("{} of {}", at + 1, self.found.len()),
            None => format!("{} found", self.found.len()),
        };
        let elsewhere = self.found_elsewhere();
        if elsewhere > 0 {
            text.push_str(&format!(", {} not shown", count(elsewhere)));
        }
        text
    }

    fn outside(&self) -> String {
        if self.drawn_as != Rendering::Boxes {
            return String::new();
        }
        let counts = self.canvas.outside();
        let words = [("←", counts[0]), ("→", counts[1]), ("↑", counts[2]), ("↓", counts[3])];
        let parts: Vec<String> = words
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(arrow, count)| format!("{arrow} {count}"))
            .collect();
        if parts.is_empty() { String::new() } else { format!("outside: {}", parts.join("  ")) }
    }

    /// As many entries of the legend as fit, each whole.
    fn legend(&self, core: &Core, room: usize) -> Vec<Span<'static>> {
        let theme = &core.theme;
        let (Some(model), Some(scene)) = (&self.model, &self.scene) else { return Vec::new() };
        let mut roles: Vec<NodeRole> = (0..scene.graph.nodes.len())
            .filter_map(|at| model.graph().nodes().get(scene.node(at)?))
            .map(|node| node.role)
            .collect();
        roles.sort_unstable();
        roles.dedup();
        let of_role = |role| (words::sign(role), words::style(role, theme), words::word(role));
        let mut entries: Vec<(&str, Style, &str)> = roles.into_iter().map(of_role).collect();
        if self.drawn_as == Rendering::Boxes {
            for made in self.made_on_trace() {
                entries.push((made.sign(), theme.call, made.meaning()));
            }
            let has_cycle = self
                .canvas
                .drawing
                .as_ref()
                .is_some_and(|drawing| drawing.layout.edges().iter().any(|edge| edge.back));
            if has_cycle {
                entries.push(("┄┄", theme.soft, "feeds itself"));
            }
            let has_dbt_only = self.canvas.drawing.as_ref().is_some_and(|drawing| {
                let mut edges = drawing.layout.edges().iter();
                edges.any(|edge| scene.is_dbt_only(model.graph(), edge.from, edge.to))
            });
            if has_dbt_only {
                let sign = if core.ascii { words::DBT_ONLY.1 } else { words::DBT_ONLY.0 };
                entries.push((sign, theme.call, "dbt only"));
            }
            let sign = if core.ascii { "#=#" } else { "┏━┓" };
            entries.push((sign, theme.soft, "focus"));
        } else if model.origin_cells().is_some() {
            if !model.disagreements().is_empty() {
                entries.push(("≠", theme.warning, "not told by"));
            }
            entries.push(("+", theme.call, "told by both"));
        }
        let mut spans = Vec::new();
        let mut used = 0;
        for (at, (sign, style, word)) in entries.into_iter().enumerate() {
            let entry = [
                Span::raw(if at > 0 { "  " } else { "" }),
                Span::styled(sign, style),
                Span::styled(format!(" {word}"), theme.soft),
            ];
            used += spans_width(&entry);
            if used > room {
                break;
            }
            spans.extend(entry);
        }
        spans
    }

    /// The signs in front of traced columns.
    fn made_on_trace(&self) -> Vec<Made> {
        let trace = self.scene.as_ref().and_then(|scene| scene.trace.as_ref());
        let (Some(model), Some(trace)) = (&self.model, trace) else { return Vec::new() };
        let columns = trace.columns.iter().flat_map(|(node, names)| {
            let at = NodeIndex(u32::try_from(*node).unwrap_or(u32::MAX));
            names.iter().filter_map(move |name| words::column_kind(model.graph(), at, name))
        });
        let made: Vec<Made> = columns.collect();
        Made::ALL.into_iter().filter(|one| made.contains(one)).collect()
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let is_reading = core.running(Slot::Lineage).is_some();
        let (head, look, text) = match &self.target {
            Target::Nothing => (
                "Nothing is chosen.".to_owned(),
                theme.strong,
                "Choose a table or a view in the catalog.".to_owned(),
            ),
            Target::NoDataset => (
                "Tables and views have lineage.".to_owned(),
                theme.strong,
                "Choose one in the catalog, or find one by name.".to_owned(),
            ),
            Target::Dataset(_) if self.failure.is_some() => {
                let key = Self::key_of(core, Action::Refresh);
                (
                    "✗ The lineage could not be read.".to_owned(),
                    theme.error,
                    format!("{} {key} tries again.", self.failure.as_deref().unwrap_or_default()),
                )
            }
            Target::Dataset(_) if self.model.is_none() || is_reading => (
                format!("{} reading the SQL of the views", core.spinner()),
                theme.busy,
                String::new(),
            ),
            Target::Dataset(key) => (
                format!("{} is not in the lineage.", clean(key)),
                theme.strong,
                "It was not there when the catalogue was read.".to_owned(),
            ),
        };
        let mut lines = vec![Line::from(Span::styled(head, look)), Line::default()];
        for line in wrap(&text, usize::from(area.width).min(72)) {
            lines.push(Line::from(Span::styled(line, theme.soft)));
        }
        frame.render_widget(
            Paragraph::new(lines),
            Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area },
        );
    }
}
