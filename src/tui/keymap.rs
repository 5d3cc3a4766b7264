//! [`Keymap`]: which keys ask for which action where, read from YAML.
//!
//! The defaults are `config/keymap.yaml`, compiled in; a user's file patches them action by action.
//! Help, footer and palette are made from the live map, so that they cannot say anything else.

use std::collections::BTreeMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rustc_hash::FxHashMap;

use super::msg::Action;

const DEFAULTS: &str = include_str!("../../config/keymap.yaml");

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Anywhere but in overlays and inputs.
    Global,
    /// The catalog tree.
    Catalog,
    /// The details of a node.
    Detail,
    /// The lineage graph.
    Lineage,
    /// The sync plan.
    Sync,
    /// Jobs, requests and warnings.
    Activity,
    /// Any overlay.
    Overlay,
    /// A pane's filter being typed.
    Input,
}

impl Context {
    /// Every context, in the order in which help shows them.
    pub const ALL: [Self; 8] = [
        Self::Global,
        Self::Catalog,
        Self::Detail,
        Self::Lineage,
        Self::Sync,
        Self::Activity,
        Self::Overlay,
        Self::Input,
    ];

    /// The name in key maps.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Catalog => "catalog",
            Self::Detail => "detail",
            Self::Lineage => "lineage",
            Self::Sync => "sync",
            Self::Activity => "activity",
            Self::Overlay => "overlay",
            Self::Input => "input",
        }
    }
}

/// What is wrong with a key map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// Not YAML, or not of the right shape.
    #[error("{file}: {message}")]
    Format {
        /// Which file.
        file: String,
        /// Where and why.
        message: String,
    },
    /// A context that does not exist.
    #[error("{file}: there is no context `{name}`; did you mean `{suggestion}`?")]
    UnknownContext {
        /// Which file.
        file: String,
        /// As written.
        name: String,
        /// The nearest that exists.
        suggestion: &'static str,
    },
    /// An action that does not exist.
    #[error("{file}: there is no action `{name}` (in `{context}`); did you mean `{suggestion}`?")]
    UnknownAction {
        /// Which file.
        file: String,
        /// Where.
        context: &'static str,
        /// As written.
        name: String,
        /// The nearest that exists.
        suggestion: &'static str,
    },
    /// A key that cannot be read.
    #[error(
        "{file}: `{key}` for `{action}` is not a key; write one character, or a name such as enter, \
         ctrl-d, shift-tab, f5"
    )]
    BadKey {
        /// Which file.
        file: String,
        /// For which action.
        action: &'static str,
        /// As written.
        key: String,
    },
    /// One key for two actions.
    #[error(
        "{file}: in `{context}`, `{key}` is bound to both `{first}` and `{second}`; give one of them \
         other keys, or none with `[]`"
    )]
    Conflict {
        /// Which file.
        file: String,
        /// Where.
        context: &'static str,
        /// The key.
        key: String,
        /// One action.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A key that would hide a longer sequence.
    #[error(
        "{file}: in `{context}`, `{key}` for `{first}` is also the beginning of `{longer}` for \
         `{second}`, which could never be typed; change one of them"
    )]
    Hidden {
        /// Which file.
        file: String,
        /// Where.
        context: &'static str,
        /// The short key.
        key: String,
        /// Its action.
        first: &'static str,
        /// The long sequence.
        longer: String,
        /// Its action.
        second: &'static str,
    },
}

/// A key with its modifiers, in one spelling however the terminal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Press {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl From<KeyEvent> for Press {
    fn from(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::BackTab => {
                modifiers.insert(KeyModifiers::SHIFT);
                KeyCode::Tab
            }
            KeyCode::Char(c) => {
                // Terminals disagree on whether a capital comes with Shift.
                modifiers.remove(KeyModifiers::SHIFT);
                let control = modifiers.contains(KeyModifiers::CONTROL);
                KeyCode::Char(if control { c.to_ascii_lowercase() } else { c })
            }
            code => code,
        };
        Self { code, modifiers }
    }
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

impl Press {
    /// Reads `ctrl-d`, `G`, `f5`, `shift-tab`.
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        for (prefix, modifier) in [
            ("ctrl-", KeyModifiers::CONTROL),
            ("alt-", KeyModifiers::ALT),
            ("shift-", KeyModifiers::SHIFT),
        ] {
            if let Some(after) = rest.strip_prefix(prefix).filter(|after| !after.is_empty()) {
                rest = after;
                modifiers.insert(modifier);
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => {
                if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
                    *code
                } else {
                    let number = rest.strip_prefix('f')?.parse().ok()?;
                    (1..=24).contains(&number).then_some(KeyCode::F(number))?
                }
            }
        };
        Some(Self::from(KeyEvent::new(code, modifiers)))
    }
}

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("alt-")?;
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            f.write_str("shift-")?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Keys pressed one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chord(Vec<Press>);

