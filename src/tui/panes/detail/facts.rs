//! The texts of the Overview, Definition, Wiki and Reflections tabs, as lines.

use std::collections::BTreeMap;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{DetailPane, Remote};
use crate::dremio::Reflection;
use crate::model::display::clean;
use crate::model::{Listing, NodeKind, NodeRef, SourceHealth};
use crate::tui::core::{Core, Server, shown_path};
use crate::tui::msg::Action;
use crate::tui::theme::Theme;
use crate::tui::widgets::text::{bytes, count, counted, fit, wrap};
use crate::tui::widgets::{markdown, sql};

/// Cells for the names of facts.
const LABEL: usize = 12;

/// Lines being put together.
pub(super) struct Page<'a> {
    core: &'a Core,
    cells: usize,
    pub(super) lines: Vec<Line<'static>>,
}

impl<'a> Page<'a> {
    pub(super) fn new(core: &'a Core, cells: usize) -> Self {
        Self { core, cells, lines: Vec::new() }
    }

    pub(super) fn blank(&mut self) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
    }

    pub(super) fn text(&mut self, text: &str, style: Style) {
        for line in wrap(text, self.cells) {
            self.lines.push(Line::from(Span::styled(line, style)));
        }
    }

    /// The colours that lines are made with.
    pub(super) fn theme(&self) -> &'a Theme {
        &self.core.theme
    }

    /// How wide lines may be.
    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    pub(super) fn fact(&mut self, label: &str, value: &str, style: Style) {
        self.fact_of(label, LABEL, value, style);
    }

    /// A fact whose name takes this many cells.
    pub(super) fn fact_of(&mut self, label: &str, room: usize, value: &str, style: Style) {
        let theme = &self.core.theme;
        let mut label = fit(label, room.saturating_sub(1)) + " ";
        for line in wrap(value, self.cells.saturating_sub(room)) {
            let label = std::mem::replace(&mut label, " ".repeat(room));
            self.lines
                .push(Line::from(vec![Span::styled(label, theme.soft), Span::styled(line, style)]));
        }
    }

    /// Text that stands so many cells further in.
    pub(super) fn indented(&mut self, text: &str, by: usize, style: Style) {
        for line in wrap(text, self.cells.saturating_sub(by)) {
            let indent = Span::raw(" ".repeat(by));
            self.lines.push(Line::from(vec![indent, Span::styled(line, style)]));
        }
    }

    /// What a container, a file or something unknown is.
    pub(super) fn overview(&mut self, node: NodeRef<'_>) {
        let theme = &self.core.theme;
        let kind = match node.raw_kind() {
            Some(raw) if node.kind() == NodeKind::Unknown => {
                format!("unknown to this program (the server says {raw})")
            }
            _ => node.kind().name().to_owned(),
        };
        self.fact("Kind", &kind, theme.base);
        if let Some(source) = node.source() {
            if let Some(connector) = &source.connector {
                self.fact("Connector", connector, theme.base);
            }
            let (word, style) = match source.health {
                SourceHealth::Good => ("✓ good", theme.good),
                SourceHealth::Warn => ("! with warnings", theme.warning),
                SourceHealth::Bad => ("✗ bad: it cannot be reached", theme.error),
                SourceHealth::Unknown => ("not known", theme.soft),
            };
            self.fact("State", word, style);
            for message in &source.messages {
                self.fact("", message, style);
            }
            if let Some(suggestion) = source.suggestion.as_ref().filter(|text| !text.is_empty()) {
                self.fact("Suggestion", suggestion, theme.base);
            }
        }
        if node.kind().is_container() {
            self.fact("Holds", &self.holds(node), theme.base);
        }
        if let Some(created) = node.created_at() {
            self.fact("Created", &moment(created), theme.base);
        }
        self.fact("Path", &node.path().to_string(), theme.base);
        if let Some(id) = node.server_id() {
            self.fact("Id", id, theme.soft);
        }
        if node.kind() == NodeKind::File {
            self.blank();
            self.text("A file that Dremio has not been told to read as a table.", theme.soft);
        }
    }

    fn holds(&self, node: NodeRef<'_>) -> String {
        let children = node.children().len();
        let mut kinds: BTreeMap<NodeKind, usize> = BTreeMap::new();
        for child in node.children() {
            *kinds.entry(plain(child.kind())).or_default() += 1;
        }
        let mut text = kinds
            .iter()
            .map(|(kind, number)| counted(*number, kind.name()))
            .collect::<Vec<_>>()
            .join(", ");
        match node.listing() {
            Listing::Complete if children == 0 => "nothing".clone_into(&mut text),
            Listing::Partial => text.push_str(" so far"),
            Listing::Unread if children == 0 => {
                let key = DetailPane::key_for(self.core, Action::Refresh);
                text = if self.core.reading.contains(&node.id()) {
                    "reading …".to_owned()
                } else if node.error().is_some() {
                    "could not be listed".to_owned()
                } else {
                    format!("not listed yet ({key} lists it)")
                };
            }
            Listing::Complete | Listing::Unread => {}
        }
        text
    }

    /// A function's signature and body.
    pub(super) fn definition(&mut self, node: NodeRef<'_>) {
        let theme = &self.core.theme;
        let Some(function) = node.function() else {
            self.text(&self.not_read(node), theme.soft);
            return;
        };
        let arguments = function.arguments.as_deref().unwrap_or_default();
        let returns = function.returns.as_deref().unwrap_or("not known");
        let signature = format!("{}({arguments})", clean(node.name()));
        self.text(&signature, theme.strong);
        self.fact("Returns", returns, theme.data_type);
        self.blank();
        match &function.body {
            Some(body) => self.lines.extend(sql::lines(body, theme)),
            None => self.text("The server does not show its body.", theme.soft),
        }
    }

    /// Labels, with a line of air after them.
    pub(super) fn labels(&mut self, labels: &[String]) {
        if labels.is_empty() {
            return;
        }
        let labels: Vec<String> = labels.iter().map(|label| format!("#{}", clean(label))).collect();
        self.text(&labels.join(" "), self.core.theme.call);
        self.blank();
    }

    /// The wiki text.
    pub(super) fn wiki(&mut self, wiki: Option<&Remote<Option<String>>>, name: &str) {
        let theme = &self.core.theme;
        match wiki {
            Some(Remote::Ready(Some(text))) => {
                self.lines.extend(markdown::render(text, self.cells.min(100), theme));
            }
            Some(Remote::Ready(None)) => {
                self.text(&format!("Nobody has written a wiki text for {name} yet."), theme.soft);
            }
            Some(Remote::Failed(message)) => self.failed("The wiki text", message),
            _ => self.pending(),
        }
    }

    /// Reflections, one after the other.
    pub(super) fn reflections(&mut self, list: Option<&Remote<Vec<Reflection>>>, name: &str) {
        let theme = &self.core.theme;
        match list {
            Some(Remote::Ready(list)) if list.is_empty() => {
                self.text(&format!("No reflection accelerates {name}."), theme.soft);
            }
            Some(Remote::Ready(list)) => {
                for reflection in list {
                    self.blank();
                    self.reflection(reflection);
                }
            }
            Some(Remote::Failed(message)) => self.failed("The reflections", message),
            _ => self.pending(),
        }
    }

    fn reflection(&mut self, reflection: &Reflection) {
        let theme = &self.core.theme;
        let (state, look) = match (reflection.enabled, &reflection.last_failure) {
            (false, _) => ("switched off", theme.soft),
            (true, Some(_)) => ("✗ failing", theme.error),
            (true, None) => ("✓ on", theme.good),
        };
        self.lines.push(Line::from(vec![
            Span::styled(clean(&reflection.name).into_owned(), theme.strong),
            Span::styled(format!("  {}  ", clean(&reflection.kind).to_lowercase()), theme.soft),
            Span::styled(state, look),
        ]));
        if let Some(status) = &reflection.status {
            self.fact("  Status", &status.replace('_', " ").to_lowercase(), theme.base);
        }
        if let Some(failure) = &reflection.last_failure {
            self.fact("  Failure", failure, theme.error);
        }
        if let Some(size) = reflection.size_bytes {
            self.fact("  Size", &bytes(size), theme.base);
        }
        if let Some(fetched) = &reflection.last_data_fetch {
            self.fact("  Fetched", &moment(fetched), theme.base);
        }
        for (role, fields) in reflection.fields.iter().filter(|(_, fields)| !fields.is_empty()) {
            self.fact(&format!("  {role}"), &fields.join(", "), theme.base);
        }
    }

    fn pending(&mut self) {
        let text = if matches!(self.core.server, Server::Ready(_)) {
            format!("{} reading …", self.core.spinner())
        } else {
            "Not read yet: there is no connection.".to_owned()
        };
        self.text(&text, self.core.theme.soft);
    }

    pub(super) fn failed(&mut self, what: &str, message: &str) {
        let key = DetailPane::key_for(self.core, Action::Refresh);
        self.text(&format!("✗ {what} could not be read."), self.core.theme.error);
        self.blank();
        self.text(message, self.core.theme.base);
        self.blank();
        self.text(&format!("{key} tries again."), self.core.theme.soft);
    }

    /// Why there are no details of a node.
    pub(super) fn not_read(&self, node: NodeRef<'_>) -> String {
        if self.core.reading.contains(&node.id()) || self.core.walk.running {
            format!("{} reading …", self.core.spinner())
        } else {
            format!("Not read yet ({} reads it).", DetailPane::key_for(self.core, Action::Refresh))
        }
    }

    /// A node whose own details could not be read.
    pub(super) fn node_error(&mut self, node: NodeRef<'_>, message: &str) {
        self.failed(&shown_path(&node.path()), message);
    }
}

