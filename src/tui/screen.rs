//! The screen as a whole: status bar, panes, footer.
//!
//! ```text
//!  dremio-explorer  shop@localhost  Dremio 25.2 OSS  ada            ⟳ reading 214/≈380
//! ╭ 1 Catalog ─────── 83 datasets ╮╭ 2 Detail ─ 5 Activity ───────────────────────────╮
//! │ ▾ ◇ analytics   space      6  ││                                                  │
//! ╰───────────────────────────────╯╰──────────────────────────────────────────────────╯
//!  enter unfold  f find  / filter  ? keys                             ! 2 warnings  (5)
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};

use super::app::{App, Pane, RIGHT_PANES};
use super::core::Server;
use super::keymap::Context;
use super::msg::Action;
use super::panes::activity::footer_counts;
use super::panes::catalog::CatalogPane;
use super::widgets::text::{ago, count, cut, spans_width, spread, wrap};
use super::widgets::{ascii, emoji};
use crate::model::display::clean;

/// The smallest terminal that everything fits on.
const MIN: (u16, u16) = (80, 24);
/// Cells that a pane has at least.
const MIN_PANE: u16 = 26;

impl App {
    /// Draws everything. Changes nothing but scroll positions and the places for the mouse.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        frame.buffer_mut().set_style(area, self.core.theme.base);
        self.places.labels.clear();
        if area.width < MIN.0 || area.height < MIN.1 {
            draw_too_small(frame, area);
        } else {
            let line = |y| Rect { y, height: 1, ..area };
            self.draw_status(frame, line(area.y));
            let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
            self.draw_body(frame, body);
            for layer in &mut self.layers {
                layer.draw(frame, body, &self.core);
            }
            self.draw_footer(frame, line(area.bottom() - 1));
        }
        emoji::settle(frame.buffer_mut());
        if self.ascii {
            ascii::replace(frame.buffer_mut());
        }
    }

    fn draw_status(&self, frame: &mut Frame<'_>, area: Rect) {
        let theme = &self.core.theme;
        frame.buffer_mut().set_style(area, theme.bar);
        let mut left = vec![
            Span::styled(" dremio-explorer", theme.brand),
            Span::styled(format!("  {}", clean(&self.core.title)), theme.strong),
        ];
        if let Server::Ready(info) = &self.core.server {
            let mut product = "Dremio".to_owned();
            // The build number behind a dash says nothing to a person.
            let version = info.version.as_deref().and_then(|version| version.split('-').next());
            for part in [version, info.edition.as_deref()].into_iter().flatten() {
                product.push(' ');
                product.push_str(&clean(part));
            }
            left.push(Span::styled(format!("  {product}"), theme.soft));
            if let Some(user) = &info.user {
                left.push(Span::styled(format!("  {}", clean(user)), theme.soft));
            }
        }
        left.extend(self.sync.status(&self.core, area.width < 100));
        let mut right = self.reading_state();
        right.push(Span::raw(" "));
        frame.render_widget(spread(left, right, usize::from(area.width)), area);
    }

    fn reading_state(&self) -> Vec<Span<'static>> {
        let (core, theme) = (&self.core, &self.core.theme);
        match &core.server {
            Server::Connecting => {
                return vec![Span::styled(format!("{} connecting", core.spinner()), theme.busy)];
            }
            Server::Failed(_) => return vec![Span::styled("✗ not connected", theme.error)],
            Server::Ready(_) => {}
        }
        let stats = &core.walk.stats;
        if core.walk.running {
            let done = stats.containers + stats.details;
            let text = if done + stats.pending == 0 {
                format!("{} discovering", core.spinner())
            } else {
                format!(
                    "{} discovering {}/≈{}",
                    core.spinner(),
                    count(done),
                    count(done + stats.pending)
                )
            };
            return vec![Span::styled(text, theme.busy)];
        }
        if core.catalog.is_empty() && core.catalog.root().error().is_some() {
            return vec![Span::styled("✗ nothing read", theme.error)];
        }
        if core.walk.stopped {
            return vec![Span::styled("stopped before the end", theme.warning)];
        }
        match core.walk.finished {
            Some(finished) => {
                let (age, _) = ago(core.now.saturating_duration_since(finished));
                vec![Span::styled(format!("read {age}"), theme.soft)]
            }
            None => Vec::new(),
        }
    }

    fn draw_body(&mut self, frame: &mut Frame<'_>, area: Rect) {
        if let Some((what, message, again)) = self.failure()
            && self.focus != Pane::Activity
        {
            self.places.catalog = Rect::ZERO;
            self.places.right = Rect::ZERO;
            self.draw_failure(frame, area, (&what, &message, again));
            return;
        }
        let share = u32::from(area.width) * u32::from(self.remembered.catalog_share) / 100;
        let left =
            u16::try_from(share).unwrap_or(MIN_PANE).clamp(MIN_PANE, area.width - MIN_PANE - 16);
        let (catalog, right) = match (self.is_zoomed, self.focus) {
            (true, Pane::Catalog) => (area, Rect { width: 0, ..area }),
            (true, _) => (Rect { width: 0, ..area }, area),
            (false, _) => (
                Rect { width: left, ..area },
                Rect { x: area.x + left, width: area.width - left, ..area },
            ),
        };
        self.places.catalog = catalog;
        self.places.right = right;
        if catalog.width > 0 {
            self.draw_catalog(frame, catalog);
        }
        if right.width > 0 {
            self.draw_right(frame, right);
        }
    }

    fn block(&self, focused: bool) -> Block<'static> {
        let theme = &self.core.theme;
        let border = if focused { theme.border_focus } else { theme.border };
        Block::bordered().border_type(BorderType::Rounded).border_style(border)
    }

    fn draw_catalog(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let focused = self.focus == Pane::Catalog && self.layers.is_empty();
        let is_current = self.focus == Pane::Catalog;
        let theme = &self.core.theme;
        let key = self.core.key(&[Context::Global], Action::ShowCatalog);
        let title = format!(" {key} Catalog ");
        let look = if is_current { theme.title_focus } else { theme.title };
        let mut block = self.block(is_current).title(Line::from(Span::styled(title.clone(), look)));
        let summary = CatalogPane::summary(&self.core);
        if !summary.is_empty() && usize::from(area.width) > title.len() + summary.len() + 6 {
            let summary = Span::styled(format!(" {summary} "), theme.title);
            block = block.title(Line::from(summary).right_aligned());
        }
        let width = u16::try_from(title.len()).unwrap_or(0).min(area.width);
        self.places.labels.push((Rect { x: area.x + 1, width, height: 1, ..area }, Pane::Catalog));
        let inside = block.inner(area);
        frame.render_widget(block, area);
        self.catalog.draw(frame, inside, &self.core, focused);
    }

    fn draw_right(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let is_current = self.focus != Pane::Catalog;
        let focused = is_current && self.layers.is_empty();
        let block = self.block(is_current);
        let theme = &self.core.theme;
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let mut x = area.x + 1;
        for (at, (pane, name, action)) in RIGHT_PANES.into_iter().enumerate() {
            if at > 0 {
                let border = if is_current { theme.border_focus } else { theme.border };
                frame.render_widget(
                    Span::styled("─", border),
                    Rect { x, width: 1, height: 1, ..area },
                );
                x += 1;
            }
            let label = format!(" {} {name} ", self.core.key(&[Context::Global], action));
            let look = match (pane == self.right, is_current) {
                (true, true) => theme.title_focus,
                (true, false) => theme.strong,
                (false, _) => theme.title,
            };
            let width = u16::try_from(label.len()).unwrap_or(0);
            let place = Rect { x, width, height: 1, ..area }.intersection(area);
            frame.render_widget(Span::styled(label, look), place);
            self.places.labels.push((place, pane));
            x += width;
        }
        match self.right {
            Pane::Activity => self.activity.draw(frame, inside, &self.core, focused),
            Pane::Lineage => self.lineage.draw(frame, inside, &self.core, focused),
            Pane::Sync => self.sync.draw(frame, inside, &self.core, focused),
            _ => self.detail.draw(frame, inside, &self.core, focused),
        }
    }

    /// Why there is nothing to show at all: what failed, how, and the action that tries again.
    fn failure(&self) -> Option<(String, String, Action)> {
        if !self.core.catalog.is_empty() {
            return None;
        }
        let title = clean(&self.core.title);
        if let Server::Failed(message) = &self.core.server {
            let what = format!("No connection to {title}");
            return Some((what, message.clone(), Action::Refresh));
        }
        let error = self.core.catalog.root().error().filter(|_| !self.core.walk.running)?;
        let what = format!("The catalogue of {title} could not be read");
        Some((what, error.message.clone(), Action::RefreshAll))
    }

    fn draw_failure(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        (what, message, again): (&str, &str, Action),
    ) {
        let theme = &self.core.theme;
        let block = self.block(true);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let cells = inside.width.saturating_sub(8).min(76);
        let mut lines =
            vec![Line::from(Span::styled(format!("✗ {what}"), theme.error)), Line::default()];
        for line in wrap(message, usize::from(cells)) {
            lines.push(Line::from(Span::styled(line, theme.base)));
        }
        lines.push(Line::default());
        let global = [Context::Global];
        for (action, words) in [
            (again, "try again"),
            (Action::ShowActivity, "see the requests that were sent"),
            (Action::Quit, "quit; `dremio-explorer doctor` tests each step"),
        ] {
            let key = self.core.key(&global, action);
            for (index, line) in
                wrap(words, usize::from(cells).saturating_sub(6)).into_iter().enumerate()
            {
                let key = if index == 0 { key.as_str() } else { "" };
                lines.push(Line::from(vec![
                    Span::styled(format!("{key:<6}"), theme.key),
                    Span::styled(line, theme.soft),
                ]));
            }
        }
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(inside.height);
        let place = Rect {
            x: inside.x + (inside.width - cells) / 2,
            y: inside.y + (inside.height - height) / 3,
            width: cells,
            height,
        };
        frame.render_widget(Paragraph::new(lines), place);
    }

    fn draw_footer(&self, frame: &mut Frame<'_>, area: Rect) {
        let theme = &self.core.theme;
        let right = if let Some(notice) = &self.core.notice {
            let (sign, look) =
                if notice.is_error { ("✗", theme.error) } else { ("✓", theme.good) };
            let room = usize::from(area.width) * 3 / 5;
            cut(vec![Span::styled(format!("{sign} {} ", clean(&notice.text)), look)], room)
        } else {
            let mut counts = footer_counts(&self.core).spans;
            counts.push(Span::raw(" "));
            counts
        };
        if !self.pending.is_empty() {
            let keys: Vec<String> = self.pending.iter().map(ToString::to_string).collect();
            let left = vec![
                Span::styled(format!(" {} ", keys.join(" ")), theme.key),
                Span::styled("…", theme.soft),
            ];
            frame.render_widget(spread(left, right, usize::from(area.width)), area);
            return;
        }
        let room = usize::from(area.width).saturating_sub(spans_width(&right) + 2);
        let left = self.hints(room);
        frame.render_widget(spread(left, right, usize::from(area.width)), area);
    }

    /// As many hints as fit, each whole; help is always the last.
    fn hints(&self, room: usize) -> Vec<Span<'static>> {
        let theme = &self.core.theme;
        let contexts = self.contexts();
        let is_typing = contexts == [Context::Input];
        let mut hints = match (self.layers.last(), self.focus) {
            (Some(layer), _) => layer.hints(),
            (None, Pane::Lineage) if is_typing => self.lineage.typing_hints(),
            (None, _) if is_typing => {
                vec![(Action::Accept, "keep the filter"), (Action::Close, "clear it")]
            }
            (None, _) if self.failure().is_some() => {
                let again = self.failure().map_or(Action::RefreshAll, |(_, _, again)| again);
                vec![
                    (again, "try again"),
                    (Action::ShowActivity, "requests"),
                    (Action::Quit, "quit"),
                ]
            }
            (None, Pane::Catalog) => self.catalog.hints(&self.core),
            (None, Pane::Detail) => self.detail.hints(&self.core),
            (None, Pane::Lineage) => self.lineage.hints(),
            (None, Pane::Sync) => self.sync.hints(),
            (None, Pane::Activity) => self.activity.hints(),
        };
        let last =
            if self.layers.is_empty() && !is_typing { Some((Action::Help, "keys")) } else { None };
        let piece = |(action, words): (Action, &str)| -> Option<Vec<Span<'static>>> {
            let key = self.core.keymap.key_for(&contexts, action)?;
            Some(vec![
                Span::raw(" "),
                Span::styled(key, theme.key),
                Span::styled(format!(" {words} "), theme.soft),
            ])
        };
        let last = last.and_then(piece).unwrap_or_default();
        let mut left = room.saturating_sub(spans_width(&last));
        let mut spans = Vec::new();
        for hint in hints.drain(..) {
            let Some(piece) = piece(hint) else { continue };
            let width = spans_width(&piece);
            if width > left {
                break;
            }
            left -= width;
            spans.extend(piece);
        }
        spans.extend(last);
        spans
    }
}

fn draw_too_small(frame: &mut Frame<'_>, area: Rect) {
    let text = format!(
        "too small: this terminal is {}×{}, need {}×{}",
        area.width, area.height, MIN.0, MIN.1
    );
    let lines: Vec<Line<'_>> =
        wrap(&text, usize::from(area.width)).into_iter().map(Line::from).collect();
    let top = area.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(1)) / 2;
    let middle = Rect { y: area.y + top, height: area.height - top, ..area };
    frame.render_widget(Paragraph::new(lines).centered(), middle);
}
