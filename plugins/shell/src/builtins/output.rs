//! `echo`.

use super::Outcome;
use crate::shell::Shell;
use crate::syntax::escapes::{self, Dialect};
use crate::text;

/// Prints its arguments.
pub async fn echo(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut newline = true;
    let mut escapes = shell.has("xpg_echo");
    let mut rest = arguments;
    while let Some((first, more)) = rest.split_first() {
        let Some(letters) = first
            .strip_prefix('-')
            .filter(|l| !l.is_empty() && l.chars().all(|c| "neE".contains(c)))
        else {
            break;
        };
        for letter in letters.chars() {
            match letter {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        rest = more;
    }
    let joined = rest.join(" ");
    let mut bytes = if escapes {
        let decoded = escapes::decode(&joined, Dialect::Echo);
        newline &= !decoded.ends;
        decoded.bytes
    } else {
        text::to_bytes(&joined)
    };
    if newline {
        bytes.push(b'\n');
    }
    shell.status = 0;
    shell.print("echo", &bytes).await?;
    Ok(shell.status)
}
