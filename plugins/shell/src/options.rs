//! The shell's options: those of `set` and those of `shopt`.

/// An option of `set`: its long name and its letter.
pub const SET: &[(&str, Option<char>)] = &[
    ("allexport", Some('a')),
    ("braceexpand", Some('B')),
    ("errexit", Some('e')),
    ("errtrace", Some('E')),
    ("functrace", Some('T')),
    ("hashall", Some('h')),
    ("monitor", Some('m')),
    ("noclobber", Some('C')),
    ("noexec", Some('n')),
    ("noglob", Some('f')),
    ("nounset", Some('u')),
    ("pipefail", None),
    ("posix", None),
    ("privileged", Some('p')),
    ("verbose", Some('v')),
    ("xtrace", Some('x')),
];

/// The options of `shopt` that have an effect, or that scripts set without needing one.
pub const SHOPT: &[&str] = &[
    "autocd",
    "checkwinsize",
    "cmdhist",
    "dotglob",
    "execfail",
    "expand_aliases",
    "extglob",
    "failglob",
    "globasciiranges",
    "globstar",
    "histappend",
    "inherit_errexit",
    "interactive_comments",
    "lastpipe",
    "nocaseglob",
    "nocasematch",
    "nullglob",
    "patsub_replacement",
    "promptvars",
    "sourcepath",
    "xpg_echo",
];

/// Which options are on. Those of `set` take the low bits, those of `shopt` follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options(u64);

impl Default for Options {
    fn default() -> Self {
        let mut options = Self(0);
        let on = [
            "braceexpand",
            "hashall",
            "checkwinsize",
            "cmdhist",
            "extglob",
            "globasciiranges",
            "interactive_comments",
            "patsub_replacement",
            "promptvars",
            "sourcepath",
        ];
        for name in on {
            options.put(name, true);
        }
        options
    }
}

fn place(name: &str) -> Option<usize> {
    let set = SET.iter().position(|(own, _)| *own == name);
    set.or_else(|| Some(SET.len() + SHOPT.iter().position(|own| *own == name)?))
}

impl Options {
    /// Whether an option is on.
    pub fn has(self, name: &str) -> bool {
        place(name).is_some_and(|place| self.0 >> place & 1 == 1)
    }

    /// Turns an option on or off; false if there is none of this name.
    pub fn put(&mut self, name: &str, on: bool) -> bool {
        let Some(place) = place(name) else {
            return false;
        };
        self.0 = self.0 & !(1 << place) | u64::from(on) << place;
        true
    }

    /// The name of the option of `set` with this letter.
    pub fn by_letter(letter: char) -> Option<&'static str> {
        SET.iter()
            .find(|(_, own)| *own == Some(letter))
            .map(|(name, _)| *name)
    }

    /// The value of `$-`.
    pub fn letters(self, more: &str) -> String {
        let mut letters: Vec<char> = SET
            .iter()
            .filter(|(name, _)| self.has(name))
            .filter_map(|(_, letter)| *letter)
            .collect();
        letters.sort_by_key(|letter| (letter.is_ascii_uppercase(), *letter));
        letters.into_iter().collect::<String>() + more
    }
}
