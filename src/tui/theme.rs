//! [`Theme`]: what each role looks like, from `config/themes/*.yaml`, compiled in.
//!
//! Panes name roles, never colours. Colour is never the only signal: whatever a role tells is also
//! told by a word, a sign or a weight, so that `NO_COLOR` loses nothing.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// The themes there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// For dark terminals; the default.
    #[default]
    Dark,
    /// For light terminals.
    Light,
    /// For weak eyes and strong light.
    HighContrast,
    /// The terminal's own sixteen colours.
    Ansi16,
}

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourDepth {
    /// None, or `NO_COLOR` is set: weight, underline and reversal only.
    None,
    /// 256.
    Palette,
    /// 24 bits.
    #[default]
    True,
}

impl ColourDepth {
    /// What the environment says: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub fn detect() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if is_set("NO_COLOR") || std::env::var("TERM").is_ok_and(|term| term == "dumb") {
            return Self::None;
        }
        match std::env::var("COLORTERM") {
            Ok(value) if value == "truecolor" || value == "24bit" => Self::True,
            _ => Self::Palette,
        }
    }
}

impl ThemeName {
    /// Every theme, in the order in which they are cycled.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::HighContrast, Self::Ansi16];

    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Ansi16 => "ansi16",
        }
    }

    /// The theme called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// The one after it.
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|theme| *theme == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    fn source(self) -> &'static str {
        match self {
            Self::Dark => include_str!("../../config/themes/dark.yaml"),
            Self::Light => include_str!("../../config/themes/light.yaml"),
            Self::HighContrast => include_str!("../../config/themes/high-contrast.yaml"),
            Self::Ansi16 => include_str!("../../config/themes/ansi16.yaml"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    palette: BTreeMap<String, String>,
    roles: BTreeMap<String, Look>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the theme file")]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

macro_rules! roles {
    ($($role:ident $doc:literal,)*) => {
        /// The look of every role.
        #[derive(Clone, Debug)]
        pub struct Theme {
            /// Which theme it is.
            pub name: ThemeName,
            $(#[doc = $doc] pub $role: Style,)*
        }

        impl Theme {
            fn build(name: ThemeName, depth: ColourDepth, file: &File) -> Result<Self, String> {
                let mut left: Vec<&str> = file.roles.keys().map(String::as_str).collect();
                $(
                    let look = file
                        .roles
                        .get(stringify!($role))
                        .ok_or(concat!("no role `", stringify!($role), "`"))?;
                    left.retain(|role| *role != stringify!($role));
                    let $role = look.style(&file.palette, depth)?;
                )*
                match left.first() {
                    Some(role) => Err(format!("no such role: `{role}`")),
                    None => Ok(Self { name, $($role,)* }),
                }
            }
        }
    };
}

roles! {
    base "Plain text on the ground.",
    soft "Text of second rank: words for kinds, units, explanations.",
    faint "Text of third rank: separators, line numbers.",
    strong "Text that matters.",
    border "The frame of a pane.",
    border_focus "The frame of the pane that has the keys.",
    title "The title of a pane.",
    title_focus "The title of the pane that has the keys.",
    bar "The status bar.",
    brand "The program's name.",
    key "A key to press.",
    tab "A tab in the background.",
    tab_active "The tab in front.",
    selected "The line under the cursor.",
    selected_away "The line under the cursor of a pane that has not the keys.",
    matched "The letters that matched a filter.",
    header "Column headers of tables.",
    overlay "The ground of overlays.",
    root "Homes, spaces and sources.",
    folder "Folders.",
    view "Views.",
    table "Tables.",
    function "Functions.",
    data_type "Column types.",
    number "Numbers.",
    string "Strings.",
    null_value "A null.",
    keyword "A word of SQL.",
    call "A function called in SQL.",
    comment "A comment in SQL.",
    operator "Signs in SQL.",
    heading "Headings in texts.",
    code "Code in texts.",
    link "Links in texts.",
    good "Success.",
    busy "Something under way.",
    warning "A warning.",
    error "A failure.",
}

impl Theme {
    /// The theme of this name as this terminal can show it.
    ///
    /// # Panics
    ///
    /// Never: the files compiled in are checked by a test.
    pub fn load(name: ThemeName, depth: ColourDepth) -> Self {
        Self::try_load(name, depth).expect("the themes compiled in are tested")
    }

    fn try_load(name: ThemeName, depth: ColourDepth) -> Result<Self, String> {
        let file: File =
            serde_saphyr::from_str(name.source()).map_err(|error| error.to_string())?;
        let mut theme = Self::build(name, depth, &file)?;
        if depth == ColourDepth::None {
            theme.selected_away = Style::new().add_modifier(Modifier::UNDERLINED);
        }
        Ok(theme)
    }
}

impl Look {
    fn style(
        &self,
        palette: &BTreeMap<String, String>,
        depth: ColourDepth,
    ) -> Result<Style, String> {
        let mut style = Style::new();
        if let Some(name) = &self.fg {
            style.fg = colour(name, palette, depth)?;
        }
        let mut reverse = self.reverse;
        if let Some(name) = &self.bg {
            style.bg = colour(name, palette, depth)?;
            // A line that only its ground sets off would vanish without colours.
            reverse |= depth == ColourDepth::None && self.bold;
        }
        for (on, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (reverse, Modifier::REVERSED),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        Ok(style)
    }
}

fn colour(
    name: &str,
    palette: &BTreeMap<String, String>,
    depth: ColourDepth,
) -> Result<Option<Color>, String> {
    let value = palette.get(name).map_or(name, String::as_str);
    let colour = match value {
        "default" => Color::Reset,
        value => value.parse().map_err(|_| format!("`{value}` is not a colour"))?,
    };
    Ok(match (depth, colour) {
        (ColourDepth::None, _) => None,
        (ColourDepth::Palette, Color::Rgb(r, g, b)) => {
            Some(Color::Indexed(nearest_indexed(r, g, b)))
        }
        (_, colour) => Some(colour),
    })
}

/// The nearest of the 240 fixed colours of the 256-colour palette.
fn nearest_indexed(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |(r2, g2, b2): (u8, u8, u8)| {
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        square(r, r2) * 3 + square(g, g2) * 6 + square(b, b2)
    };
    let cube = (0..216_u8).map(|at| {
        let step = |place: u8| STEPS[usize::from(place)];
        (16 + at, (step(at / 36), step(at / 6 % 6), step(at % 6)))
    });
    let grey = (0..24_u8).map(|at| (232 + at, (8 + 10 * at, 8 + 10 * at, 8 + 10 * at)));
    cube.chain(grey).min_by_key(|(_, rgb)| distance(*rgb)).map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_loads_at_every_depth() {
        for name in ThemeName::ALL {
            for depth in [ColourDepth::None, ColourDepth::Palette, ColourDepth::True] {
                let theme = Theme::try_load(name, depth).unwrap_or_else(|error| {
                    panic!("{}: {error}", name.name());
                });
                assert_ne!(theme.selected, theme.base, "{}", name.name());
                if depth == ColourDepth::None {
                    assert_eq!((theme.error.fg, theme.selected.bg), (None, None));
                    assert!(theme.selected.add_modifier.contains(Modifier::REVERSED));
                }
            }
            assert_eq!(ThemeName::from_name(name.name()), Some(name));
        }
    }

    #[test]
    fn text_stands_out_from_its_ground() {
        for name in [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast] {
            let theme = Theme::load(name, ColourDepth::True);
            for (role, style) in [
                ("base", theme.base),
                ("soft", theme.soft),
                ("error", theme.error),
                ("table", theme.table),
                ("key", theme.key),
            ] {
                let ratio = contrast(style.fg, theme.base.bg);
                assert!(ratio >= 4.5, "{} {role}: {ratio:.1}", name.name());
            }
        }
    }

    fn contrast(a: Option<Color>, b: Option<Color>) -> f64 {
        let luminance = |colour: Option<Color>| {
            let Some(Color::Rgb(r, g, b)) = colour else { panic!("a 24-bit colour") };
            let channel = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn finds_the_nearest_fixed_colour() {
        assert_eq!(nearest_indexed(255, 0, 0), 196);
        assert_eq!(nearest_indexed(8, 8, 8), 232);
        assert_eq!(nearest_indexed(255, 255, 255), 231);
    }
}
