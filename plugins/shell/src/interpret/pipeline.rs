//! Chains and pipelines. The stages of a pipeline run at the same time, connected by the host's pipes.

use std::rc::Rc;
use std::time::Instant;

use super::{command, enclosed};
use crate::executor;
use crate::shell::{End, Flow, Shell, Unwind};
use crate::syntax::tree::{Chain, Command, Connector, Kind, Pipeline, Timing};
use crate::system;

/// Runs pipelines joined by `&&` and `||`.
pub async fn chain(shell: &mut Shell, chain: &Chain) -> Flow {
    if chain.rest.is_empty() {
        return pipeline(shell, &chain.first).await;
    }
    tested(shell, &chain.first).await?;
    let last = chain.rest.len() - 1;
    for (index, (connector, next)) in chain.rest.iter().enumerate() {
        let runs = (*connector == Connector::And) == (shell.status == 0);
        match runs {
            true if index == last => pipeline(shell, next).await?,
            true => tested(shell, next).await?,
            false => {}
        }
    }
    Ok(())
}

async fn tested(shell: &mut Shell, next: &Pipeline) -> Flow {
    shell.tested += 1;
    let flow = pipeline(shell, next).await;
    shell.tested -= 1;
    flow
}

/// Runs a pipeline, and what follows from its failure: the `ERR` trap, and the end of the shell under `set -e`.
///
/// # Errors
/// When the shell ends, or the commands in it unwind.
pub async fn pipeline(shell: &mut Shell, pipeline: &Pipeline) -> Flow {
    let started = Instant::now();
    shell.tested += u32::from(pipeline.negated);
    let flow = match pipeline.stages.as_slice() {
        [] => Ok(()),
        [only] => {
            let flow = command(shell, only).await;
            if flow.is_ok() && matches!(only.kind, Kind::Simple(_)) {
                shell.statuses = vec![shell.status];
            }
            flow
        }
        stages => several(shell, stages).await,
    };
    shell.tested -= u32::from(pipeline.negated);
    if let Some(timing) = pipeline.timing {
        let seconds = started.elapsed().as_secs_f64();
        shell.remark(&times(timing, seconds)).await;
    }
    flow?;
    if pipeline.negated {
        shell.status = i32::from(shell.status == 0);
        return Ok(());
    }
    let counts = match pipeline.stages.as_slice() {
        [only] => matches!(
            only.kind,
            Kind::Simple(_) | Kind::Subshell(_) | Kind::Arithmetic(_) | Kind::Test(_)
        ),
        _ => true,
    };
    if counts && shell.status != 0 && shell.tested == 0 {
        failed(shell).await?;
    }
    Ok(())
}

async fn failed(shell: &mut Shell) -> Flow {
    let reaches = shell.calls.is_empty() || shell.has("errtrace");
    let trap = shell
        .traps
        .get("ERR")
        .filter(|command| !command.is_empty() && reaches)
        .cloned();
    if let Some(text) = trap {
        let (status, line) = (shell.status, shell.line);
        shell.tested += 1;
        let flow = Box::pin(super::program(shell, &text, super::Origin::Inner)).await;
        shell.tested -= 1;
        flow?;
        (shell.status, shell.line) = (status, line);
    }
    if shell.has("errexit") {
        shell.leaves = true;
        Err(Unwind::Exit)
    } else {
        Ok(())
    }
}

fn times(timing: Timing, real: f64) -> String {
    match timing {
        Timing::Bash => {
            let minutes = (real / 60.0).floor();
            format!(
                "\nreal\t{minutes}m{:.3}s\nuser\t0m0.000s\nsys\t0m0.000s\n",
                real - minutes * 60.0
            )
        }
        Timing::Posix => format!("real {real:.2}\nuser 0.00\nsys 0.00\n"),
    }
}

async fn several(shell: &mut Shell, stages: &[Rc<Command>]) -> Flow {
    super::enter(shell, "pipeline").await?;
    let mut tasks = Vec::with_capacity(stages.len());
    let mut input = None;
    for (index, stage) in stages.iter().enumerate() {
        let mut inner = shell.onlooker();
        inner.unhooked = true;
        if let Some(reader) = input.take() {
            inner.attach(0, Some(End::Reader(reader)));
        }
        if index + 1 < stages.len() {
            match system::pipe() {
                Ok((reader, writer)) => {
                    inner.attach(1, Some(End::Writer(writer)));
                    input = Some(reader);
                }
                Err(error) => {
                    shell
                        .complain(&format!("pipe error: {}", system::reason(&error)))
                        .await;
                    shell.status = 1;
                    shell.nesting -= 1;
                    return Err(Unwind::Discard);
                }
            }
        }
        let stage = Rc::clone(stage);
        tasks.push(executor::start(enclosed(inner, async move |shell| {
            command(shell, &stage).await
        })));
    }
    let mut statuses = Vec::with_capacity(tasks.len());
    for task in tasks {
        statuses.push(task.join().await.unwrap_or(1));
    }
    shell.nesting -= 1;
    let last = statuses.last().copied().unwrap_or(0);
    let failed = statuses.iter().rev().copied().find(|status| *status != 0);
    shell.status = if shell.has("pipefail") {
        failed.unwrap_or(0)
    } else {
        last
    };
    shell.statuses = statuses;
    Ok(())
}
