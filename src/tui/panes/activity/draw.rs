//! Drawing the Activity pane, and its share of the footer.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{ActivityPane, TABS, Tab, clock};
use crate::http::RequestRecord;
use crate::model::display::{clean, truncate_middle, width};
use crate::tui::core::{Core, JobRecord, JobState};
use crate::tui::keymap::Context;
use crate::tui::msg::{Action, Slot};
use crate::tui::theme::Theme;
use crate::tui::widgets::table::{self, Column, Spec};
use crate::tui::widgets::text::{bytes, count, cut_left, duration, spans_width, spread, wrap};

/// Lines below the warnings, the first of them empty.
const TOLD: u16 = 5;

impl ActivityPane {
    /// Draws the pane's inside.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        self.refresh(core);
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        self.draw_tabs(frame, Rect { height: 1, ..area }, core);
        let has_filter = self.is_typing || !self.filter.value().is_empty();
        let taken = 2 + u16::from(has_filter);
        let body = Rect { y: area.y + 2, height: area.height.saturating_sub(taken), ..area };
        match self.tab {
            Tab::Jobs => self.draw_jobs(frame, body, core, focused),
            Tab::Requests => self.draw_requests(frame, body, core, focused),
            Tab::Warnings => self.draw_warnings(frame, body, core, focused),
        }
        if has_filter && area.height > 3 {
            let line = Rect { y: area.bottom() - 1, height: 1, ..area };
            if self.is_typing {
                self.filter.draw(frame, line, "/", &core.theme);
            } else {
                let value = clean(self.filter.value()).into_owned();
                let spans =
                    vec![Span::styled("/", core.theme.key), Span::styled(value, core.theme.strong)];
                frame.render_widget(Line::from(spans), line);
            }
        }
    }

    fn draw_tabs(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        self.tab_places.clear();
        let (warnings, left_out) = (core.warning_count(), core.walk.skipped.len());
        let mut x = area.x;
        for tab in TABS {
            let title = match tab {
                Tab::Jobs => "Jobs".to_owned(),
                Tab::Requests => {
                    format!("Requests {}", count(usize::try_from(core.log.total()).unwrap_or(0)))
                }
                Tab::Warnings => {
                    let mut title = "Warnings".to_owned();
                    if warnings > 0 {
                        title.push_str(&format!(" {}", count(warnings)));
                    }
                    if left_out > 0 {
                        title.push_str(&format!(", left out {}", count(left_out)));
                    }
                    title
                }
            };
            let look = if tab == self.tab { core.theme.tab_active } else { core.theme.tab };
            let cells = u16::try_from(title.len()).unwrap_or(0);
            let place = Rect { x, width: cells, ..area }.intersection(area);
            frame.render_widget(Line::from(Span::styled(title, look)), place);
            self.tab_places.push((place, tab));
            x = x.saturating_add(cells + 2);
        }
    }

    fn empty(frame: &mut Frame<'_>, area: Rect, text: &'static str, theme: &Theme) {
        frame.render_widget(Line::from(Span::styled(text, theme.soft)), Rect { height: 1, ..area });
    }

    fn draw_jobs(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let jobs: Vec<JobRecord> = self.jobs(core).into_iter().cloned().collect();
        let theme = &core.theme;
        if jobs.is_empty() {
            Self::empty(frame, area, self.nothing("No job has run yet."), theme);
            return;
        }
        let time_cells = 10;
        let room = usize::from(area.width).saturating_sub(1 + time_cells + 3 * 2);
        let longest = jobs.iter().map(|job| width(&clean(&job.label))).max().unwrap_or(0);
        let label = longest.clamp(12, (room * 3 / 5).max(12));
        let columns = [
            Column::new("", 1),
            Column::new("Job", label),
            Column::new("Time", time_cells).right(),
            Column::new("Result", room.saturating_sub(label)),
        ];
        let spec = Spec { columns: &columns, left: 0, rows: jobs.len(), focused, theme };
        self.body = table::draw(frame, area, &spec, &mut self.cursors[0], |row, column| {
            let job = &jobs[row];
            match column {
                0 => state_sign(job, core),
                1 => (Cow::Borrowed(job.label.as_str()), theme.base),
                2 => (Cow::Owned(duration(time(job, core))), theme.soft),
                _ => result(job, core),
            }
        });
    }

    fn draw_requests(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let theme = &core.theme;
        if self.requests.is_empty() {
            Self::empty(frame, area, self.nothing("No request has been sent yet."), theme);
            return;
        }
        let cells = usize::from(area.width);
        // The path says most: what is beside it comes with the room for it.
        let mut fields = vec![Field::Method, Field::Path, Field::Status, Field::Ms];
        if cells >= 72 {
            fields.insert(0, Field::Time);
        }
        if cells >= 90 {
            fields.extend([Field::Size, Field::Attempt]);
        }
        let fixed: usize = fields.iter().map(|field| field.width() + 2).sum();
        let columns: Vec<Column> = fields.iter().map(|field| field.column(cells, fixed)).collect();
        let requests = &self.requests;
        let spec = Spec { columns: &columns, left: 0, rows: requests.len(), focused, theme };
        self.body = table::draw(frame, area, &spec, &mut self.cursors[1], |row, column| {
            fields[column].cell(&requests[row], columns[column].width, theme)
        });
    }

    fn draw_warnings(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let troubles = self.troubles.list();
        let theme = &core.theme;
        if troubles.is_empty() {
            Self::empty(frame, area, self.nothing("Nothing to complain about."), theme);
            return;
        }
        // The reason seldom fits beside the name: that of the line under the cursor is told in full.
        let told = if area.height >= 12 { TOLD } else { 0 };
        let below = Rect { y: area.bottom() - told, height: told, ..area };
        let area = Rect { height: area.height - told, ..area };
        let word = troubles.iter().map(|trouble| width(trouble.word)).max().unwrap_or(0);
        let room = usize::from(area.width).saturating_sub(word + 4);
        let longest = troubles.iter().map(|trouble| width(&clean(&trouble.what))).max();
        let what = longest.unwrap_or(0).clamp(8, (room * 3 / 5).max(8));
        let columns = [
            Column::new("", word),
            Column::new("What", what),
            Column::new("Why", room.saturating_sub(what)),
        ];
        let spec = Spec { columns: &columns, left: 0, rows: troubles.len(), focused, theme };
        self.body = table::draw(frame, area, &spec, &mut self.cursors[2], |row, column| {
            let trouble = &troubles[row];
            match column {
                0 => {
                    let look = if trouble.is_failure { theme.error } else { theme.warning };
                    (Cow::Borrowed(trouble.word), look)
                }
                1 => {
                    let what = if trouble.node.is_some() {
                        cut_left(&trouble.what, columns[1].width)
                    } else {
                        trouble.what.clone()
                    };
                    (Cow::Owned(what), theme.base)
                }
                _ => (Cow::Borrowed(trouble.why.as_str()), theme.soft),
            }
        });
        self.draw_told(frame, below, theme);
    }

    /// Tells the trouble under the cursor in full, as far as there is room.
    fn draw_told(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let Some(trouble) = self.troubles.list().get(self.cursors[2].at) else { return };
        let why = if trouble.why.is_empty() { &trouble.what } else { &trouble.why };
        let lines: Vec<Line<'_>> = wrap(why, usize::from(area.width))
            .into_iter()
            .take(usize::from(area.height.saturating_sub(1)))
            .map(|line| Line::from(Span::styled(line, theme.base)))
            .collect();
        let place = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        frame.render_widget(Paragraph::new(lines), place);
    }

    /// What an empty list says: a filter may be why.
    fn nothing(&self, text: &'static str) -> &'static str {
        if self.needle().is_empty() { text } else { "Nothing here has these letters." }
    }
}

