//! The dbt tab: what dbt knows of a dataset.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::facts::Page;
use crate::dbt::{Exposure, MatchedProject, Node, Owner, TestState};
use crate::model::DatasetPath;
use crate::model::display::{clean, width};
use crate::tui::theme::Theme;
use crate::tui::widgets::markdown;
use crate::tui::widgets::text::{counted, fit, span};

impl Page<'_> {
    /// Every node that the dataset at `path` is, one after the other.
    pub(super) fn dbt(&mut self, project: &MatchedProject, path: &DatasetPath) {
        for node in project.nodes_at(path) {
            self.blank();
            self.node(project, node);
        }
    }

    fn node(&mut self, project: &MatchedProject, node: &Node) {
        let theme = self.theme();
        let mut head = vec![span(&node.name, theme.strong)];
        let mut kind = node.resource_type.name().to_owned();
        if let Some(how) = node.materialization().filter(|how| *how != node.resource_type.name()) {
            kind.push_str(&format!(", {}", clean(how)));
        }
        if let Some(version) = &node.version {
            kind.push_str(&format!(", version {}", clean(version)));
        }
        head.push(Span::styled(format!("  {kind}"), theme.soft));
        self.lines.push(Line::from(head));
        if let Some(source) = &node.source_name {
            self.fact("Source", source, theme.base);
        }
        let package = match &node.file {
            Some(file) => format!("{} · {file}", node.package),
            None => node.package.to_string(),
        };
        self.fact("Project", &package, theme.base);
        if let Some(found) = project.match_of(&node.unique_id) {
            let rule = found.rule.map_or("", |rule| rule.name());
            self.fact("Matched by", rule, theme.base);
            for difference in &found.out_of_date {
                self.fact("Out of date", &format!("! {difference}"), theme.warning);
            }
        }
        if !node.tags.is_empty() {
            let tags: Vec<String> = node.tags.iter().map(|tag| format!("#{tag}")).collect();
            self.fact("Tags", &tags.join(" "), theme.call);
        }
        if !node.owners.is_empty() {
            self.fact("Owners", &Owner::list(&node.owners), theme.base);
        }
        if let Some(group) = &node.group {
            let owners = project.project.manifest.group(group);
            let owners = owners.map(|group| Owner::list(&group.owners));
            let owners = owners.filter(|owners| !owners.is_empty());
            let text =
                owners.map_or_else(|| group.to_string(), |owners| format!("{group} ({owners})"));
            self.fact("Group", &text, theme.base);
        }
        if let Some(access) = &node.access {
            self.fact("Access", access, theme.base);
        }
        if let Some(result) = project.project.runs.of(&node.unique_id) {
            let (sign, look) = look_of(&result.status, theme);
            let when = result.completed_at.as_deref().map(moment).unwrap_or_default();
            self.fact("Last run", &format!("{sign} {} {when}", result.status), look);
        }
        if let Some(freshness) = project.project.freshness.sources.get(&node.unique_id) {
            let (sign, look) = look_of(&freshness.status, theme);
            let newest = freshness
                .max_loaded_at
                .as_deref()
                .map_or_else(String::new, |at| format!(", newest row of {}", moment(at)));
            let why = freshness.error.as_deref().map_or_else(String::new, |why| format!(": {why}"));
            self.fact("Freshness", &format!("{sign} {}{newest}{why}", freshness.status), look);
        }
        if !node.description.trim().is_empty() {
            self.blank();
            let cells = self.cells().min(100);
            self.lines.extend(markdown::render(&node.description, cells, theme));
        }
        self.tests(&project.tests_of(&node.unique_id));
        let (direct, further) = project.exposures_of(&node.unique_id);
        self.exposures(&direct, &further);
        self.documented(node);
    }

    fn tests(&mut self, tests: &[TestState]) {
        let theme = self.theme();
        if tests.is_empty() {
            return;
        }
        let failed = tests.iter().filter(|test| test.is_failed()).count();
        self.blank();
        let mut title = vec![Span::styled(format!("Tests ({})", tests.len()), theme.header)];
        if failed > 0 {
            title.push(Span::styled(format!("  {failed} did not pass"), theme.error));
        }
        self.lines.push(Line::from(title));
        let kinds = widest(tests.iter().map(|test| &*test.kind), 24);
        let columns = widest(tests.iter().filter_map(|test| test.column.as_deref()), 24);
        for test in tests {
            let (sign, look) = look_of(test.status(), theme);
            let mut spans = vec![
                Span::styled(format!("{sign} {:<8} ", clean(test.status())), look),
                Span::styled(fit(&test.kind, kinds), theme.base),
                Span::raw("  "),
                Span::styled(fit(test.column.as_deref().unwrap_or_default(), columns), theme.base),
            ];
            if test.column.is_none() {
                spans.pop();
                spans.push(span(&test.name, theme.soft));
            }
            self.lines.push(Line::from(spans));
            let message = test.result.as_ref().and_then(|result| result.message.as_deref());
            if let Some(message) = message.filter(|_| test.is_failed()) {
                self.indented(message, 4, theme.soft);
            }
        }
    }

    fn exposures(&mut self, direct: &[&Exposure], further: &[&Exposure]) {
        let theme = self.theme();
        if direct.is_empty() && further.is_empty() {
            return;
        }
        self.blank();
        let count = direct.len() + further.len();
        self.lines.push(Line::from(Span::styled(format!("Exposures ({count})"), theme.header)));
        let all = direct
            .iter()
            .map(|exposure| (exposure, ""))
            .chain(further.iter().map(|exposure| (exposure, "through others")));
        for (exposure, how) in all {
            let label = exposure.label.as_deref().unwrap_or(&exposure.name);
            let mut notes: Vec<String> = Vec::new();
            notes.extend(exposure.kind.as_deref().map(|kind| clean(kind).into_owned()));
            if !exposure.owners.is_empty() {
                notes.push(clean(&Owner::list(&exposure.owners)).into_owned());
            }
            if !how.is_empty() {
                notes.push(how.to_owned());
            }
            self.lines.push(Line::from(vec![
                Span::styled("● ", theme.view),
                span(label, theme.base),
                Span::styled(format!("  {}", notes.join(" · ")), theme.soft),
            ]));
            if let Some(url) = &exposure.url {
                self.indented(url, 2, theme.link);
            }
        }
    }

    fn documented(&mut self, node: &Node) {
        let theme = self.theme();
        let told: Vec<_> = node
            .columns
            .iter()
            .filter(|column| !column.description.trim().is_empty() || !column.tags.is_empty())
            .collect();
        if told.is_empty() {
            return;
        }
        self.blank();
        let title = format!("Documented: {}", counted(told.len(), "column"));
        self.lines.push(Line::from(Span::styled(title, theme.header)));
        for column in told {
            let mut text = column.description.split_whitespace().collect::<Vec<_>>().join(" ");
            for tag in &column.tags {
                text.push_str(&format!(" #{tag}"));
            }
            self.fact_of(&column.name, 20, text.trim(), theme.base);
        }
    }
}

/// The sign and look of a status, in dbt's word.
pub(crate) fn look_of(status: &str, theme: &Theme) -> (&'static str, Style) {
    match status {
        "pass" | "success" => ("✓", theme.good),
        "warn" => ("!", theme.warning),
        "fail" | "error" | "runtime error" => ("✗", theme.error),
        _ => ("○", theme.soft),
    }
}

/// `2026-06-30T04:12:09.000000Z` to the minute.
fn moment(text: &str) -> String {
    match text.get(..16) {
        Some(minute) if text.as_bytes().get(10) == Some(&b'T') => minute.replace('T', " "),
        _ => text.to_owned(),
    }
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>, most: usize) -> usize {
    texts.map(|text| width(&clean(text))).max().unwrap_or(0).min(most)
}
