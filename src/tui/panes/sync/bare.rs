//! The pane while there is no plan: what to do first, what is under way, what is in the way.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::{Stage, SyncPane, Target};
use crate::tui::core::Core;
use crate::tui::keymap::Context;
use crate::tui::msg::Action;
use crate::tui::widgets::text::wrap;

impl SyncPane {
    pub(super) fn draw_without_plan(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let global = [Context::Sync, Context::Global];
        let key = |action| core.key(&global, action);
        let (title, look, text) = match (&self.target, &self.stage, &self.failure) {
            (Target::None(why), ..) => (
                "There is no OpenMetadata to sync to.".to_owned(),
                theme.strong,
                format!(
                    "{}.\n\n`dremio-explorer config init` writes a config file that has a place for \
                     it. Everything else works without.",
                    sentence(why)
                ),
            ),
            (Target::Failed(why), ..) => (
                "✗ There is no connection to OpenMetadata.".to_owned(),
                theme.warning,
                format!(
                    "{}.\n\n{} tries again. `dremio-explorer doctor` tests each step.",
                    sentence(why),
                    key(Action::Refresh)
                ),
            ),
            (_, Stage::Waiting | Stage::Planning(_), _) => {
                (self.activity(core), theme.busy, format!("{} cancels.", key(Action::CancelJob)))
            }
            (_, _, Some(failure)) => (
                "✗ There is no plan.".to_owned(),
                theme.warning,
                format!("{failure}\n\n{} tries again.", key(Action::Refresh)),
            ),
            _ => (
                "Compare with OpenMetadata before anything is written.".to_owned(),
                theme.strong,
                format!(
                    "In the catalog ({}), {} marks what takes part; {} compares what is marked, or \
                     what the cursor is on, field by field. Nothing is written until you have seen \
                     the plan and confirmed it.",
                    key(Action::ShowCatalog),
                    core.key(&[Context::Catalog], Action::ToggleMark),
                    key(Action::MakePlan),
                ),
            ),
        };
        let cells = usize::from(area.width.saturating_sub(4)).min(76);
        let mut lines = vec![Line::default()];
        let mut add = |text: &str, look| {
            let wrapped = wrap(text, cells);
            lines.extend(wrapped.into_iter().map(|line| Line::styled(format!("  {line}"), look)));
            lines.push(Line::default());
        };
        add(&title, look);
        add(&text, theme.soft);
        if let Some(interrupted) = self.interrupted_text() {
            add(
                &format!(
                    "! {interrupted}.\n\nA plan of the same spaces shows what of it is missing; nothing \
                     is written twice. {} shows more, and puts this notice away.",
                    key(Action::ForgetInterrupted)
                ),
                theme.warning,
            );
        }
        frame.render_widget(Paragraph::new(lines), area);
    }
}

/// A reason as the beginning of a sentence of its own, without its full stop.
fn sentence(reason: &str) -> String {
    let reason = reason.trim().trim_end_matches('.');
    let mut letters = reason.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
