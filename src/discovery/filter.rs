//! Which of the things listed are wanted, by path and kind.

use regex::Regex;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input};

use super::DiscoveryOptions;
use crate::model::{DatasetPath, NodeKind};

/// What becomes of something listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is wanted, with everything below it unless excluded.
    Wanted,
    /// It is not wanted for itself; something below it may be.
    Leads,
    /// It is left out.
    Out(String),
}

/// The filters of [`DiscoveryOptions`], prepared.
#[derive(Debug)]
pub(super) struct Filter {
    include: Vec<Include>,
    exclude: Vec<Regex>,
    kinds: Vec<&'static str>,
}

#[derive(Debug)]
struct Include {
    pattern: Regex,
    reach: Option<Reach>,
}

impl Filter {
    pub(super) fn new(options: &DiscoveryOptions) -> Self {
        let include = options.include.iter().map(|pattern| Include {
            reach: Reach::of(pattern.as_str()),
            pattern: pattern.clone(),
        });
        Self {
            include: include.collect(),
            exclude: options.exclude.clone(),
            kinds: options.kinds.iter().map(|kind| kind.name()).collect(),
        }
    }

    /// Whether only part of a catalogue is asked for.
    pub(super) fn is_selective(&self) -> bool {
        !self.include.is_empty()
    }

    pub(super) fn wants_kind(&self, kind: NodeKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind.name())
    }

    /// Decides on something in a container that is itself wanted or only leads.
    pub(super) fn judge(
        &mut self,
        path: &DatasetPath,
        kind: NodeKind,
        parent_wanted: bool,
    ) -> Verdict {
        if path.len() == 1 && path.name().starts_with("__") {
            return Verdict::Out("internal to Dremio".to_owned());
        }
        if !kind.is_container() && !self.wants_kind(kind) {
            return Verdict::Out(format!("of a kind not asked for ({})", kind.name()));
        }
        if self.exclude.is_empty() && (parent_wanted || self.include.is_empty()) {
            return Verdict::Wanted;
        }
        let forms = Forms::of(path);
        if let Some(pattern) = self.exclude.iter().find(|pattern| forms.matches(pattern)) {
            return Verdict::Out(format!("excluded by {:?}", pattern.as_str()));
        }
        let included = parent_wanted
            || self.include.is_empty()
            || self.include.iter().any(|include| forms.matches(&include.pattern));
        if included {
            Verdict::Wanted
        } else if kind.is_container()
            && self.include.iter_mut().any(|include| include.can_match_below(&forms))
        {
            Verdict::Leads
        } else {
            Verdict::Out("not among what is included".to_owned())
        }
    }
}

/// The texts on which a path is tried: as displayed, and bare.
struct Forms {
    displayed: String,
    bare: Option<String>,
}

impl Forms {
    fn of(path: &DatasetPath) -> Self {
        let displayed = path.to_string();
        let bare = path.parts().join(".");
        Self { bare: (bare != displayed).then_some(bare), displayed }
    }

    fn each(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.displayed.as_str()).chain(self.bare.as_deref())
    }

    fn matches(&self, pattern: &Regex) -> bool {
        self.each().any(|form| pattern.is_match(form))
    }
}

impl Include {
    fn can_match_below(&mut self, forms: &Forms) -> bool {
        let Some(reach) = &mut self.reach else { return true };
        forms.each().any(|form| reach.goes_on_after(form))
    }
}

/// Tells whether a pattern that is anchored at its start can still match a text of which only the
/// beginning is known: run over that beginning, its automaton is not in the dead state.
struct Reach {
    automaton: DFA,
    cache: Cache,
}

impl std::fmt::Debug for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reach").finish_non_exhaustive()
    }
}

impl Reach {
    /// `None` where the pattern can match anywhere or is beyond such automata.
    fn of(pattern: &str) -> Option<Self> {
        if !thompson::NFA::new(pattern).ok()?.is_always_start_anchored() {
            return None;
        }
        let automaton = DFA::new(pattern).ok()?;
        let cache = automaton.create_cache();
        Some(Self { automaton, cache })
    }