impl Chord {
    fn parse(text: &str) -> Option<Self> {
        let presses: Vec<Press> =
            text.split_whitespace().map(Press::parse).collect::<Option<_>>()?;
        (!presses.is_empty()).then_some(Self(presses))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, press) in self.0.iter().enumerate() {
            let separator = if index > 0 { " " } else { "" };
            write!(f, "{separator}{press}")?;
        }
        Ok(())
    }
}

/// What the keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Action(Action),
    /// The beginning of a longer sequence.
    Beginning,
    /// Nothing.
    Nothing,
}

/// The live key map.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    bindings: BTreeMap<Context, BTreeMap<Action, Vec<Chord>>>,
    lookup: FxHashMap<Context, FxHashMap<Chord, Action>>,
}

/// Lists only: read as text, `y` and `5` stay keys and do not become a truth and a number.
type File = BTreeMap<String, BTreeMap<String, Vec<String>>>;

impl Keymap {
    /// The keys compiled in.
    ///
    /// # Panics
    ///
    /// Never: the file compiled in is checked by a test.
    pub fn defaults() -> Self {
        Self::with_override(None).expect("the key map compiled in is tested")
    }

    /// The defaults patched by a user's file, given as its name and its text.
    pub fn with_override(patch: Option<(&str, &str)>) -> Result<Self, KeymapError> {
        let mut keymap = Self::default();
        keymap.patch("config/keymap.yaml", DEFAULTS)?;
        let mut file = "config/keymap.yaml";
        if let Some((name, text)) = patch {
            keymap.patch(name, text)?;
            file = name;
        }
        keymap.index(file)?;
        Ok(keymap)
    }

