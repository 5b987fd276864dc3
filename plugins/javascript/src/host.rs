//! The functions that the runtime's JavaScript stands on, as one object.

use std::{
    io::Read,
    thread,
    time::{Duration, Instant},
};

use md5::Md5;
use rquickjs::{
    ArrayBuffer, Ctx, Exception, Function, IntoJs, Module, Object, Promise, Result, TypedArray,
    Value, function::IntoJsFunc, promise::PromiseState,
};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::{files, network, output, runtime, surroundings};

/// The object, with the command line and the environment as data.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    host.set("arguments", arguments)?;
    let environment = Object::new(ctx.clone())?;
    for (key, value) in std::env::vars_os() {
        environment.set(
            key.to_string_lossy().into_owned(),
            value.to_string_lossy().into_owned(),
        )?;
    }
    host.set("environment", environment)?;
    host.set("startingDirectory", surroundings::starting_directory())?;
    define(&host, "source", source)?;
    define(&host, "script", script)?;
    define(&host, "importModule", import_module)?;
    define(&host, "checkModule", check_module)?;
    define(&host, "runJobs", run_jobs)?;
    define(&host, "promiseState", promise_state)?;
    define(&host, "collect", |ctx: Ctx<'_>| ctx.run_gc())?;
    define(&host, "exit", |code: u8| -> () { surroundings::exit(code) })?;
    define(&host, "write", write)?;
    define(&host, "readInput", read_input)?;
    define(&host, "sleep", sleep)?;
    let start = Instant::now();
    define(&host, "elapsed", move || {
        start.elapsed().as_secs_f64() * 1e3
    })?;
    define(&host, "random", random)?;
    define(&host, "digest", digest)?;
    define(&host, "encode", encode)?;
    define(&host, "decode", decode)?;
    define(&host, "memory", memory)?;
    define(&host, "reason", reason)?;
    host.set("files", files::object(ctx)?)?;
    host.set("network", network::object(ctx)?)?;
    Ok(host)
}

/// Sets a function as a property.
pub(crate) fn define<'js, P>(
    object: &Object<'js>,
    name: &str,
    function: impl IntoJsFunc<'js, P> + 'js,
) -> Result<()> {
    object.set(
        name,
        Function::new(object.ctx().clone(), function)?.with_name(name)?,
    )
}

fn source<'js>(ctx: Ctx<'js>, name: String) -> Result<Value<'js>> {
    runtime::evaluate(&ctx, &name)
}

fn script<'js>(ctx: Ctx<'js>, source: String, file: String) -> Result<Value<'js>> {
    runtime::script(&ctx, &source, file)
}

fn import_module<'js>(ctx: Ctx<'js>, name: String) -> Result<Promise<'js>> {
    Module::import(&ctx, name)
}

/// Throws if the source is not a module's.
fn check_module<'js>(ctx: Ctx<'js>, name: String, source: String) -> Result<()> {
    Module::declare(ctx, name, source).map(drop)
}

fn run_jobs(ctx: Ctx<'_>) {
    while ctx.execute_pending_job() {}
}

/// `[state, value]`, where the state is `pending`, `fulfilled` or `rejected`.
fn promise_state<'js>(ctx: Ctx<'js>, promise: Promise<'js>) -> Result<Vec<Value<'js>>> {
    let undefined = Value::new_undefined(ctx.clone());
    let (state, value) = match promise.state() {
        PromiseState::Pending => ("pending", undefined),
        PromiseState::Resolved => ("fulfilled", promise.finish()?),
        PromiseState::Rejected => match promise.finish::<Value>() {
            Ok(_) => ("rejected", undefined),
            Err(_) => ("rejected", ctx.catch()),
        },
    };
    Ok(vec![state.into_js(&ctx)?, value])
}

/// Writes text or bytes to descriptor 1 or 2.
fn write<'js>(ctx: Ctx<'js>, descriptor: u8, data: Value<'js>) -> Result<()> {
    let stream = if descriptor == 2 {
        output::Stream::Error
    } else {
        output::Stream::Output
    };
    if let Some(text) = data.as_string() {
        output::write(stream, text.to_string()?.as_bytes());
    } else {
        output::write(stream, bytes(&ctx, &TypedArray::from_value(data)?)?);
    }
    Ok(())
}

/// The bytes of an array that is not detached.
pub(crate) fn bytes<'a>(ctx: &Ctx<'_>, array: &'a TypedArray<'_, u8>) -> Result<&'a [u8]> {
    array.as_bytes().ok_or_else(|| {
        Exception::throw_type(
            ctx,
            "Cannot perform the operation on a detached ArrayBuffer",
        )
    })
}

/// Up to `most` bytes of standard input; none at its end.
fn read_input<'js>(ctx: Ctx<'js>, most: usize) -> Result<ArrayBuffer<'js>> {
    output::flush();
    let mut buffer = vec![0; most];
    let count = std::io::stdin()
        .read(&mut buffer)
        .map_err(|error| files::failure(&ctx, &error))?;
    buffer.truncate(count);
    ArrayBuffer::new(ctx, buffer)
}

fn sleep(milliseconds: f64) {
    output::flush();
    if let Ok(time) = Duration::try_from_secs_f64(milliseconds / 1e3) {
        thread::sleep(time);
    }
}

fn random<'js>(ctx: Ctx<'js>, count: usize) -> Result<ArrayBuffer<'js>> {
    let mut buffer = vec![0; count];
    getrandom::fill(&mut buffer)
        .map_err(|error| Exception::throw_message(&ctx, &format!("no random bytes: {error}")))?;
    ArrayBuffer::new(ctx, buffer)
}

/// The digest of bytes, or nothing for an algorithm that is not known.
fn digest<'js>(
    ctx: Ctx<'js>,
    algorithm: String,
    data: TypedArray<'js, u8>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let data = bytes(&ctx, &data)?;
    let digest = match algorithm.as_str() {
        "md5" => Md5::digest(data).to_vec(),
        "sha1" => Sha1::digest(data).to_vec(),
        "sha256" => Sha256::digest(data).to_vec(),
        "sha384" => Sha384::digest(data).to_vec(),
        "sha512" => Sha512::digest(data).to_vec(),
        _ => return Ok(None),
    };
    ArrayBuffer::new(ctx, digest).map(Some)
}

/// Text as UTF-8.
fn encode<'js>(ctx: Ctx<'js>, text: String) -> Result<ArrayBuffer<'js>> {
    ArrayBuffer::new(ctx, text.into_bytes())
}

/// UTF-8 as text; what is malformed becomes U+FFFD.
fn decode<'js>(ctx: Ctx<'js>, data: TypedArray<'js, u8>) -> Result<String> {
    Ok(String::from_utf8_lossy(bytes(&ctx, &data)?).into_owned())
}

/// The words of a status (RFC 9110 §15), which HTTP/2 does not send.
fn reason(status: u16) -> &'static str {
    let known = http::StatusCode::from_u16(status).ok();
    known
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}

/// Bytes of memory that the component has.
fn memory() -> usize {
    #[cfg(target_arch = "wasm32")]
    return core::arch::wasm32::memory_size(0) << 16;
    #[cfg(not(target_arch = "wasm32"))]
    return 64 << 20;
}
