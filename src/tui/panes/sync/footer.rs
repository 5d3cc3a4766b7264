//! What the pane has to say at the edges of the screen: in the status bar and in the footer.

use ratatui::text::Span;

use super::{Stage, SyncPane, Target};
use crate::model::display::clean;
use crate::tui::core::Core;
use crate::tui::msg::Action;

impl SyncPane {
    /// What the status bar says.
    pub(crate) fn status(&self, core: &Core, is_narrow: bool) -> Vec<Span<'static>> {
        let theme = &core.theme;
        match &self.target {
            Target::None(_) => Vec::new(),
            Target::Connecting => {
                vec![Span::styled(format!("  {} OpenMetadata", core.spinner()), theme.busy)]
            }
            Target::Failed(_) => {
                let text =
                    if is_narrow { "  ✗ no OM" } else { "  ✗ OpenMetadata not connected" };
                vec![Span::styled(text, theme.warning)]
            }
            Target::Ready(info) => {
                let version = info.version.split('.').take(2).collect::<Vec<_>>().join(".");
                let who = match (&info.user, info.is_bot) {
                    (_, Some(true)) => " (bot)".to_owned(),
                    (Some(user), _) => format!(" ({})", clean(user)),
                    (None, _) => String::new(),
                };
                let version = clean(&version);
                let is_applying = matches!(self.stage, Stage::Applying { .. });
                if is_narrow && is_applying {
                    // There is no room for both.
                    return vec![Span::styled(format!("  {}", self.activity(core)), theme.busy)];
                }
                let text = if is_narrow {
                    format!("  OM {version}")
                } else {
                    format!("  OpenMetadata {version}{who}")
                };
                let mut spans = vec![Span::styled(text, theme.soft)];
                // Told wherever one is: what writes must not be forgotten.
                if is_applying {
                    spans.push(Span::styled(format!("  {}", self.activity(core)), theme.busy));
                }
                spans
            }
        }
    }

    /// The actions worth a place in the footer now.
    pub(crate) fn hints(&self) -> Vec<(Action, &'static str)> {
        let reading = [
            (Action::Back, "back to the plan"),
            (Action::NextTab, "next"),
            (Action::PreviousTab, "previous"),
        ];
        match (&self.stage, &self.shown) {
            (Stage::Applying { leaving: true, .. }, _) => vec![(Action::Quit, "quit at once")],
            (Stage::Applying { stopping, .. }, _) => {
                let mut hints = vec![(Action::NextAction, "show only"), (Action::Filter, "search")];
                if !stopping {
                    hints.insert(0, (Action::CancelJob, "stop after what is under way"));
                }
                hints
            }
            (Stage::Planning(_) | Stage::Waiting, _) => vec![(Action::CancelJob, "cancel")],
            (Stage::Idle, None) => match self.target {
                Target::Failed(_) => vec![(Action::Refresh, "try again")],
                Target::None(_) => Vec::new(),
                _ => {
                    let mut hints =
                        vec![(Action::ShowCatalog, "catalog"), (Action::MakePlan, "compare")];
                    if self.interrupted.is_some() {
                        hints.push((Action::ForgetInterrupted, "put the notice away"));
                    }
                    hints
                }
            },
            (Stage::Idle, Some(shown)) => {
                let mut hints = Vec::new();
                if self.changes.is_alone {
                    hints.extend(reading);
                }
                if shown.report.is_none() {
                    if !shown.is_in_sync() {
                        hints.extend([
                            (Action::ToggleMark, "skip/include"),
                            (Action::Apply, "apply"),
                        ]);
                    }
                } else if shown.failed() > 0 {
                    hints.push((Action::RetryFailed, "retry failed"));
                }
                if self.changes.is_alone {
                    return hints;
                }
                if self.list.is_searching() {
                    hints.push((Action::Back, "clear search"));
                }
                if shown.report.is_some() {
                    hints.push((Action::Refresh, "plan again"));
                }
                hints.extend([
                    (Action::Open, "read/fold"),
                    (Action::NextAction, "show only"),
                    (Action::Filter, "search"),
                    (Action::ScrollDown, "scroll"),
                ]);
                if shown.report.is_none() {
                    hints.extend([
                        (Action::Refresh, "plan again"),
                        (Action::TogglePrune, "prune"),
                        (Action::ToggleOverwrite, "overwrite"),
                    ]);
                }
                hints.push((Action::Zoom, "zoom"));
                hints
            }
        }
    }
}
