//! Tries to do what its grants do not allow, in every way WASI 0.2 offers, class by class, and now and then what they do
//! allow. Arguments: the folder that the test laid out (`attacks.rs` in the sandbox's tests) and the class.
//!
//! A class is a text with one check a line: an operation of the `files` guest, `->`, and what must come of it: `ok`
//! with the result, or the codes of which one must be answered. Blank lines and lines that start with `#` count for
//! nothing. In an operation `@` stands for the folder, `{SP}` for a blank, `{NUL}` for a zero byte, and `{a*9}` for nine
//! times `a`. Prints one line a check, `ok` or `BROKEN`.

mod ancestors;
mod descriptors;
mod git;
mod hard_links;
mod hidden;
mod links;
mod metadata;
mod names;
mod nested;
mod opening;
mod outside;
mod protected;
mod read_only;
mod rules;
mod single_file;
mod special;

/// The classes by name.
const CLASSES: [(&str, &str); 16] = [
    ("ancestors", ancestors::CHECKS),
    ("descriptors", descriptors::CHECKS),
    ("git", git::CHECKS),
    ("hard-links", hard_links::CHECKS),
    ("hidden", hidden::CHECKS),
    ("links", links::CHECKS),
    ("metadata", metadata::CHECKS),
    ("names", names::CHECKS),
    ("nested", nested::CHECKS),
    ("opening", opening::CHECKS),
    ("outside", outside::CHECKS),
    ("protected", protected::CHECKS),
    ("read-only", read_only::CHECKS),
    ("rules", rules::CHECKS),
    ("single-file", single_file::CHECKS),
    ("special", special::CHECKS),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, class] = arguments.as_slice() else {
        panic!("two arguments: the folder and the class")
    };
    let (_, checks) = CLASSES
        .iter()
        .find(|(name, _)| name == class)
        .expect("a class");
    let mut guest = files::Guest::default();
    for check in checks.lines().filter(|line| is_check(line)) {
        let (operation, expected) = check.split_once(" -> ").expect("an arrow");
        let words: Vec<String> = operation
            .split_whitespace()
            .map(|word| unfold(&word.replace('@', folder)))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let found = match guest.run(&words) {
            Ok(result) => format!("ok {result}").trim_end().to_owned(),
            Err(code) => code.name().to_owned(),
        };
        if expected.trim().split('|').any(|code| code == found) {
            println!("ok {check}");
        } else {
            println!("BROKEN {check}, but: {found}");
        }
    }
}

fn is_check(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

/// Writes out what stands in braces.
fn unfold(word: &str) -> String {
    let Some((before, rest)) = word.split_once('{') else {
        return word.to_owned();
    };
    let (inside, after) = rest.split_once('}').expect("a closing brace");
    let written_out = match (inside, inside.split_once('*')) {
        ("SP", _) => " ".to_owned(),
        ("NUL", _) => "\0".to_owned(),
        (_, Some((text, times))) => text.repeat(times.parse().expect("a number")),
        (other, None) => panic!("{{{other}}} stands for nothing"),
    };
    format!("{before}{written_out}{}", unfold(after))
}
