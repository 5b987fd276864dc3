//! Does file operations one after the other, as its arguments say, and prints one line for each: `ok` with what came of
//! it, or `error` with the code. See [`files::Guest::run`] for the words of an operation.

fn main() {
    let mut guest = files::Guest::default();
    for operation in std::env::args().skip(1) {
        let words: Vec<&str> = operation.split(' ').collect();
        match guest.run(&words) {
            Ok(result) => println!("ok {result}"),
            Err(code) => println!("error {}", code.name()),
        }
    }
}
