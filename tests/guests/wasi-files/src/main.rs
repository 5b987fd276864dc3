//! Asserts of our files what the test programs of wasmtime assert of its files, in our own words, by the raw calls of
//! WASI 0.2. Where we differ on purpose, the check asserts ours and says why. `docs/policy.md` lists those programs and
//! the checks that stand for each.
//!
//! Arguments: a topic, an empty directory that may be changed, one that may only be read (with a file `test.txt`, an
//! empty directory `sub` and nothing else), and a file that nobody granted. Prints one line a check, `ok` or `BROKEN`.

mod contents;
mod expect;
mod hard_links;
mod links;
mod listing;
mod metadata;
mod opening;
mod place;
mod read_only;
mod removal;
mod renames;

use expect::Verdict;
use place::Place;

/// A check: its name as a sentence, and what is done in a directory of its own.
type Check = (&'static str, fn(&Place) -> Verdict);

/// The checks of a topic by their functions.
macro_rules! checks {
    ($($check:ident,)*) => {
        pub(crate) const CHECKS: &[crate::Check] = &[$((stringify!($check), $check)),*];
    };
}
pub(crate) use checks;

/// The topics by name.
const TOPICS: [(&str, &[Check]); 9] = [
    ("contents", contents::CHECKS),
    ("hard-links", hard_links::CHECKS),
    ("links", links::CHECKS),
    ("listing", listing::CHECKS),
    ("metadata", metadata::CHECKS),
    ("opening", opening::CHECKS),
    ("read-only", read_only::CHECKS),
    ("removal", removal::CHECKS),
    ("renames", renames::CHECKS),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, topic, changeable, read_only, ungranted] = arguments.as_slice() else {
        panic!("four arguments: the topic, two directories and a file")
    };
    let (_, checks) = TOPICS
        .iter()
        .find(|(name, _)| name == topic)
        .expect("a topic");
    for (name, check) in *checks {
        let place = Place::new(&format!("{changeable}/{name}"), read_only, ungranted);
        match check(&place) {
            Ok(()) => println!("ok {name}"),
            Err(found) => println!("BROKEN {name}: {found}"),
        }
    }
}
