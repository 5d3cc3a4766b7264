//! Drawing the details.
//!
//! ```text
//!  analytics › marts › fct_orders              view · 14 columns
//!  Columns  SQL  Preview  Wiki  Reflections         #gold #finance
//!
//!  …
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::facts::{Page, caption};
use super::{DetailPane, Remote, Tab, no_rows};
use crate::model::display::{clean, width};
use crate::model::{NodeKind, NodeRef, SchemaState};
use crate::tui::core::{Core, Server};
use crate::tui::msg::{Action, Slot};
use crate::tui::panes::kinds;
use crate::tui::widgets::list::scrollbar;
use crate::tui::widgets::markdown;
use crate::tui::widgets::text::{duration, spans_width, spread};

/// From this width on, wiki text and SQL stand beside the columns.
const WIDTH_FOR_BOTH: u16 = 120;

impl DetailPane {
    /// Draws the pane's inside.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        self.tab_places.clear();
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let Some(node) = self.node.and_then(|id| core.catalog.get(id)) else {
            return;
        };
        let [path, tabs, below, body] = rows(area);
        frame.render_widget(path_line(node, core, usize::from(area.width)), path);
        let free = self.draw_tabs(frame, tabs, node, core);
        self.draw_labels(frame, free, below, node, core);
        self.draw_body(frame, body, node, core, focused);
    }

    /// Draws the tabs; gives what they leave free.
    fn draw_tabs(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        node: NodeRef<'_>,
        core: &Core,
    ) -> Rect {
        let theme = &core.theme;
        let front = self.tab(node);
        let tabs = self.tabs(node);
        let cells: usize = tabs.iter().map(|tab| tab.title().len() + 2).sum();
        // Closer together rather than cut off.
        let gap = if cells > usize::from(area.width) + 2 { 1 } else { 2 };
        let mut x = area.x;
        for tab in tabs {
            let look = if tab == front { theme.tab_active } else { theme.tab };
            let label = Line::from(Span::styled(tab.title(), look));
            let cells = u16::try_from(tab.title().len()).unwrap_or(0);
            let place = Rect { x, width: cells, ..area }.intersection(area);
            frame.render_widget(label, place);
            self.tab_places.push((place, tab));
            x = x.saturating_add(cells + gap);
        }
        Rect { x, width: area.right().saturating_sub(x), ..area }
    }

    /// Draws the labels beside the tabs, or else below them.
    fn draw_labels(
        &self,
        frame: &mut Frame<'_>,
        beside: Rect,
        below: Rect,
        node: NodeRef<'_>,
        core: &Core,
    ) {
        let labels = self.extras.get(&node.id()).map_or(&[][..], |extras| &extras.labels);
        let text =
            labels.iter().map(|label| format!("#{}", clean(label))).collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return;
        }
        let place = if width(&text) <= usize::from(beside.width) { beside } else { below };
        let text = crate::model::display::truncate_to_width(&text, usize::from(place.width));
        let line = Line::from(Span::styled(text.into_owned(), core.theme.call)).right_aligned();
        frame.render_widget(line, place);
    }

    fn draw_body(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        node: NodeRef<'_>,
        core: &Core,
        focused: bool,
    ) {
        let tab = self.tab(node);
        let cells = usize::from(area.width);
        let mut page = Page::new(core, cells);
        let extras = self.extras.get(&node.id());
        let name = clean(node.name()).into_owned();
        match tab {
            Tab::Columns => {
                self.draw_columns(frame, area, node, core, focused);
                return;
            }
            Tab::Sql => {
                self.draw_sql(frame, area, node, core);
                return;
            }
            Tab::Preview => {
                self.draw_preview(frame, area, node, core, focused);
                return;
            }
            Tab::UsedBy => {
                self.draw_used_by(frame, area, node, core, focused);
                return;
            }
            Tab::Overview => {
                if let Some(error) = node.error() {
                    page.node_error(node, &error.message);
                    page.blank();
                }
                page.overview(node);
                if let Some(Remote::Ready(Some(_))) = extras.map(|extras| &extras.wiki) {
                    page.blank();
                    page.wiki(extras.map(|extras| &extras.wiki), &name);
                }
            }
            Tab::Dbt => {
                if let Some(dbt) = &self.dbt {
                    page.dbt(dbt, &node.path());
                }
            }
            Tab::Definition => match node.error() {
                Some(error) => page.node_error(node, &error.message),
                None => page.definition(node),
            },
            Tab::Wiki => {
                page.labels(extras.map_or(&[][..], |extras| &extras.labels));
                page.wiki(extras.map(|extras| &extras.wiki), &name);
            }
            Tab::Reflections if node.server_id().is_none() => {
                page.text("The server gives this dataset no id to ask by.", core.theme.soft);
            }
            Tab::Reflections => {
                page.reflections(extras.map(|extras| &extras.reflections), &name);
            }
        }
        let lines = page.lines;
        self.draw_lines(frame, area, &lines, core);
    }

    /// Lines that scroll.
    fn draw_lines(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        lines: &[Line<'static>],
        core: &Core,
    ) {
        let (cells, height) = (usize::from(area.width), usize::from(area.height));
        let widest = lines.iter().map(|line| spans_width(&line.spans)).max().unwrap_or(0);
        self.page = area;
        self.scroll.fit(lines.len(), (cells, height), widest);
        let shown: Vec<Line<'_>> =
            lines.iter().skip(self.scroll.top).take(height).cloned().collect();
        let goes_on: Vec<bool> =
            shown.iter().map(|line| spans_width(&line.spans) > cells + self.scroll.left).collect();
        let left = u16::try_from(self.scroll.left).unwrap_or(u16::MAX);
        frame.render_widget(Paragraph::new(shown).scroll((0, left)), area);
        for (y, _) in (area.y..).zip(goes_on).filter(|(_, goes_on)| *goes_on) {
            let last = Rect { x: area.right() - 1, y, width: 1, height: 1 };
            frame.render_widget(Span::styled("…", core.theme.soft), last);
        }
        let beside = Rect { width: area.width + 2, ..area };
        scrollbar(frame, beside, self.scroll.top, lines.len(), core.theme.soft);
    }

    fn draw_columns(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        node: NodeRef<'_>,
        core: &Core,
        focused: bool,
    ) {
        let theme = &core.theme;
        let schema = node.schema();
        let mut page = Page::new(core, usize::from(area.width));
        match (schema.state, node.error()) {
            (SchemaState::Known, _) => {
                let mut area = area;
                let wiki = match self.extras.get(&node.id()).map(|extras| &extras.wiki) {
                    Some(Remote::Ready(Some(text))) => Some(text.as_str()),
                    _ => None,
                };
                if area.width >= WIDTH_FOR_BOTH && (node.sql().is_some() || wiki.is_some()) {
                    let left = area.width * 9 / 20;
                    let beside = Rect { x: area.x + left, width: area.width - left, ..area };
                    area.width = left - 2;
                    self.sql.refresh(node, core);
                    let sql = node.sql().map(|_| self.sql.lines());
                    draw_beside(frame, beside, sql, wiki, core);
                }
                let described = core.om.columns.get(&node.path().folded());
                self.columns.draw(frame, area, node, described, theme, focused);
                return;
            }
            (_, Some(error)) => page.node_error(node, &error.message),
            (SchemaState::Unknown, None) => {
                page.text("The schema is not known.", theme.strong);
                page.blank();
                page.text(
                    "Dremio has not worked out the columns of this dataset yet. It does so when the \
                     dataset is first queried; a preview may be enough.",
                    theme.soft,
                );
            }
            (SchemaState::Unread, None) => {
                let text = page.not_read(node);
                page.text(&text, theme.soft);
            }
        }
        let lines = page.lines;
        self.draw_lines(frame, area, &lines, core);
    }

    fn draw_sql(&mut self, frame: &mut Frame<'_>, area: Rect, node: NodeRef<'_>, core: &Core) {
        let theme = &core.theme;
        let mut page = Page::new(core, usize::from(area.width));
        if node.sql().is_some() {
            self.sql.refresh(node, core);
            let context: Vec<&str> = node.sql_context().collect();
            if !context.is_empty() {
                let context = crate::model::DatasetPath::new(context).to_string();
                page.text(&format!("names are looked up in {context} first"), theme.soft);
                page.blank();
            }
            if let Some(why) = self.sql.refusal() {
                page.text(&format!("! shown as written: {why}"), theme.warning);
                page.blank();
            }
            self.sql_top = page.lines.len();
            page.lines.extend(self.sql.lines().iter().cloned());
            let lines = page.lines;
            if let Some(text) = self.sql_wish.take() {
                let height = usize::from(area.height);
                self.scroll.fit(lines.len(), (usize::from(area.width), height), 0);
                self.sql.show_text(&text, &mut self.scroll);
            }
            self.draw_lines(frame, area, &lines, core);
            self.sql.mark(frame, area, self.sql_top, &self.scroll, core);
            return;
        }
        if let Some(error) = node.error() {
            page.node_error(node, &error.message);
        } else if node.has_details() {
            page.text("The SQL is hidden.", theme.strong);
            page.blank();
            page.text(
                "The server shows this view without its SQL, as it does to users who may read a view \
                 but not its definition.",
                theme.soft,
            );
        } else {
            let text = page.not_read(node);
            page.text(&text, theme.soft);
        }
        let lines = page.lines;
        self.draw_lines(frame, area, &lines, core);
    }

    fn draw_used_by(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        node: NodeRef<'_>,
        core: &Core,
        focused: bool,
    ) {
        let theme = &core.theme;
        if let Some(model) = &self.lineage {
            self.used_by.refresh(node, model);
            self.used_by.draw(frame, area, model.views().1, core, focused);
            return;
        }
        let mut page = Page::new(core, usize::from(area.width));
        match &self.lineage_failure {
            Some(why) => {
                page.text("✗ The SQL of the views could not be read.", theme.error);
                page.blank();
                page.text(why, theme.base);
            }
            None => {
                page.text(
                    &format!("{} reading the SQL of the views …", core.spinner()),
                    theme.soft,
                );
            }
        }
        let lines = page.lines;
        self.draw_lines(frame, area, &lines, core);
    }

    fn draw_preview(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        node: NodeRef<'_>,
        core: &Core,
        focused: bool,
    ) {
        let theme = &core.theme;
        let mut page = Page::new(core, usize::from(area.width));
        match self.extras.get(&node.id()).map(|extras| &extras.preview) {
            Some(Remote::Ready(preview)) => {
                self.preview_cursor.draw(frame, area, preview, theme, focused);
                return;
            }
            Some(Remote::Loading) => {
                let elapsed = core
                    .running(Slot::Preview)
                    .map(|job| job.elapsed(core.now))
                    .unwrap_or_default();
                page.text(
                    &format!("{} running for {}", core.spinner(), duration(elapsed)),
                    theme.busy,
                );
                page.blank();
                let key = Self::key_for(core, Action::Back);
                page.text(&format!("{key} cancels it, here and on the server."), theme.soft);
            }
            Some(Remote::Failed(message)) if message == "cancelled" => {
                page.text("Cancelled.", theme.strong);
                page.blank();
                let key = Self::key_for(core, Action::Refresh);
                page.text(&format!("{key} runs it again."), theme.soft);
            }
            Some(Remote::Failed(message)) => {
                page.text("✗ The query failed.", theme.error);
                page.blank();
                page.text(message, theme.base);
                page.blank();
                let key = Self::key_for(core, Action::Refresh);
                page.text(&format!("{key} runs it again."), theme.soft);
            }
            _ if no_rows(node).is_some() => {
                let why = no_rows(node).unwrap_or_default();
                page.text(&format!("✗ No preview: {why}."), theme.error);
                if let Some(error) = node.error() {
                    page.blank();
                    page.text(&error.message, theme.base);
                }
            }
            _ if !matches!(core.server, Server::Ready(_)) => {
                page.text("There is no connection to ask for rows.", theme.soft);
            }
            _ => {
                let key = Self::key_for(core, Action::ShowPreview);
                page.text(&format!("{key} reads the first 50 rows."), theme.soft);
                if node.kind() == NodeKind::View {
                    page.text("It runs the view's query on the server.", theme.soft);
                }
            }
        }
        let lines = page.lines;
        self.draw_lines(frame, area, &lines, core);
    }
}

