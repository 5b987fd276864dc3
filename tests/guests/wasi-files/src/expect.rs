//! What an answer is expected to be. Each failure tells the line of the check that found it.

use std::fmt::Debug;
use std::panic::Location;

use wasip2::filesystem::types::{ErrorCode, filesystem_error_code};
use wasip2::io::streams::StreamError;

/// Nothing, or what was found instead of what was expected.
pub(crate) type Verdict = Result<(), String>;

#[track_caller]
fn told(found: impl Debug, expected: impl Debug) -> String {
    let place = Location::caller();
    format!("{}: {found:?}, not {expected:?}", place.line())
}

/// The operation worked.
#[track_caller]
pub(crate) fn works<T>(answer: Result<T, ErrorCode>) -> Result<T, String> {
    match answer {
        Ok(value) => Ok(value),
        Err(code) => Err(told(code.name(), "success")),
    }
}

/// The operation failed, with this code.
#[track_caller]
pub(crate) fn fails<T>(answer: Result<T, ErrorCode>, expected: ErrorCode) -> Verdict {
    match answer {
        Err(code) if code == expected => Ok(()),
        Err(code) => Err(told(code.name(), expected.name())),
        Ok(_) => Err(told("success", expected.name())),
    }
}

/// What was found is what was expected.
#[track_caller]
pub(crate) fn same<T: PartialEq + Debug>(found: T, expected: T) -> Verdict {
    if found == expected {
        return Ok(());
    }
    Err(told(found, expected))
}

/// The file system's reason behind a stream's error; `pipe` where the stream has ended.
pub(crate) fn code(error: StreamError) -> ErrorCode {
    match error {
        StreamError::LastOperationFailed(error) => {
            filesystem_error_code(&error).unwrap_or(ErrorCode::Io)
        }
        StreamError::Closed => ErrorCode::Pipe,
    }
}
