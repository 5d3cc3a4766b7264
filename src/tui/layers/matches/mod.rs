//! What a dbt project, Dremio and OpenMetadata have in common and what not: the match report,
//! filterable.

mod entries;

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use self::entries::{Entry, IN_OPENMETADATA, Look, entries};
use crate::dbt::{MatchedProject, Rule};
use crate::lineage::dbt::Disagreement;
use crate::model::display::{clean, truncate_middle, width};
use crate::tui::core::{Core, shown_path};
use crate::tui::dbt::InOpenMetadata;
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{contains, cut, cut_left, fit, span, spread, wrap};

/// Lines for what there is to say of the row under the cursor.
const SAID: u16 = 5;
/// What an empty filter says.
const INVITATION: &str = "type to filter by name, path, section or rule";

enum Row<'a> {
    Heading(&'static str, usize),
    Entry(&'a Entry),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Matches {
    project: Arc<MatchedProject>,
    in_openmetadata: InOpenMetadata,
    entries: Vec<Entry>,
    input: LineInput,
    cursor: Cursor,
    list: Rect,
}

impl Matches {
    /// The report of a project; `disagreements` as far as the lineage is known.
    pub(crate) fn new(
        project: Arc<MatchedProject>,
        in_openmetadata: InOpenMetadata,
        disagreements: &[Disagreement],
    ) -> Self {
        Self {
            entries: entries(&project, &in_openmetadata, disagreements),
            project,
            in_openmetadata,
            input: LineInput::default(),
            cursor: Cursor { at: 1, ..Cursor::default() },
            list: Rect::ZERO,
        }
    }

    /// The project was matched anew, or more is known of the lineage or of OpenMetadata. The cursor
    /// stays on its row.
    pub(crate) fn take(
        &mut self,
        project: Arc<MatchedProject>,
        in_openmetadata: InOpenMetadata,
        disagreements: &[Disagreement],
    ) {
        let key = |row: &Row<'_>| match row {
            Row::Heading(section, _) => (*section, None),
            Row::Entry(entry) => (entry.section, Some((entry.name.clone(), entry.place.clone()))),
        };
        let before = self.rows().get(self.cursor.at).map(key);
        self.entries = entries(&project, &in_openmetadata, disagreements);
        self.project = project;
        self.in_openmetadata = in_openmetadata;
        let rows = self.rows();
        let len = rows.len();
        let at = before.and_then(|before| rows.iter().position(|row| key(row) == before));
        drop(rows);
        if let Some(at) = at {
            self.cursor.go(at, len);
        }
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let needle = self.input.value().trim().to_lowercase();
        let fits = |entry: &&Entry| {
            contains(entry.whole.as_ref().unwrap_or(&entry.name), &needle)
                || contains(&entry.name, &needle)
                || contains(entry.section, &needle)
                || entry.place.as_ref().is_some_and(|path| contains(&path.to_string(), &needle))
                || entry.rule.is_some_and(|rule| contains(rule.name(), &needle))
        };
        let kept: Vec<&Entry> = self.entries.iter().filter(fits).collect();
        let mut rows = Vec::with_capacity(kept.len() + 10);
        let mut is_told = !contains(IN_OPENMETADATA, &needle);
        for part in kept.chunk_by(|a, b| a.section == b.section) {
            let section = part[0].section;
            is_told |= section == IN_OPENMETADATA;
            // That nothing is missing there, or that nobody knows, is told where it would stand.
            if !is_told && !entries::is_before_openmetadata(section) {
                rows.push(Row::Heading(IN_OPENMETADATA, 0));
                is_told = true;
            }
            rows.push(Row::Heading(section, part.len()));
            rows.extend(part.iter().map(|entry| Row::Entry(entry)));
        }
        if !is_told {
            rows.push(Row::Heading(IN_OPENMETADATA, 0));
        }
        rows
    }

    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        let rows = self.rows();
        let len = rows.len();
        let entry = match rows.get(self.cursor.at) {
            Some(Row::Entry(entry)) => Some((*entry).clone()),
            _ => None,
        };
        drop(rows);
        match (action, entry) {
            (Action::Accept, Some(Entry { target: Some(path), .. })) => {
                return Outcome::Jump(path, None);
            }
            (Action::Accept, Some(entry)) => {
                core.complain(format!("{} has no dataset in Dremio to go to", clean(&entry.name)));
            }
            (Action::Accept, None) => {}
            (Action::Copy, Some(entry)) => {
                let text = entry.place.map_or(entry.name, |path| path.to_string());
                core.copy(text.clone(), &text);
            }
            (action, _) => drop(self.cursor.apply(action, len)),
        }
        Outcome::Stay
    }

    pub(crate) fn key(&mut self, key: KeyEvent) {
        if self.input.key(key) {
            self.cursor.go(1, usize::MAX);
        }
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        if self.input.paste(pasted) {
            self.cursor.go(1, usize::MAX);
        }
    }

    pub(crate) fn click(&mut self, column: u16, row: u16, core: &mut Core) -> Outcome {
        if !self.list.contains((column, row).into()) {
            return Outcome::Stay;
        }
        let at = self.cursor.offset + usize::from(row - self.list.y);
        if at == self.cursor.at {
            return self.handle(Action::Accept, core);
        }
        let len = self.rows().len();
        self.cursor.go(at, len);
        Outcome::Stay
    }

    pub(crate) fn wheel(&mut self, lines: isize) {
        let len = self.rows().len();
        self.cursor.scroll(lines, len);
    }

    /// The counts, in the frame.
    fn hint(&self) -> String {
        let counts = self.project.report.counts();
        let mut hint = format!(
            "{} matched, {} ambiguous, {} missing",
            counts.matched, counts.ambiguous, counts.missing_in_dremio
        );
        if counts.out_of_date > 0 {
            hint.push_str(&format!(", {} out of date", counts.out_of_date));
        }
        if let InOpenMetadata::Lacks(missing) = &self.in_openmetadata {
            hint.push_str(&format!(", {} not in OpenMetadata", missing.len()));
        }
        hint
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let name = self.project.project.manifest.project_name.as_deref().unwrap_or("?");
        let title = format!("dbt project {}", clean(name));
        let size = (area.width.saturating_sub(6).min(130), area.height.saturating_sub(2));
        let inside = popup::draw(frame, area, size, &title, &self.hint(), theme);
        let line = Rect { height: 1, ..inside };
        if self.input.value().is_empty() {
            let spans = vec![Span::raw("   "), Span::styled(INVITATION, theme.soft)];
            frame.render_widget(Line::from(cut(spans, usize::from(line.width))), line);
            // The prompt and the cursor only: the rest would wipe the invitation out.
            self.input.draw(frame, Rect { width: line.width.min(3), ..line }, "/ ", theme);
        } else {
            self.input.draw(frame, line, "/ ", theme);
        }
        if let Some(hint) = &self.project.report.hint {
            let spans = vec![span(&format!("! {hint}"), theme.warning)];
            let below = Rect { y: line.y + 1, ..line };
            frame.render_widget(Line::from(cut(spans, usize::from(below.width))), below);
        }
        let said = SAID.min(inside.height.saturating_sub(8));
        let list =
            Rect { y: inside.y + 2, height: inside.height.saturating_sub(3 + said), ..inside };
        self.list = list;
        let mut cursor = self.cursor;
        let rows = self.rows();
        cursor.resize(usize::from(list.height), rows.len());
        let cells = usize::from(list.width);
        let widest = rows.iter().map(|row| match row {
            Row::Entry(entry) => width(&clean(&entry.name)),
            Row::Heading(..) => 0,
        });
        // On a narrow screen the path, which says more, gets the larger half.
        let names = widest.max().unwrap_or(0).min(cells * 47 / 100);
        for (y, at) in (list.y..).zip(cursor.window(rows.len())) {
            let line = Rect { y, height: 1, ..list };
            let text = match &rows[at] {
                Row::Heading(section, count) => self.heading(section, *count, core, cells),
                Row::Entry(entry) => entry_line(entry, core, names, cells),
            };
            frame.render_widget(text, line);
            if at == cursor.at {
                frame.buffer_mut().set_style(line, theme.selected);
            }
        }
        if rows.is_empty() {
            let text = Line::from(Span::styled("Nothing like that.", theme.soft));
            frame.render_widget(text, Rect { height: 1, ..list });
        }
        if let Some(Row::Entry(entry)) = rows.get(cursor.at) {
            let below = Rect { y: list.bottom() + 1, height: said, ..inside };
            let lines = words_about(entry, core, cells);
            frame.render_widget(Paragraph::new(lines).style(theme.overlay), below);
        }
        let beside = Rect { width: list.width + 2, ..list };
        scrollbar(frame, beside, cursor.offset, rows.len(), theme.soft);
        self.cursor = cursor;
    }

    /// A heading with a count; of OpenMetadata what is known of it.
    fn heading(&self, section: &'static str, count: usize, core: &Core, cells: usize) -> Line<'_> {
        let theme = &core.theme;
        let known = &self.in_openmetadata;
        let (text, look) = match known {
            _ if section != IN_OPENMETADATA || count > 0 => (count.to_string(), theme.soft),
            InOpenMetadata::Lacks(_) => ("nothing".to_owned(), theme.good),
            InOpenMetadata::Looking(done, total) if *total > 0 => {
                (format!("{} looking, {done} of {total} databases", core.spinner()), theme.busy)
            }
            InOpenMetadata::Looking(..) => (format!("{} looking", core.spinner()), theme.busy),
            InOpenMetadata::Waiting => {
                ("looked up once the catalogue is read".to_owned(), theme.soft)
            }
            InOpenMetadata::NotLookedUp(why) => (format!("not looked up: {why}"), theme.soft),
            InOpenMetadata::Failed(why) => (format!("could not be looked up: {why}"), theme.error),
        };
        let spans = vec![Span::styled(section, theme.heading), Span::raw("  "), span(&text, look)];
        Line::from(cut(spans, cells))
    }
}

