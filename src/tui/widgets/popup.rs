//! A framed box over the rest of the screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

use crate::tui::theme::Theme;

/// At most `wanted` of what there is; all of it rather than leave slivers of what is below.
fn most(wanted: u16, all: u16, sliver: u16) -> u16 {
    if wanted + sliver >= all && all < 100 { all } else { wanted.min(all) }
}

/// A box of at most `width` × `height` in the upper middle of `area`, cleared and framed; gives
/// what is inside, with a column of air on both sides.
pub(crate) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (width, height): (u16, u16),
    title: &str,
    hint: &str,
    theme: &Theme,
) -> Rect {
    let width = most(width, area.width, 8).max(10);
    let height = most(height, area.height, 5).max(3);
    let popup = Rect {
        x: area.x + area.width.saturating_sub(width) / 2,
        y: area.y + area.height.saturating_sub(height) / 3,
        width,
        height,
    }
    .intersection(area);
    frame.render_widget(Clear, popup);
    let mut block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_focus)
        .style(theme.overlay)
        .title(Line::from(Span::styled(format!(" {title} "), theme.title_focus)));
    if !hint.is_empty() {
        let hint = Line::from(Span::styled(format!(" {hint} "), theme.soft)).right_aligned();
        block = block.title_bottom(hint);
    }
    let inner = block.inner(popup);
    frame.render_widget(block, popup);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}