/// What else there is to say of a dataset, beside its columns, as far as there is room.
fn draw_beside(
    frame: &mut Frame<'_>,
    area: Rect,
    sql: Option<&[Line<'static>]>,
    wiki: Option<&str>,
    core: &Core,
) {
    let theme = &core.theme;
    for y in area.y..area.bottom() {
        let cell = Rect { x: area.x, y, width: 1, height: 1 };
        frame.render_widget(Span::styled("│", theme.border), cell);
    }
    let inside = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let cells = usize::from(inside.width);
    let mut lines = Vec::new();
    if let Some(text) = wiki {
        lines.push(Line::from(Span::styled("Wiki", theme.header)));
        lines.extend(markdown::render(text, cells.min(100), theme));
    }
    let mut key = DetailPane::key_for(core, Action::ShowWiki);
    if let Some(sql) = sql {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(Span::styled("SQL", theme.header)));
        lines.extend(sql.iter().cloned());
        key = DetailPane::key_for(core, Action::ShowSql);
    }
    let height = usize::from(inside.height);
    if lines.len() > height && height > 0 {
        let more = format!("… {} more lines ({key})", lines.len() - height + 1);
        lines.truncate(height - 1);
        lines.push(Line::from(Span::styled(more, theme.soft)));
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Path, tabs, a line of air, and the rest.
fn rows(area: Rect) -> [Rect; 4] {
    let line = |offset: u16| Rect {
        y: (area.y + offset).min(area.bottom()),
        height: u16::from(area.height > offset),
        ..area
    };
    let body =
        Rect { y: (area.y + 3).min(area.bottom()), height: area.height.saturating_sub(3), ..area };
    [line(0), line(1), line(2), body]
}

/// The path as crumbs, and what kind of thing it leads to.
fn path_line(node: NodeRef<'_>, core: &Core, cells: usize) -> Line<'static> {
    let theme = &core.theme;
    let right = vec![Span::styled(caption(node), theme.soft)];
    let room = cells.saturating_sub(spans_width(&right) + 1);
    let parts = node.path();
    let (name, above) =
        parts.parts().split_last().map_or(("", &[][..]), |(last, above)| (last.as_str(), above));
    let mut spans = vec![
        Span::styled(kinds::sign(node.kind()), kinds::style(node.kind(), theme)),
        Span::raw(" "),
    ];
    let name = clean(name).into_owned();
    let mut crumbs: Vec<String> = above.iter().map(|part| clean(part).into_owned()).collect();
    let needed = |crumbs: &[String]| {
        crumbs.iter().map(|crumb| width(crumb) + 3).sum::<usize>() + width(&name) + 2
    };
    // The name matters most, then what is nearest to it.
    let mut is_cut = false;
    while needed(&crumbs) + usize::from(is_cut) * 4 > room && !crumbs.is_empty() {
        crumbs.remove(0);
        is_cut = true;
    }
    if is_cut {
        spans.push(Span::styled("… › ", theme.faint));
    }
    for crumb in crumbs {
        spans.push(Span::styled(crumb, theme.soft));
        spans.push(Span::styled(" › ", theme.faint));
    }
    spans.push(Span::styled(name, theme.strong));
    spread(spans, right, cells)
}
