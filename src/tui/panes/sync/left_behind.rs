//! What an earlier sync left behind that did not come to its end: what is said of it, and how a
//! person puts the notice away.

use super::{Outcome, Question, SyncPane};
use crate::report::sync::name_of;
use crate::sync::ItemKey;
use crate::sync::journal::Interrupted;
use crate::tui::core::{Core, JobState};
use crate::tui::msg::{Action, JobSpec};
use crate::tui::panes::sync::Target;
use crate::tui::widgets::text::{count, counted};

/// So many items of each sort are named.
const NAMED: usize = 5;

impl SyncPane {
    /// What an earlier run left behind, in a sentence without its full stop.
    pub(super) fn interrupted_text(&self) -> Option<String> {
        self.interrupted.as_ref().map(sentence)
    }

    /// What to agree to before the notice is put away: it names what nobody will tell again.
    pub(super) fn ask_to_put_away(&self, core: &mut Core) -> Outcome {
        let Some(interrupted) = self.interrupted.as_ref().filter(|_| self.is_idle()) else {
            core.complain("no earlier sync that was cut off is told of here");
            return Outcome::Done;
        };
        if !interrupted.edges.is_empty() {
            // Only its journal knows how they were.
            core.complain("its journal holds edges that a plan has to put back first: apply one");
            return Outcome::Done;
        }
        let mut text = format!("{}.\n", sentence(interrupted));
        let failed: Vec<&ItemKey> = interrupted.failed.iter().map(|(key, _)| key).collect();
        let in_doubt: Vec<&ItemKey> = interrupted.in_doubt.iter().collect();
        for (what, keys) in [("Failed", failed), ("In doubt", in_doubt)] {
            if keys.is_empty() {
                continue;
            }
            text.push_str(&format!("\n{what}:\n"));
            for key in keys.iter().take(NAMED) {
                let (sort, name) = name_of(key);
                text.push_str(&format!("  - {sort} {name}\n"));
            }
            if let Some(more) = keys.len().checked_sub(NAMED).filter(|more| *more > 0) {
                text.push_str(&format!("  - and {} more\n", count(more)));
            }
        }
        text.push_str(
            "\nPutting this away removes that run\u{2019}s journal and changes nothing in OpenMetadata. A plan \
             still finds all that is missing, and looks at every edge anew. If that run is still \
             under way elsewhere, let it end first.",
        );
        Outcome::Confirm(Question {
            title: "A sync that was cut off",
            text,
            yes: "put away",
            no: "keep",
            action: Action::ForgetInterrupted,
        })
    }

    /// Puts the notice away, and its journal with it.
    pub(crate) fn put_away(&mut self, core: &mut Core) {
        let Target::Ready(server) = &self.target else { return };
        let server = server.clone();
        if let Some(interrupted) = self.interrupted.take().filter(|_| self.is_idle()) {
            self.put_away = Some(interrupted);
            core.start("Put away the journal of a sync", JobSpec::Forget(server));
        }
    }

    /// The journal is gone, or it is not: then the notice comes back.
    pub(super) fn was_put_away(&mut self, state: &JobState, core: &mut Core) {
        let interrupted = self.put_away.take();
        match state {
            JobState::Failed(why) => {
                self.interrupted = interrupted;
                core.complain(why.clone());
            }
            _ => core.notify("the notice of that sync is put away"),
        }
    }
}

fn sentence(interrupted: &Interrupted) -> String {
    let when = interrupted.began_at.as_deref().and_then(minute).map(|at| format!(" of {at}"));
    let mut text = format!("A sync{} was cut off: ", when.as_deref().unwrap_or(""));
    if let Some(why) = &interrupted.unreadable {
        text.push_str(&format!("what it wrote cannot be read from {why}"));
        return text;
    }
    if interrupted.ended {
        let edges = counted(interrupted.edges.len(), "edge");
        return format!("A sync{} left {edges} to be put back", when.as_deref().unwrap_or(""));
    }
    text.push_str(&format!(
        "{} of {} written",
        count(interrupted.written.len()),
        counted(interrupted.planned, "item")
    ));
    for (number, word) in
        [(interrupted.failed.len(), "failed"), (interrupted.in_doubt.len(), "in doubt")]
    {
        if number > 0 {
            text.push_str(&format!(", {} {word}", count(number)));
        }
    }
    text
}

/// `2026-11-24 19:02 UTC` of an RFC 3339 text in UTC.
fn minute(at: &str) -> Option<String> {
    let (day, time) = at.split_once('T')?;
    Some(format!("{day} {} UTC", time.get(..5)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_by_when_it_began_and_what_became_of_it() {
        let key = ItemKey::Edge { from: "S.a.b.c".to_owned(), to: "S.a.b.d".to_owned() };
        let mut interrupted = Interrupted {
            began_at: Some("2026-11-24T19:02:11Z".to_owned()),
            planned: 1_200,
            written: vec![key.clone()],
            in_doubt: vec![key],
            ..Interrupted::default()
        };
        assert_eq!(
            sentence(&interrupted),
            "A sync of 2026-11-24 19:02 UTC was cut off: 1 of 1,200 items written, 1 in doubt"
        );
        interrupted.ended = true;
        assert!(sentence(&interrupted).ends_with(" UTC left 0 edges to be put back"));
        (interrupted.began_at, interrupted.ended) = (None, false);
        assert!(sentence(&interrupted).starts_with("A sync was cut off: 1 of"));
    }
}
