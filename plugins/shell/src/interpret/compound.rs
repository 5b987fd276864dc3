//! Compound commands: groups, loops, branches, and definitions of functions.

use std::rc::Rc;

use super::{list, run_list, test};
use crate::executor;
use crate::expand;
use crate::pattern::{Case, Pattern};
use crate::shell::{Flow, Shell, Unwind};
use crate::syntax::tree::{AfterArm, Argument, Arm, Command, Kind, List, Until, Word};

/// After so many turns of a loop the other tasks may go on.
const TURNS_BETWEEN_PAUSES: u32 = 32;

/// Runs a compound command; its redirections are in place.
pub async fn run(shell: &mut Shell, command: &Command) -> Flow {
    match &command.kind {
        Kind::Simple(simple) => super::simple::run(shell, simple, &[]).await,
        Kind::Group(body) => list(shell, body).await,
        Kind::Subshell(body) => subshell(shell, body).await,
        Kind::If(arms, otherwise) => branch(shell, arms, otherwise.as_ref()).await,
        Kind::Loop(until, condition, body) => repeat(shell, *until, condition, body).await,
        Kind::For(name, words, body) => each(shell, name, words.as_deref(), body).await,
        Kind::Counting(parts, body) => count(shell, parts, body).await,
        Kind::Case(value, arms) => choose(shell, value, arms).await,
        Kind::Arithmetic(word) => arithmetic(shell, word).await,
        Kind::Test(expression) => {
            if shell.has("xtrace") {
                let words = format!("[[ {} ]]", test::show(shell, expression).await);
                super::simple::trace(shell, &words).await;
            }
            match test::evaluate(shell, expression).await {
                Ok(holds) => {
                    shell.status = i32::from(!holds);
                    Ok(())
                }
                Err(test::Failure::Told(status)) => {
                    shell.status = status;
                    Ok(())
                }
                Err(test::Failure::Unwinds(unwind)) => Err(unwind),
            }
        }
        Kind::Function(function) => {
            let functions = Rc::make_mut(&mut shell.functions);
            functions.insert(function.name.clone(), Rc::clone(function));
            shell.status = 0;
            Ok(())
        }
    }
}

async fn subshell(shell: &mut Shell, body: &List) -> Flow {
    super::enter(shell, "subshell").await?;
    let inner = shell.subshell();
    let task = executor::start(run_list(inner, Rc::clone(body)));
    shell.status = task.join().await.unwrap_or(1);
    shell.nesting -= 1;
    Ok(())
}

async fn condition(shell: &mut Shell, body: &List) -> Result<bool, Unwind> {
    shell.tested += 1;
    let flow = list(shell, body).await;
    shell.tested -= 1;
    flow.map(|()| shell.status == 0)
}

async fn branch(shell: &mut Shell, arms: &[(List, List)], otherwise: Option<&List>) -> Flow {
    for (guard, body) in arms {
        if condition(shell, guard).await? {
            return list(shell, body).await;
        }
    }
    shell.status = 0;
    match otherwise {
        Some(body) => list(shell, body).await,
        None => Ok(()),
    }
}

/// Whether a loop goes on after a turn.
#[derive(PartialEq, Eq)]
enum Turn {
    Next,
    Over,
}

async fn turn(shell: &mut Shell, body: &List, turns: &mut u32) -> Result<Turn, Unwind> {
    *turns += 1;
    if *turns % TURNS_BETWEEN_PAUSES == 0 {
        executor::pause().await;
    }
    shell.loops += 1;
    let flow = list(shell, body).await;
    shell.loops = shell.loops.saturating_sub(1);
    match flow {
        Ok(()) | Err(Unwind::Continue(1)) => Ok(Turn::Next),
        Err(Unwind::Break(1)) => Ok(Turn::Over),
        Err(Unwind::Break(levels)) => Err(Unwind::Break(levels - 1)),
        Err(Unwind::Continue(levels)) => Err(Unwind::Continue(levels - 1)),
        Err(other) => Err(other),
    }
}

