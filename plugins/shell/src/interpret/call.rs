//! Calls: functions and sourced files.

use std::rc::Rc;

use super::{Origin, command, enter, program};
use crate::expand::Boxed;
use crate::shell::{Call, Flow, Shell, Unwind};
use crate::syntax::tree::Function;
use crate::variables::ScopeKind;

/// Calls a function; redirections and assignments before it are in place.
pub fn function<'a>(
    shell: &'a mut Shell,
    function: Rc<Function>,
    arguments: Vec<String>,
) -> Boxed<'a, Flow> {
    Box::pin(async move {
        enter(shell, &function.name).await?;
        let outer = std::mem::replace(&mut shell.arguments, Rc::new(arguments));
        let loops = std::mem::take(&mut shell.loops);
        let source = shell
            .calls
            .last()
            .map_or_else(|| Rc::clone(&shell.name), |call| Rc::clone(&call.source));
        shell.calls.push(Call {
            name: function.name.as_str().into(),
            line: shell.line,
            source,
        });
        shell.variables.push(ScopeKind::Function);
        let flow = command(shell, &function.body).await;
        shell.variables.pop();
        shell.calls.pop();
        shell.loops = loops;
        shell.arguments = outer;
        shell.nesting -= 1;
        match flow {
            Err(Unwind::Return | Unwind::Break(_) | Unwind::Continue(_)) => Ok(()),
            flow => flow,
        }
    })
}

/// Runs the text of a file in this shell.
pub fn source<'a>(
    shell: &'a mut Shell,
    path: &'a str,
    text: &'a str,
    arguments: &'a [String],
) -> Boxed<'a, Flow> {
    Box::pin(async move {
        enter(shell, path).await?;
        let outer = (!arguments.is_empty())
            .then(|| std::mem::replace(&mut shell.arguments, Rc::new(arguments.to_vec())));
        let line = std::mem::replace(&mut shell.line, 1);
        shell.calls.push(Call {
            name: "source".into(),
            line,
            source: path.into(),
        });
        shell.status = 0;
        let flow = program(shell, text, Origin::Inner).await;
        shell.calls.pop();
        shell.line = line;
        if let Some(outer) = outer {
            shell.arguments = outer;
        }
        shell.nesting -= 1;
        match flow {
            Err(Unwind::Return) => Ok(()),
            flow => flow,
        }
    })
}
