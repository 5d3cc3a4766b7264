//! The stack of overlays. The top one sees keys first; Esc takes it away.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::core::Core;
use super::layers::choice::Choice;
use super::layers::confirm::Confirm;
use super::layers::finder::Finder;
use super::layers::help::Help;
use super::layers::matches::Matches;
use super::layers::message::Message;
use super::layers::palette::Palette;
use super::msg::Action;
use crate::model::{DatasetPath, NodeId};
use crate::search::Hit;

/// An overlay.
#[derive(Debug)]
pub(crate) enum Layer {
    /// Keys, from the live key map.
    Help(Help),
    /// Datasets and columns by a few letters.
    Finder(Box<Finder>),
    /// Actions by name.
    Palette(Palette),
    /// A question before something dear.
    Confirm(Confirm),
    /// A text to read.
    Message(Message),
    /// A short list to choose from.
    Choice(Choice),
    /// What dbt and Dremio have in common.
    Matches(Matches),
}

/// What becomes of an overlay.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It stays.
    Stay,
    /// It goes.
    Close,
    /// It goes, and this is to be done.
    Do(Action),
    /// It goes, and this was confirmed.
    Confirmed(Action),
    /// It goes, and this was found by that text.
    GoTo(Hit, String),
    /// It goes, and this dataset was chosen: its node, or its path where no node is known.
    Jump(DatasetPath, Option<NodeId>),
    /// It goes, and this profile was chosen.
    Profile(String),
}

impl Layer {
    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        if action == Action::Close {
            return Outcome::Close;
        }
        match self {
            Self::Help(help) => help.handle(action),
            Self::Finder(finder) => finder.handle(action, core),
            Self::Palette(palette) => palette.handle(action),
            Self::Confirm(confirm) => confirm.handle(action),
            Self::Message(message) => message.handle(action, core),
            Self::Choice(choice) => choice.handle(action),
            Self::Matches(matches) => matches.handle(action, core),
        }
    }

    /// Takes a key that is bound to nothing.
    pub(crate) fn key(&mut self, key: KeyEvent, core: &mut Core) -> Outcome {
        match self {
            Self::Help(help) => help.key(key),
            Self::Finder(finder) => finder.key(key, core),
            Self::Palette(palette) => palette.key(key),
            Self::Choice(choice) => return choice.key(key),
            Self::Matches(matches) => matches.key(key),
            Self::Confirm(_) | Self::Message(_) => {}
        }
        Outcome::Stay
    }

    /// Takes pasted text.
    pub(crate) fn paste(&mut self, pasted: &str, core: &mut Core) {
        match self {
            Self::Help(help) => help.paste(pasted),
            Self::Finder(finder) => finder.paste(pasted, core),
            Self::Palette(palette) => palette.paste(pasted),
            Self::Matches(matches) => matches.paste(pasted),
            Self::Confirm(_) | Self::Message(_) | Self::Choice(_) => {}
        }
    }

    /// Takes a click; one beside the overlay takes it away.
    pub(crate) fn click(&mut self, column: u16, row: u16, core: &mut Core) -> Outcome {
        match self {
            Self::Help(help) => help.click(column, row),
            Self::Finder(finder) => finder.click(column, row, core),
            Self::Palette(palette) => palette.click(column, row),
            Self::Choice(choice) => choice.click(column, row),
            Self::Matches(matches) => matches.click(column, row, core),
            Self::Confirm(_) | Self::Message(_) => Outcome::Stay,
        }
    }

    /// Scrolls by wheel.
    pub(crate) fn wheel(&mut self, lines: isize) {
        match self {
            Self::Help(help) => help.wheel(lines),
            Self::Finder(finder) => finder.wheel(lines),
            Self::Palette(palette) => palette.wheel(lines),
            Self::Message(message) => message.wheel(lines),
            Self::Choice(choice) => choice.wheel(lines),
            Self::Matches(matches) => matches.wheel(lines),
            Self::Confirm(confirm) => confirm.wheel(lines),
        }
    }

    /// Draws it over the rest.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        match self {
            Self::Help(help) => help.draw(frame, area, core),
            Self::Finder(finder) => finder.draw(frame, area, core),
            Self::Palette(palette) => palette.draw(frame, area, core),
            Self::Confirm(confirm) => confirm.draw(frame, area, core),
            Self::Message(message) => message.draw(frame, area, core),
            Self::Choice(choice) => choice.draw(frame, area, core),
            Self::Matches(matches) => matches.draw(frame, area, core),
        }
    }

    /// The actions worth a place in the footer.
    pub(crate) fn hints(&self) -> Vec<(Action, &'static str)> {
        match self {
            Self::Finder(_) => vec![
                (Action::Accept, "go there"),
                (Action::SwitchScope, "what to look in"),
                (Action::Close, "close"),
            ],
            Self::Help(_) | Self::Palette(_) => {
                vec![(Action::Accept, "do it"), (Action::Close, "close")]
            }
            Self::Confirm(confirm) => {
                vec![(Action::Accept, confirm.yes()), (Action::Close, confirm.no())]
            }
            Self::Message(_) => vec![(Action::Copy, "copy"), (Action::Close, "close")],
            Self::Matches(_) => {
                vec![(Action::Accept, "go there"), (Action::Copy, "copy"), (Action::Close, "close")]
            }
            Self::Choice(choice) => {
                let accept = choice.verb().map(|verb| (Action::Accept, verb));
                accept.into_iter().chain([(Action::Close, "close")]).collect()
            }
        }
    }
}