/// A column of the request log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Time,
    Method,
    Path,
    Status,
    Ms,
    Size,
    Attempt,
}

impl Field {
    /// Cells, but for the path, which has what is left.
    fn width(self) -> usize {
        match self {
            Self::Time | Self::Size => 8,
            Self::Method | Self::Status | Self::Ms => 6,
            Self::Attempt => 3,
            Self::Path => 0,
        }
    }

    fn column(self, cells: usize, fixed: usize) -> Column {
        let title = match self {
            Self::Time => "Time",
            Self::Method => "Method",
            Self::Path => return Column::new("Path", cells.saturating_sub(fixed).max(10)),
            Self::Status => "Status",
            Self::Ms => "ms",
            Self::Size => "Size",
            Self::Attempt => "Try",
        };
        let column = Column::new(title, self.width());
        if matches!(self, Self::Time | Self::Method) { column } else { column.right() }
    }

    fn cell(
        self,
        request: &RequestRecord,
        cells: usize,
        theme: &Theme,
    ) -> (Cow<'static, str>, Style) {
        match self {
            Self::Time => (Cow::Owned(clock(request.at)), theme.soft),
            Self::Method => (Cow::Borrowed(request.method), theme.soft),
            Self::Path => {
                let path = clean(&request.path).into_owned();
                (Cow::Owned(truncate_middle(&path, cells).into_owned()), theme.base)
            }
            Self::Status => status(request, theme),
            Self::Ms => {
                let ms = usize::try_from(request.elapsed.as_millis()).unwrap_or(0);
                (Cow::Owned(count(ms)), theme.base)
            }
            Self::Size => (Cow::Owned(bytes(request.bytes)), theme.soft),
            Self::Attempt if request.attempt > 1 => {
                (Cow::Owned(request.attempt.to_string()), theme.warning)
            }
            Self::Attempt => (Cow::Borrowed("1"), theme.faint),
        }
    }
}