    fn goes_on_after(&mut self, container: &str) -> bool {
        let input = Input::new(container).anchored(Anchored::Yes);
        let Ok(mut state) = self.automaton.start_state_forward(&mut self.cache, &input) else {
            return true;
        };
        for byte in container.bytes().chain([b'.']) {
            match self.automaton.next_state(&mut self.cache, state, byte) {
                Ok(next) if next.is_dead() => return false,
                Ok(next) if next.is_quit() || next.is_match() => return true,
                Ok(next) => state = next,
                Err(_) => return true,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(include: &[&str], exclude: &[&str]) -> Filter {
        let regexes =
            |patterns: &[&str]| patterns.iter().map(|text| Regex::new(text).unwrap()).collect();
        let options = DiscoveryOptions {
            include: regexes(include),
            exclude: regexes(exclude),
            ..DiscoveryOptions::default()
        };
        Filter::new(&options)
    }

    fn folder(filter: &mut Filter, path: &str) -> Verdict {
        filter.judge(&path.parse().unwrap(), NodeKind::Folder, false)
    }

    fn view(filter: &mut Filter, path: &str) -> Verdict {
        filter.judge(&path.parse().unwrap(), NodeKind::View, false)
    }

    fn is_out(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Out(_))
    }

    #[test]
    fn an_anchored_pattern_prunes_what_cannot_match() {
        let mut filter = filter(&[r"^sales\.emea\.", "^a$"], &[]);
        assert_eq!(folder(&mut filter, "sales"), Verdict::Leads);
        assert_eq!(folder(&mut filter, "sales.emea"), Verdict::Leads);
        assert!(is_out(&folder(&mut filter, "sales.apac")));
        assert!(is_out(&folder(&mut filter, "lake")));
        assert!(is_out(&folder(&mut filter, "sale")));
        assert_eq!(folder(&mut filter, "a"), Verdict::Wanted);
        assert_eq!(view(&mut filter, "sales.emea.orders"), Verdict::Wanted);
        assert!(is_out(&view(&mut filter, "sales.orders")));
    }

    #[test]
    fn an_unanchored_pattern_can_match_anywhere() {
        let mut filter = filter(&["orders$"], &[]);
        assert_eq!(folder(&mut filter, "lake.deep"), Verdict::Leads);
        assert_eq!(view(&mut filter, "lake.deep.orders"), Verdict::Wanted);
        assert!(is_out(&view(&mut filter, "lake.deep.orders2")));
    }

    #[test]
    fn word_boundaries_and_case_insensitive_patterns_prune_nothing_wrongly() {
        let mut filter = filter(&[r"(?i)^SALES\b.*\borders"], &[]);
        assert_eq!(folder(&mut filter, "sales.x"), Verdict::Leads);
        assert_eq!(view(&mut filter, "sales.x.orders"), Verdict::Wanted);
    }

    #[test]
    fn both_forms_of_a_path_are_tried() {
        let mut filter = filter(&[r"^lake\.a-b\."], &[r#"^lake\."a-b"\.c"#]);
        assert_eq!(folder(&mut filter, r#"lake."a-b""#), Verdict::Leads);
        assert_eq!(view(&mut filter, r#"lake."a-b".d"#), Verdict::Wanted);
        assert!(is_out(&view(&mut filter, r#"lake."a-b".c"#)));
    }

    #[test]
    fn exclusion_is_stronger_and_what_is_below_a_match_is_wanted() {
        let mut filter = filter(&["^sales$"], &["tmp"]);
        let judge = |filter: &mut Filter, path: &str| {
            filter.judge(&path.parse().unwrap(), NodeKind::View, true)
        };
        assert_eq!(judge(&mut filter, "sales.x"), Verdict::Wanted);
        assert!(is_out(&judge(&mut filter, "sales.tmp")));
    }

    #[test]
    fn kinds_and_internal_roots() {
        let options = DiscoveryOptions {
            kinds: vec![NodeKind::Table(crate::model::TableKind::Unknown)],
            ..DiscoveryOptions::default()
        };
        let mut filter = Filter::new(&options);
        let path: DatasetPath = "a.b".parse().unwrap();
        let direct = NodeKind::Table(crate::model::TableKind::Direct);
        assert_eq!(filter.judge(&path, direct, true), Verdict::Wanted);
        assert!(is_out(&filter.judge(&path, NodeKind::View, true)));
        assert_eq!(filter.judge(&path, NodeKind::Folder, true), Verdict::Wanted);
        let internal: DatasetPath = "__accelerator".parse().unwrap();
        assert!(is_out(&filter.judge(&internal, NodeKind::Source, true)));
    }
}
