//! What keys, actions and the mouse do to the details.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::{DetailPane, Outcome, Remote, Tab, no_rows, sql_of};
use crate::model::NodeRef;
use crate::tui::core::{Core, JobState, shown_path};
use crate::tui::msg::{Action, Cmd, Slot};

impl DetailPane {
    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        let catalog = Arc::clone(&core.catalog);
        let Some(node) = self.node.and_then(|id| catalog.get(id)) else { return Outcome::Ignored };
        let tab = self.tab(node);
        match action {
            Action::NextTab | Action::PreviousTab => {
                let tabs = self.tabs(node);
                let at = tabs.iter().position(|other| *other == tab).unwrap_or(0);
                let step = if action == Action::NextTab { 1 } else { tabs.len() - 1 };
                self.select_tab(tabs[(at + step) % tabs.len()], core);
                if self.tab(node) == Tab::Preview {
                    self.preview(core, false);
                }
            }
            Action::Refresh => self.reload(core),
            Action::Copy => self.copy(node, tab, core),
            Action::CopyLong => self.copy_long(node, tab, core),
            Action::Edit => self.edit(node, core),
            Action::CancelJob | Action::Back
                if tab == Tab::Preview && self.is_loading_preview() =>
            {
                core.cancel(Slot::Preview);
                if let Some(id) = self.node {
                    self.fail(id, Slot::Preview, &JobState::Cancelled);
                }
            }
            _ => return self.handle_in_tab(action, node, tab, core),
        }
        Outcome::Done
    }

    fn handle_in_tab(
        &mut self,
        action: Action,
        node: NodeRef<'_>,
        tab: Tab,
        core: &mut Core,
    ) -> Outcome {
        match tab {
            Tab::Columns => self.columns.handle(action, node).into(),
            Tab::Sql => self.handle_in_sql(action, node, core),
            Tab::UsedBy => match (action, self.used_by.selected()) {
                (Action::Open, Some((path, id))) => Outcome::Jump(path.clone(), id),
                _ => self.used_by.handle(action).into(),
            },
            Tab::Preview => {
                if action == Action::Open && !self.is_loading_preview() {
                    let failed = self
                        .node
                        .and_then(|id| self.extras.get(&id))
                        .is_some_and(|extras| matches!(extras.preview, Remote::Failed(_)));
                    self.preview(core, failed);
                    return Outcome::Done;
                }
                let Some(Remote::Ready(preview)) =
                    self.node.and_then(|id| self.extras.get(&id)).map(|extras| &extras.preview)
                else {
                    return Outcome::Ignored;
                };
                self.preview_cursor.handle(action, preview).into()
            }
            _ => self.scroll.apply(action).into(),
        }
    }

    fn handle_in_sql(&mut self, action: Action, node: NodeRef<'_>, core: &mut Core) -> Outcome {
        self.sql.refresh(node, core);
        match action {
            Action::NextReference | Action::PreviousReference => {
                if !self.sql.step(action == Action::NextReference, &mut self.scroll) {
                    core.complain("this SQL names no dataset of the catalogue");
                }
            }
            Action::Open => match self.sql.selected() {
                Some((path, id)) => return Outcome::Jump(path, id),
                None => return self.choose_reference(core),
            },
            Action::ShowReferences => return self.choose_reference(core),
            Action::FormatSql => {
                self.sql.toggle_format();
                self.sql.refresh(node, core);
                if let Some(why) = self.sql.refusal() {
                    core.complain(format!("shown as written: {why}"));
                }
            }
            _ => return self.scroll.apply(action).into(),
        }
        Outcome::Done
    }

    /// Which dataset to go to: there is no choice where the SQL names none.
    fn choose_reference(&self, core: &mut Core) -> Outcome {
        let targets = self.sql.targets();
        if targets.is_empty() {
            core.complain("this SQL names no dataset of the catalogue");
            return Outcome::Done;
        }
        Outcome::Choose(targets)
    }

    fn is_loading_preview(&self) -> bool {
        let extras = self.node.and_then(|id| self.extras.get(&id));
        extras.is_some_and(|extras| matches!(extras.preview, Remote::Loading))
    }

    fn copy(&self, node: NodeRef<'_>, tab: Tab, core: &mut Core) {
        match (tab, self.columns.selected_name(node)) {
            (Tab::Columns, Some(name)) => core.copy(name.clone(), &name),
            _ => core.copy(node.path().to_string(), &shown_path(&node.path())),
        }
    }

    fn copy_long(&self, node: NodeRef<'_>, tab: Tab, core: &mut Core) {
        let preview = self.extras.get(&node.id()).map(|extras| &extras.preview);
        match (tab, preview) {
            (Tab::Sql | Tab::Definition, _) if sql_of(node).is_some() => {
                core.copy(self.shown_sql(node).to_owned(), "the SQL");
            }
            (Tab::Preview, Some(Remote::Ready(preview))) => {
                core.copy(preview.to_csv(), "the rows as CSV");
            }
            (Tab::UsedBy, _) => core.copy(self.used_by.to_text(), "the list"),
            (Tab::Columns, _) if self.columns.selected_name(node).is_some() => {
                let name = self.columns.selected_name(node).unwrap_or_default();
                let path = node.path().join(name).to_sql();
                core.copy(path.clone(), &path);
            }
            _ => core.copy(node.path().to_sql(), &shown_path(&node.path())),
        }
    }

    fn edit(&self, node: NodeRef<'_>, core: &mut Core) {
        let wiki = self.extras.get(&node.id()).map(|extras| &extras.wiki);
        match (self.tab(node), wiki, sql_of(node)) {
            (Tab::Wiki, Some(Remote::Ready(Some(text))), _) => {
                core.cmd(Cmd::Edit { text: text.clone(), suffix: ".md" });
            }
            (_, _, Some(_)) => {
                let text = self.shown_sql(node).to_owned();
                core.cmd(Cmd::Edit { text, suffix: ".sql" });
            }
            _ => core.complain("there is no SQL to open here"),
        }
    }

    /// The SQL as it is shown: as written, or laid out anew.
    fn shown_sql<'a>(&'a self, node: NodeRef<'a>) -> &'a str {
        if self.sql.is_formatted() && self.tab(node) == Tab::Sql {
            self.sql.text()
        } else {
            sql_of(node).unwrap_or_default()
        }
    }

    /// Takes a key while the filter is being typed.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        self.columns.key(key);
    }

    /// Takes pasted text while the filter is being typed.
    pub(crate) fn paste(&mut self, pasted: &str) {
        self.columns.paste(pasted);
    }

    /// Does what `action` says while the filter is being typed.
    pub(crate) fn typing(&mut self, action: Action, core: &Core) {
        if let Some(node) = self.node.and_then(|id| core.catalog.get(id)) {
            self.columns.typing(action, node);
        }
    }

    /// Takes a click.
    pub(crate) fn click(
        &mut self,
        column: u16,
        row: u16,
        is_double: bool,
        core: &mut Core,
    ) -> Outcome {
        let tab = self.tab_places.iter().find(|(area, _)| area.contains((column, row).into()));
        if let Some(tab) = tab.map(|(_, tab)| *tab) {
            self.select_tab(tab, core);
            if tab == Tab::Preview {
                self.preview(core, false);
            }
            return Outcome::Done;
        }
        let catalog = Arc::clone(&core.catalog);
        if let Some(node) = self.node.and_then(|id| catalog.get(id)) {
            match self.tab(node) {
                Tab::Columns => self.columns.click(column, row, node),
                Tab::Preview => self.preview_cursor.click(column, row),
                Tab::UsedBy => {
                    self.used_by.click(column, row);
                    if is_double {
                        return self.handle(Action::Open, core);
                    }
                }
                Tab::Sql if self.page.contains((column, row).into()) => {
                    let line = usize::from(row - self.page.y) + self.scroll.top;
                    let cell = usize::from(column - self.page.x) + self.scroll.left;
                    let is_link = line
                        .checked_sub(self.sql_top)
                        .is_some_and(|line| self.sql.click(line, cell));
                    if is_link && is_double {
                        return self.handle(Action::Open, core);
                    }
                }
                _ => {}
            }
        }
        Outcome::Done
    }

    /// Scrolls by wheel.
    pub(crate) fn wheel(&mut self, lines: isize, core: &Core) {
        let Some(node) = self.node.and_then(|id| core.catalog.get(id)) else { return };
        match self.tab(node) {
            Tab::Columns => self.columns.scroll(lines),
            Tab::Preview => self.preview_cursor.scroll(lines),
            Tab::UsedBy => self.used_by.scroll(lines),
            _ => self.scroll.by(lines),
        }
    }

    /// The actions worth a place in the footer now.
    pub(crate) fn hints(&self, core: &Core) -> Vec<(Action, &'static str)> {
        let Some(node) = self.node.and_then(|id| core.catalog.get(id)) else { return Vec::new() };
        let tab = self.tab(node);
        let mut hints = Vec::new();
        match tab {
            Tab::Columns => {
                hints.push((Action::TraceColumn, "trace column"));
                hints.push(if self.columns.is_filtered() {
                    (Action::Back, "clear filter")
                } else {
                    (Action::Filter, "filter")
                });
            }
            Tab::Preview if self.is_loading_preview() => hints.push((Action::Back, "cancel")),
            Tab::Preview if no_rows(node).is_some() => {}
            Tab::Preview => {
                hints.extend([(Action::Refresh, "run again"), (Action::CopyLong, "copy CSV")]);
            }
            Tab::UsedBy => hints.push((Action::Open, "go there")),
            Tab::Sql if node.sql().is_some() => {
                let format = if self.sql.is_formatted() { "as written" } else { "format" };
                hints.extend([
                    (Action::ShowReferences, "datasets in it"),
                    (Action::FormatSql, format),
                    (Action::CopyLong, "copy SQL"),
                    (Action::Edit, "editor"),
                ]);
            }
            Tab::Sql => {}
            Tab::Definition => {
                hints.extend([(Action::CopyLong, "copy SQL"), (Action::Edit, "editor")]);
            }
            _ => {}
        }
        for (tab_action, of) in [
            (Action::ShowColumns, Tab::Columns),
            (Action::ShowSql, Tab::Sql),
            (Action::ShowPreview, Tab::Preview),
            (Action::ShowWiki, Tab::Wiki),
            (Action::ShowUsedBy, Tab::UsedBy),
        ] {
            let is_offered = of != Tab::Preview || no_rows(node).is_none();
            if of != tab && is_offered && self.tabs(node).contains(&of) {
                hints.push((
                    tab_action,
                    match of {
                        Tab::Columns => "columns",
                        Tab::Sql => "SQL",
                        Tab::Preview => "preview",
                        Tab::UsedBy => "used by",
                        _ => "wiki",
                    },
                ));
            }
        }
        hints.extend([
            (Action::Zoom, "zoom"),
            (Action::Copy, "copy"),
            (Action::Palette, "actions"),
        ]);
        hints
    }
}