/// `2023-08-26 22:27:04 UTC` for `2023-08-26T22:27:04.550Z`; anything else as the server has it.
fn moment(text: &str) -> String {
    let date_and_time = text.strip_suffix('Z').and_then(|text| text.split_once('T'));
    match date_and_time {
        Some((date, time)) => {
            let time = time.split_once('.').map_or(time, |(seconds, _)| seconds);
            format!("{date} {time} UTC")
        }
        None => text.to_owned(),
    }
}

/// Tables are tables, however they came to be.
fn plain(kind: NodeKind) -> NodeKind {
    match kind {
        NodeKind::Table(_) => NodeKind::Table(crate::model::TableKind::Unknown),
        kind => kind,
    }
}

/// How a node is described beside its path.
pub(super) fn caption(node: NodeRef<'_>) -> String {
    let mut parts = vec![node.kind().name().to_owned()];
    if let Some(format) = node.format() {
        parts.push(clean(format).into_owned());
    }
    if let Some(connector) = node.source().and_then(|source| source.connector.as_deref()) {
        parts.push(clean(connector).into_owned());
    }
    let schema = node.schema();
    if schema.state == crate::model::SchemaState::Known {
        parts.push(counted(schema.len(), "column"));
    } else if node.kind().is_container() && node.listing() == Listing::Complete {
        parts.push(format!("{} inside", count(node.children().len())));
    }
    parts.join(" · ")
}
