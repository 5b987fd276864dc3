//! Requests of `fetch` on their way: started, asked for, waited for, read.
//!
//! A failure is thrown as a text, `CODE: WORDS`; `runtime/fetch.js` makes an error of it.

use rquickjs::{Ctx, Error, IntoJs, Object, Result, Value};

use crate::host::define;

/// What `runtime/fetch.js` and the event loop call.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let network = Object::new(ctx.clone())?;
    define(&network, "send", platform::send)?;
    define(&network, "answer", platform::answer)?;
    define(&network, "wait", platform::wait)?;
    define(&network, "read", platform::read)?;
    define(&network, "forget", platform::forget)?;
    Ok(network)
}

fn throw(ctx: &Ctx<'_>, code: &str, words: &str) -> Error {
    match format!("{code}: {words}").into_js(ctx) {
        Ok(text) => ctx.throw(text),
        Err(error) => error,
    }
}

#[cfg(target_os = "wasi")]
mod platform {
    use std::{cell::RefCell, collections::BTreeMap, io::Read, time::Duration};

    use outgoing::{Answer, Failure, FailureKind, Pending, Request, Timeouts};
    use rquickjs::{ArrayBuffer, TypedArray};

    use super::{Ctx, IntoJs, Result, Value, throw};
    use crate::{host, output};

    enum Exchange {
        Pending(Pending),
        Answered(Answer),
    }

    thread_local! {
        static OPEN: RefCell<BTreeMap<u32, Exchange>> = const { RefCell::new(BTreeMap::new()) };
    }

    /// Bytes that one read gives at most.
    const PIECE: usize = 64 << 10;

    /// Starts a request and gives its number. `place` is the scheme, the authority and the path with its query.
    pub(super) fn send<'js>(
        ctx: Ctx<'js>,
        method: String,
        place: Vec<String>,
        headers: Vec<String>,
        body: Option<TypedArray<'js, u8>>,
    ) -> Result<u32> {
        let [scheme, authority, path] = <[String; 3]>::try_from(place).unwrap_or_default();
        let body = match &body {
            Some(array) => Some(host::bytes(&ctx, array)?.to_vec()),
            None => None,
        };
        let pairs = headers.chunks_exact(2);
        let request = Request {
            method,
            scheme,
            authority,
            path,
            headers: pairs
                .map(|pair| (pair[0].clone(), bytes_of(&pair[1])))
                .collect(),
            body,
            timeouts: Timeouts::default(),
        };
        output::flush();
        let pending = outgoing::send(request).map_err(|failure| thrown(&ctx, &failure))?;
        Ok(OPEN.with_borrow_mut(|open| {
            let number = open.keys().next_back().map_or(0, |last| last + 1);
            open.insert(number, Exchange::Pending(pending));
            number
        }))
    }

    /// The head of the answer, as its status and its header, or nothing while it is awaited.
    pub(super) fn answer<'js>(ctx: Ctx<'js>, number: u32) -> Result<Option<Vec<Value<'js>>>> {
        let told = OPEN.with_borrow_mut(|open| {
            let told = match open.get(&number) {
                Some(Exchange::Pending(pending)) => pending.answer()?,
                _ => return None,
            };
            open.remove(&number);
            Some(told.map(|answer| {
                let head = (answer.status, answer.headers.clone());
                open.insert(number, Exchange::Answered(answer));
                head
            }))
        });
        let Some(told) = told else { return Ok(None) };
        let (status, headers) = told.map_err(|failure| thrown(&ctx, &failure))?;
        let words: Vec<String> = headers
            .into_iter()
            .flat_map(|(name, value)| [name, value.into_iter().map(char::from).collect()])
            .collect();
        Ok(Some(vec![status.into_js(&ctx)?, words.into_js(&ctx)?]))
    }

    /// Waits until one of the requests can be asked, or for so many milliseconds.
    pub(super) fn wait(milliseconds: Option<f64>) {
        output::flush();
        let time = milliseconds
            .map(|time| Duration::try_from_secs_f64(time.max(0.0) / 1e3).unwrap_or(Duration::MAX));
        OPEN.with_borrow(|open| {
            let pending = open.values().filter_map(|exchange| match exchange {
                Exchange::Pending(pending) => Some(pending),
                Exchange::Answered(_) => None,
            });
            Pending::wait_for_any(pending, time);
        });
    }

    /// The next bytes of an answer's body, which are waited for; nothing at its end.
    pub(super) fn read<'js>(ctx: Ctx<'js>, number: u32) -> Result<Option<ArrayBuffer<'js>>> {
        let mut buffer = vec![0; PIECE];
        let count = OPEN.with_borrow_mut(|open| match open.get_mut(&number) {
            Some(Exchange::Answered(answer)) => answer.read(&mut buffer),
            _ => Ok(0),
        });
        let count = count.map_err(|error| {
            let failure = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<Failure>());
            match failure {
                Some(failure) => thrown(&ctx, failure),
                None => throw(&ctx, "ECONNRESET", &error.to_string()),
            }
        })?;
        if count == 0 {
            forget(number);
            return Ok(None);
        }
        buffer.truncate(count);
        ArrayBuffer::new(ctx, buffer).map(Some)
    }

    /// Gives a request up.
    pub(super) fn forget(number: u32) {
        OPEN.with_borrow_mut(|open| open.remove(&number));
    }

    /// The bytes of a header's value, which JavaScript gives as Latin-1 (RFC 9110 §5.5).
    fn bytes_of(value: &str) -> Vec<u8> {
        let bytes = value.chars().map(|char| u8::try_from(u32::from(char)));
        bytes.map(|byte| byte.unwrap_or(b'?')).collect()
    }

    fn thrown(ctx: &Ctx<'_>, failure: &Failure) -> rquickjs::Error {
        let code = match failure.kind {
            FailureKind::Refused => "EACCES",
            FailureKind::ConnectionRefused => "ECONNREFUSED",
            FailureKind::Reset => "ECONNRESET",
            FailureKind::Timeout => "ETIMEDOUT",
            FailureKind::UnknownName => "ENOTFOUND",
            FailureKind::Invalid => "EINVAL",
            FailureKind::Other => "EIO",
        };
        throw(ctx, code, &failure.message)
    }
}

/// Outside the sandbox there is no host that takes requests.
#[cfg(not(target_os = "wasi"))]
mod platform {
    use rquickjs::{ArrayBuffer, TypedArray};

    use super::{Ctx, Result, Value, throw};

    pub(super) fn send<'js>(
        ctx: Ctx<'js>,
        _method: String,
        _place: Vec<String>,
        _headers: Vec<String>,
        _body: Option<TypedArray<'js, u8>>,
    ) -> Result<u32> {
        Err(throw(
            &ctx,
            "EACCES",
            "outside a sandbox nobody takes requests",
        ))
    }

    pub(super) fn answer<'js>(_: Ctx<'js>, _: u32) -> Result<Option<Vec<Value<'js>>>> {
        Ok(None)
    }

    pub(super) fn wait(_: Option<f64>) {}

    pub(super) fn read<'js>(_: Ctx<'js>, _: u32) -> Result<Option<ArrayBuffer<'js>>> {
        Ok(None)
    }

    pub(super) fn forget(_: u32) {}
}