    fn patch(&mut self, file: &str, text: &str) -> Result<(), KeymapError> {
        // A file with nothing but comments is a user who has not changed anything yet.
        let parsed: Option<File> = serde_saphyr::from_str(text).map_err(|error| {
            KeymapError::Format { file: file.to_owned(), message: error.to_string() }
        })?;
        for (context_name, actions) in parsed.unwrap_or_default() {
            let Some(context) = Context::ALL.into_iter().find(|c| c.name() == context_name) else {
                return Err(KeymapError::UnknownContext {
                    file: file.to_owned(),
                    suggestion: nearest(&context_name, Context::ALL.iter().map(|c| c.name())),
                    name: context_name,
                });
            };
            for (name, keys) in actions {
                let Some(action) = Action::from_name(&name) else {
                    return Err(KeymapError::UnknownAction {
                        file: file.to_owned(),
                        context: context.name(),
                        suggestion: nearest(&name, Action::ALL.iter().map(|a| a.name())),
                        name,
                    });
                };
                let chords = keys
                    .into_iter()
                    .map(|key| {
                        Chord::parse(&key).ok_or_else(|| KeymapError::BadKey {
                            file: file.to_owned(),
                            action: action.name(),
                            key,
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                self.bindings.entry(context).or_default().insert(action, chords);
            }
        }
        Ok(())
    }

    fn index(&mut self, file: &str) -> Result<(), KeymapError> {
        for (context, actions) in &self.bindings {
            let lookup = self.lookup.entry(*context).or_default();
            for (action, chords) in actions {
                for chord in chords {
                    match lookup.insert(chord.clone(), *action) {
                        Some(first) if first != *action => {
                            return Err(KeymapError::Conflict {
                                file: file.to_owned(),
                                context: context.name(),
                                key: chord.to_string(),
                                first: first.name(),
                                second: action.name(),
                            });
                        }
                        _ => {}
                    }
                }
            }
            for (longer, second) in lookup.iter() {
                for length in 1..longer.0.len() {
                    let key = Chord(longer.0[..length].to_vec());
                    if let Some(first) = lookup.get(&key) {
                        return Err(KeymapError::Hidden {
                            file: file.to_owned(),
                            context: context.name(),
                            key: key.to_string(),
                            first: first.name(),
                            longer: longer.to_string(),
                            second: second.name(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// What these keys mean where these contexts hold, the first before the second.
    pub fn meaning(&self, contexts: &[Context], pressed: &[Press]) -> Meaning {
        let chord = Chord(pressed.to_vec());
        for context in contexts {
            let Some(lookup) = self.lookup.get(context) else { continue };
            if let Some(action) = lookup.get(&chord) {
                return Meaning::Action(*action);
            }
            if lookup.keys().any(|longer| longer.0.starts_with(pressed)) {
                return Meaning::Beginning;
            }
        }
        Meaning::Nothing
    }

    /// The first key for an action where these contexts hold, as text.
    pub fn key_for(&self, contexts: &[Context], action: Action) -> Option<String> {
        contexts.iter().find_map(|context| {
            let chords = self.bindings.get(context)?.get(&action)?;
            chords.first().map(Chord::to_string)
        })
    }

    /// Every key for an action in a context, as text.
    pub fn keys_for(&self, context: Context, action: Action) -> Vec<String> {
        self.bindings
            .get(&context)
            .and_then(|actions| actions.get(&action))
            .map(|chords| chords.iter().map(Chord::to_string).collect())
            .unwrap_or_default()
    }

    /// Every binding in the order for help: by context, then as actions are declared.
    pub fn entries(&self) -> Vec<(Context, Action, String)> {
        let mut entries = Vec::new();
        for context in Context::ALL {
            for action in Action::ALL {
                let keys = self.keys_for(context, *action);
                if !keys.is_empty() {
                    entries.push((context, *action, keys.join("  ")));
                }
            }
        }
        entries
    }
}

/// The candidate that differs from `name` by the fewest letters.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> &'a str {
    candidates.min_by_key(|candidate| distance(name, candidate)).unwrap_or_default()
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(text: &str) -> Press {
        Press::parse(text).expect("a key")
    }

    fn patched(text: &str) -> Result<Keymap, KeymapError> {
        Keymap::with_override(Some(("keymap.yaml", text)))
    }

    #[test]
    fn the_defaults_are_sound_and_every_action_has_a_key() {
        let keymap = Keymap::with_override(None).expect("sound");
        for action in Action::ALL {
            assert!(
                keymap.entries().iter().any(|(_, bound, _)| bound == action),
                "{} has no key",
                action.name()
            );
        }
    }

    #[test]
    fn a_pane_wins_over_global() {
        let keymap = patched("detail: { cancel_job: [g] }").expect("sound");
        let contexts = [Context::Detail, Context::Global];
        assert_eq!(keymap.meaning(&contexts, &[press("g")]), Meaning::Action(Action::CancelJob));
        assert_eq!(keymap.meaning(&[Context::Global], &[press("g")]), Meaning::Action(Action::Top));
    }

    #[test]
    fn sequences_are_followed_key_by_key() {
        let keymap = patched("global: { top: [g g, home] }").expect("sound");
        let contexts = [Context::Catalog, Context::Global];
        assert_eq!(keymap.meaning(&contexts, &[press("g")]), Meaning::Beginning);
        assert_eq!(
            keymap.meaning(&contexts, &[press("g"), press("g")]),
            Meaning::Action(Action::Top)
        );
        assert_eq!(keymap.meaning(&contexts, &[press("g"), press("x")]), Meaning::Nothing);
        assert_eq!(keymap.key_for(&contexts, Action::Top).as_deref(), Some("g g"));
    }

    #[test]
    fn one_key_for_two_actions_names_both() {
        let error = patched("global: { zoom: [q] }").expect_err("a conflict").to_string();
        assert!(error.contains("`q`") && error.contains("`zoom`") && error.contains("`quit`"));
        let error = patched("global: { zoom: [g z] }").expect_err("hidden").to_string();
        assert!(error.contains("`g`") && error.contains("`g z`") && error.contains("`top`"));
    }

    #[test]
    fn mistakes_are_explained() {
        let error = patched("globl: { zoom: [q] }").expect_err("a context").to_string();
        assert!(error.contains("did you mean `global`"), "{error}");
        let error = patched("global: { zom: [x] }").expect_err("an action").to_string();
        assert!(error.contains("did you mean `zoom`"), "{error}");
        let error = patched("global: { zoom: [hyper-x] }").expect_err("a key").to_string();
        assert!(error.contains("`hyper-x`"), "{error}");
        assert!(matches!(patched("global: ["), Err(KeymapError::Format { .. })));
    }

    #[test]
    fn an_empty_patch_changes_nothing_and_an_empty_list_unbinds() {
        assert!(patched("# nothing yet\n").is_ok());
        let keymap = patched("global: { quit: [], zoom: [n, 7] }").expect("sound");
        assert_eq!(keymap.keys_for(Context::Global, Action::Zoom), ["n", "7"]);
        assert_eq!(keymap.meaning(&[Context::Global], &[press("q")]), Meaning::Nothing);
    }

    #[test]
    fn capitals_and_back_tab_have_one_spelling() {
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Press::from(shifted), press("G"));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Press::from(back), press("shift-tab"));
        for text in ["ctrl-d", "shift-tab", "f12", "-", "ctrl--", "space", "<"] {
            assert_eq!(press(text).to_string(), text);
        }
    }
}