fn entry_line(entry: &Entry, core: &Core, names: usize, cells: usize) -> Line<'static> {
    let theme = &core.theme;
    let look: Style = match entry.look {
        Look::Good => theme.good,
        Look::Warning => theme.warning,
        Look::Error => theme.error,
        Look::Soft => theme.soft,
    };
    let name = clean(&entry.name).into_owned();
    let place = entry.place.as_ref().map(shown_path).unwrap_or_default();
    let room = cells.saturating_sub(names + 6);
    let left = vec![
        Span::styled(format!("  {} ", entry.sign), look),
        Span::styled(fit(&truncate_middle(&name, names), names), theme.overlay),
        Span::raw("  "),
        Span::styled(cut_left(&place, room), theme.soft),
    ];
    spread(left, Vec::new(), cells)
}

/// What there is to say of a row, in lines: what it is and where, why, and by which rule.
fn words_about(entry: &Entry, core: &Core, cells: usize) -> Vec<Line<'static>> {
    let theme = &core.theme;
    let styled = |text: &str, look: Style| -> Vec<Line<'static>> {
        wrap(text, cells).into_iter().map(|line| Line::from(Span::styled(line, look))).collect()
    };
    let head = match (&entry.whole, &entry.place) {
        (Some(whole), _) => clean(whole).into_owned(),
        (None, Some(path)) if entry.name != path.name() => {
            format!("{} → {}", clean(&entry.name), shown_path(path))
        }
        (None, Some(path)) => shown_path(path),
        (None, None) => clean(&entry.name).into_owned(),
    };
    let mut lines = styled(&head, theme.strong);
    lines.extend(styled(&entry.reason, theme.overlay));
    if entry.candidates.len() > 1 {
        let all: Vec<String> = entry.candidates.iter().map(shown_path).collect();
        lines.extend(styled(&format!("it could be {}", all.join(", ")), theme.overlay));
    }
    if let Some(rule) = entry.rule.map(Rule::name) {
        lines.extend(styled(&format!("rule: {rule}"), theme.soft));
    }
    lines
}
