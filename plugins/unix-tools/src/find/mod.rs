//! `find`: parses an expression, walks the trees, evaluates the expression at each entry.

mod expression;
mod parser;
mod printing;

pub use printing::mode;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};

use crate::arguments::as_text;
use crate::outcome::{Outcome, complain, finish, reason};
use expression::Evaluation;

/// Runs find.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("find", find(arguments), 1)
}

fn find(arguments: Vec<OsString>) -> Outcome {
    let arguments = as_text(arguments)?;
    let plan = parser::parse(&arguments[1..])?;
    let out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let mut evaluation = Evaluation::new(out);
    'roots: for root in &plan.roots {
        let mut walk = walkdir::WalkDir::new(root)
            .follow_links(plan.follow)
            .follow_root_links(plan.follow)
            .max_depth(plan.greatest_depth)
            .contents_first(plan.contents_first)
            .into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error
                        .path()
                        .map_or_else(|| root.clone(), |path| path.display().to_string());
                    let error = error
                        .into_io_error()
                        .unwrap_or_else(|| io::Error::other("a loop of links"));
                    evaluation.out.flush()?;
                    complain(format_args!("find: '{path}': {}", reason(&error)));
                    evaluation.status = 1;
                    continue;
                }
            };
            if entry.depth() < plan.least_depth {
                continue;
            }
            evaluation.pruned = false;
            evaluation.matches(&plan.expression, &entry, root)?;
            if evaluation.pruned && entry.file_type().is_dir() && !plan.contents_first {
                walk.skip_current_dir();
            }
            if evaluation.quit {
                break 'roots;
            }
        }
    }
    evaluation.run_batches(&plan.expression)?;
    evaluation.out.flush()?;
    Ok(evaluation.status)
}
