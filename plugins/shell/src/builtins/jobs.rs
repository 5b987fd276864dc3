//! Jobs: `jobs`, `wait`, `kill`.

use std::rc::Rc;

use super::control::signal;
use super::{Outcome, fail};
use crate::executor;
use crate::interpret::jobs::find;
use crate::shell::{Job, Shell};

/// How often `wait -n` looks which job has ended.
const LOOK: std::time::Duration = std::time::Duration::from_millis(2);

/// `jobs`
pub async fn list(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let has = |option: char| {
        let mut options = arguments.iter().filter_map(|word| word.strip_prefix('-'));
        options.any(|letters| letters.contains(option))
    };
    let (ids_only, running_only) = (has('p'), has('r'));
    let mut shown = String::new();
    // Jobs never stop.
    let jobs = if has('s') {
        Vec::new()
    } else {
        shell.known_jobs()
    };
    let last = jobs.len();
    for (index, job) in jobs.iter().enumerate() {
        if running_only && !job.runs() {
            continue;
        }
        let sign = match last - index {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        let (state, end) = if job.runs() {
            ("Running", " &")
        } else {
            ("Done", "")
        };
        if ids_only {
            shown.push_str(&format!("{}\n", job.id));
        } else {
            shown.push_str(&format!(
                "[{}]{sign}  {state:<24}{}{end}\n",
                job.number, job.text
            ));
        }
    }
    shell.jobs.retain(|job| job.runs());
    shell.print("jobs", &crate::text::to_bytes(&shown)).await?;
    Ok(0)
}

/// `wait`
pub async fn wait(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut names = Vec::new();
    let (mut any, mut variable) = (false, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-n" => any = true,
            "-f" | "--" => {}
            "-p" => variable = words.next().cloned(),
            name => names.push(name.to_owned()),
        }
    }
    let chosen: Vec<Rc<Job>> = if names.is_empty() {
        shell.jobs.clone()
    } else {
        let mut chosen = Vec::new();
        for name in &names {
            match find(&shell.jobs, name) {
                Some(job) => chosen.push(job),
                None if name.starts_with('%') => {
                    return fail(shell, &format!("wait: {name}: no such job"), 127).await;
                }
                None => {
                    return fail(
                        shell,
                        &format!("wait: pid {name} is not a child of this shell"),
                        127,
                    )
                    .await;
                }
            }
        }
        chosen
    };
    if any {
        if chosen.is_empty() {
            return Ok(127);
        }
        let first = loop {
            if let Some(job) = chosen.iter().find(|job| !job.runs()) {
                break job;
            }
            executor::sleep(LOOK).await;
        };
        let status = first.wait().await;
        shell.jobs.retain(|job| !Rc::ptr_eq(job, first));
        if let Some(name) = variable {
            // A read-only variable keeps its value.
            let _ = shell.variables.set(&name, first.id.to_string());
        }
        return Ok(status);
    }
    let mut status = 0;
    for job in &chosen {
        status = job.wait().await;
    }
    if names.is_empty() {
        shell.jobs.clear();
        return Ok(0);
    }
    Ok(status)
}

/// The list of `kill -l`.
pub async fn signals(shell: &mut Shell) -> Outcome {
    let names: Vec<String> = (1..=31)
        .filter_map(|number| signal(&number.to_string()))
        .map(|(name, number)| format!("{number:2}) SIG{name}"))
        .collect();
    let lines: Vec<String> = names.chunks(5).map(|chunk| chunk.join("\t")).collect();
    shell
        .print("kill", (lines.join("\n") + "\n").as_bytes())
        .await?;
    Ok(0)
}

/// `kill`
pub async fn kill(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut number = 15;
    let mut rest = arguments;
    match rest {
        [option] if option == "-l" || option == "-L" => return signals(shell).await,
        [option, name, ..] if option == "-l" => {
            let code = name
                .parse::<i32>()
                .map_or(name.clone(), |code| (code & 127).to_string());
            let Some((own, code)) = signal(&code) else {
                return fail(
                    shell,
                    &format!("kill: {name}: invalid signal specification"),
                    1,
                )
                .await;
            };
            let shown = if name.parse::<i32>().is_ok() {
                own.to_owned()
            } else {
                code.to_string()
            };
            shell.print("kill", format!("{shown}\n").as_bytes()).await?;
            return Ok(0);
        }
        [option, name, more @ ..] if option == "-s" || option == "-n" => {
            let Some((_, code)) = signal(name) else {
                return fail(
                    shell,
                    &format!("kill: {name}: invalid signal specification"),
                    1,
                )
                .await;
            };
            (number, rest) = (code, more);
        }
        [option, more @ ..] if option.len() > 1 && option.starts_with('-') && option != "--" => {
            let Some((_, code)) = signal(&option[1..]) else {
                return fail(
                    shell,
                    &format!("kill: {}: invalid signal specification", &option[1..]),
                    1,
                )
                .await;
            };
            (number, rest) = (code, more);
        }
        _ => {}
    }
    if rest.is_empty() {
        shell.remark("kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n").await;
        return Ok(2);
    }
    let mut status = 0;
    for name in rest.iter().filter(|name| *name != "--") {
        if *name == crate::system::id().to_string() || name == "0" {
            if number == 0 {
                continue;
            }
            shell.status = 128 + number;
            shell.leaves = true;
            return Err(crate::shell::Unwind::Exit);
        }
        match find(&shell.known_jobs(), name) {
            Some(job) if number == 0 && job.runs() => {}
            Some(job) if job.runs() => job.kill(shell, number),
            Some(_) | None if name.starts_with('%') => {
                status = fail(shell, &format!("kill: {name}: no such job"), 1).await?;
            }
            _ => status = fail(shell, &format!("kill: ({name}) - No such process"), 1).await?,
        }
    }
    Ok(status)
}

/// `fg` waits for a job; `bg` and `disown` have nothing to do, for jobs never stop.
pub async fn resume(shell: &mut Shell, name: &str, arguments: &[String]) -> Outcome {
    let word = arguments
        .iter()
        .find(|argument| !argument.starts_with('-'))
        .map_or("%+", String::as_str);
    let Some(job) = find(&shell.jobs, word) else {
        if word == "%+" {
            return fail(shell, &format!("{name}: no job control"), 1).await;
        }
        return fail(shell, &format!("{name}: {word}: no such job"), 1).await;
    };
    match name {
        "fg" => {
            let line = format!("{}\n", job.text);
            shell.print("fg", &crate::text::to_bytes(&line)).await?;
            let status = job.wait().await;
            shell.jobs.retain(|other| !Rc::ptr_eq(other, &job));
            Ok(status)
        }
        "disown" => {
            shell.jobs.retain(|other| !Rc::ptr_eq(other, &job));
            Ok(0)
        }
        _ => Ok(0),
    }
}