async fn repeat(shell: &mut Shell, until: Until, guard: &List, body: &List) -> Flow {
    let (mut status, mut turns) = (0, 0);
    loop {
        // `break` may stand in the condition as well.
        shell.loops += 1;
        let holds = condition(shell, guard).await;
        shell.loops -= 1;
        let holds = match holds {
            Err(Unwind::Break(1)) => break,
            Err(Unwind::Continue(1)) => continue,
            holds => holds?,
        };
        if holds != (until == Until::Failure) {
            break;
        }
        let turn = turn(shell, body, &mut turns).await?;
        status = shell.status;
        if turn == Turn::Over {
            break;
        }
    }
    shell.status = status;
    Ok(())
}

async fn each(shell: &mut Shell, name: &str, words: Option<&[Argument]>, body: &List) -> Flow {
    let values = match words {
        None => shell.arguments.to_vec(),
        Some(words) => super::simple::expand_arguments(shell, words).await?,
    };
    let traced: Vec<String> = match words {
        Some(words) if shell.has("xtrace") => words.iter().map(super::simple::source_of).collect(),
        _ => Vec::new(),
    };
    shell.status = 0;
    let mut turns = 0;
    for value in values {
        if shell.has("xtrace") {
            super::simple::trace(shell, &format!("for {name} in {}", traced.join(" "))).await;
        }
        if let Err(error) = shell.variables.set(name, value) {
            shell.complain(&error.words()).await;
            shell.status = 1;
            return Err(Unwind::Discard);
        }
        if turn(shell, body, &mut turns).await? == Turn::Over {
            break;
        }
    }
    Ok(())
}

async fn count(shell: &mut Shell, parts: &[Option<Word>; 3], body: &List) -> Flow {
    let [start, goes_on, step] = parts;
    if let Some(start) = start {
        expand::arithmetic(shell, start, "((: ").await?;
    }
    let mut turns = 0;
    let mut status = 0;
    loop {
        if let Some(goes_on) = goes_on {
            if expand::arithmetic(shell, goes_on, "((: ").await? == 0 {
                break;
            }
        }
        let turn = turn(shell, body, &mut turns).await?;
        status = shell.status;
        if turn == Turn::Over {
            break;
        }
        if let Some(step) = step {
            expand::arithmetic(shell, step, "((: ").await?;
        }
    }
    shell.status = status;
    Ok(())
}

async fn choose(shell: &mut Shell, value: &Word, arms: &[Arm]) -> Flow {
    let text = expand::text(shell, value).await?;
    if shell.has("xtrace") {
        super::simple::trace(shell, &format!("case {} in", value.source)).await;
    }
    shell.status = 0;
    let mut falls = false;
    for arm in arms {
        if !falls && !matches(shell, &text, arm).await? {
            continue;
        }
        if let Some(body) = &arm.body {
            list(shell, body).await?;
        }
        match arm.then {
            AfterArm::Leave => return Ok(()),
            AfterArm::FallThrough => falls = true,
            AfterArm::TryOthers => falls = false,
        }
    }
    Ok(())
}

async fn matches(shell: &mut Shell, text: &str, arm: &Arm) -> Result<bool, Unwind> {
    for pattern in &arm.patterns {
        let pattern = expand::pattern(shell, pattern).await?;
        let case = if shell.has("nocasematch") {
            Case::Ignored
        } else {
            Case::Matters
        };
        if Pattern::new(&pattern, case).matches(text) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn arithmetic(shell: &mut Shell, word: &Word) -> Flow {
    if shell.has("xtrace") {
        super::simple::trace(shell, &format!("(( {} ))", word.source)).await;
    }
    match expand::arithmetic(shell, word, "((: ").await {
        Ok(value) => shell.status = i32::from(value == 0),
        Err(Unwind::Discard) => shell.status = 1,
        Err(other) => return Err(other),
    }
    Ok(())
}
