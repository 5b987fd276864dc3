//! The JavaScript sources of the runtime, one a module of Node's library.

use rquickjs::{Ctx, Exception, Value, context::EvalOptions};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        /// Names and sources, in no order that matters.
        const SOURCES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("runtime/", $name, ".js")))),*
        ];
    };
}

sources![
    "assert",
    "bootstrap",
    "buffer",
    "child_process",
    "clone",
    "console",
    "crypto",
    "errors",
    "events",
    "fetch",
    "fs",
    "fs_promises",
    "inspect",
    "locale",
    "loop",
    "main",
    "modules",
    "os",
    "path",
    "process",
    "readline",
    "stream",
    "string_decoder",
    "test",
    "timers",
    "url",
    "util",
    "web",
];

/// Evaluates the source named `name`: one expression, usually a function.
///
/// # Errors
/// There is no such source, or it throws.
pub(crate) fn evaluate<'js, V: rquickjs::FromJs<'js>>(
    ctx: &Ctx<'js>,
    name: &str,
) -> rquickjs::Result<V> {
    let Some((_, source)) = SOURCES.iter().find(|(known, _)| *known == name) else {
        return Err(Exception::throw_message(
            ctx,
            &format!("no runtime source {name}"),
        ));
    };
    let mut options = EvalOptions::default();
    options.filename = Some(format!("node:internal/{name}"));
    ctx.eval_with_options(*source, options)
}

/// Evaluates a classic (not strict) script and returns the value of its last expression.
pub(crate) fn script<'js>(
    ctx: &Ctx<'js>,
    source: &str,
    file: String,
) -> rquickjs::Result<Value<'js>> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file);
    ctx.eval_with_options(source, options)
}