fn state_sign(job: &JobRecord, core: &Core) -> (Cow<'static, str>, Style) {
    let theme = &core.theme;
    match &job.state {
        JobState::Running if job.slot == Slot::Discovery && !core.walk.running => {
            (Cow::Borrowed("✓"), theme.good)
        }
        JobState::Running => (Cow::Borrowed(core.spinner()), theme.busy),
        JobState::Done => (Cow::Borrowed("✓"), theme.good),
        JobState::Failed(_) => (Cow::Borrowed("✗"), theme.error),
        JobState::Cancelled => (Cow::Borrowed("○"), theme.soft),
    }
}

/// How long a job has run; the walk has only read for a part of the time that it has been there.
fn time(job: &JobRecord, core: &Core) -> Duration {
    if job.slot == Slot::Discovery && job.state == JobState::Running && !core.walk.running {
        core.walk.stats.elapsed
    } else {
        job.elapsed(core.now)
    }
}

fn result<'a>(job: &'a JobRecord, core: &Core) -> (Cow<'a, str>, Style) {
    let theme = &core.theme;
    match &job.state {
        JobState::Running if job.slot == Slot::Discovery => {
            let stats = &core.walk.stats;
            let rest = match (core.walk.running, stats.pending) {
                (true, pending) => format!(", about {} to go", count(pending)),
                (false, _) => "; reads on demand".to_owned(),
            };
            let text = format!(
                "{} containers, {} datasets{rest}",
                count(stats.containers),
                count(stats.datasets)
            );
            (Cow::Owned(text), theme.soft)
        }
        JobState::Running => (Cow::Borrowed("running"), theme.soft),
        JobState::Done => (Cow::Borrowed("done"), theme.soft),
        JobState::Failed(message) => (Cow::Borrowed(message.as_str()), theme.error),
        JobState::Cancelled => (Cow::Borrowed("cancelled"), theme.soft),
    }
}

fn status(request: &RequestRecord, theme: &Theme) -> (Cow<'static, str>, Style) {
    match request.status {
        Some(status) if status < 300 => (Cow::Owned(status.to_string()), theme.good),
        Some(status) if status < 500 => (Cow::Owned(status.to_string()), theme.warning),
        Some(status) => (Cow::Owned(status.to_string()), theme.error),
        None => (Cow::Borrowed("✗"), theme.error),
    }
}

/// What the footer says of warnings and running jobs.
pub(crate) fn footer_counts(core: &Core) -> Line<'static> {
    let theme = &core.theme;
    let mut right = Vec::new();
    let warnings = core.warning_count();
    let key = core.key(&[Context::Global], Action::ShowActivity);
    if warnings > 0 {
        let plural = if warnings == 1 { "" } else { "s" };
        right.push(Span::styled(format!("! {} warning{plural}", count(warnings)), theme.warning));
    }
    let jobs = core.busy_jobs()
        - usize::from(!core.walk.running && core.running(Slot::Discovery).is_some());
    if jobs > 0 {
        if !right.is_empty() {
            right.push(Span::raw("  "));
        }
        let plural = if jobs == 1 { "" } else { "s" };
        right.push(Span::styled(format!("{} {jobs} job{plural}", core.spinner()), theme.busy));
    }
    if !right.is_empty() {
        right.push(Span::styled(format!(" ({key})"), theme.soft));
    }
    let cells = spans_width(&right);
    spread(right, Vec::new(), cells)
}
