//! Redirections. Files are opened by the system below, so that builtins and children share positions; the names of
//! devices are the shell's own.

use crate::executor;
use crate::expand;
use crate::shell::{End, Flow, Shell, Unwind};
use crate::syntax::tree::{
    Action, Descriptor, Direction, List, Placement, Redirect, Target, TextEnd, Word,
};
use crate::system::{self, Disposition, Reader, Writer};
use crate::text;

/// The first descriptor that `{name}>` gives out.
pub const FIRST_FREE: u32 = 10;

/// Text up to this length goes into a pipe before anybody reads it.
const FITS_INTO_PIPE: usize = 32 << 10;

/// Carries out redirections. False after an error that has been told.
///
/// # Errors
/// When an expansion unwinds.
pub async fn apply(shell: &mut Shell, redirects: &[Redirect]) -> Result<bool, Unwind> {
    for redirect in redirects {
        if !one(shell, redirect).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn one(shell: &mut Shell, redirect: &Redirect) -> Result<bool, Unwind> {
    if let (
        Some(Descriptor::Variable(name)),
        Action::DuplicateOutput(word) | Action::DuplicateInput(word),
    ) = (&redirect.descriptor, &redirect.action)
    {
        if &*word.source == "-" {
            let number = shell
                .variables
                .text(name)
                .and_then(|text| text.parse().ok());
            shell.attach(number.unwrap_or(u32::MAX), None);
            return Ok(true);
        }
    }
    let usual = match &redirect.action {
        Action::Read(_) | Action::ReadWrite(_) | Action::DuplicateInput(_) | Action::Text(..) => 0,
        _ => 1,
    };
    let number = match &redirect.descriptor {
        None => usual,
        Some(Descriptor::Number(number)) => *number,
        Some(Descriptor::Variable(_)) => (FIRST_FREE..)
            .find(|number| !shell.files.contains_key(number))
            .unwrap_or(FIRST_FREE),
    };
    let end = match &redirect.action {
        Action::Read(target) => open_for_reading(shell, target).await?.map(End::Reader),
        Action::Write(target) if shell.has("noclobber") => write_new(shell, target).await?,
        Action::Write(target) | Action::Clobber(target) => {
            open_for_writing(shell, target, Disposition::Truncate).await?
        }
        Action::Append(target) => open_for_writing(shell, target, Disposition::Append).await?,
        Action::ReadWrite(target) => read_write(shell, target).await?,
        Action::Text(word, end) => Some(End::Reader(here(shell, word, *end).await?)),
        Action::OutputAndError(word, placement) => return both(shell, word, *placement).await,
        Action::DuplicateInput(word) | Action::DuplicateOutput(word) => {
            return duplicate(shell, redirect, number, word).await;
        }
    };
    let Some(end) = end else { return Ok(false) };
    attach(shell, redirect, number, end).await;
    Ok(true)
}

async fn attach(shell: &mut Shell, redirect: &Redirect, number: u32, end: End) {
    shell.attach(number, Some(end));
    if let Some(Descriptor::Variable(name)) = &redirect.descriptor {
        // These stay open after the command, as in bash.
        shell.keeps_files = true;
        if let Err(error) = shell.variables.set(name, number.to_string()) {
            shell.complain(&error.words()).await;
        }
    }
}

async fn both(shell: &mut Shell, word: &Word, placement: Placement) -> Result<bool, Unwind> {
    let disposition = match placement {
        Placement::Truncate => Disposition::Truncate,
        Placement::Append => Disposition::Append,
    };
    let Some(path) = file_name(shell, word).await? else {
        return Ok(false);
    };
    let Some(end) = open_writer(shell, &path, disposition).await else {
        return Ok(false);
    };
    shell.attach(1, Some(end.clone()));
    shell.attach(2, Some(end));
    Ok(true)
}

async fn duplicate(
    shell: &mut Shell,
    redirect: &Redirect,
    number: u32,
    word: &Word,
) -> Result<bool, Unwind> {
    let text = expand::text(shell, word).await?;
    if text == "-" {
        shell.attach(number, None);
        return Ok(true);
    }
    let (plain, moves) = match text.strip_suffix('-') {
        Some(plain) => (plain, true),
        None => (text.as_str(), false),
    };
    if let Ok(other) = plain.parse::<u32>() {
        let Some(end) = shell.files.get(&other).cloned() else {
            shell
                .complain(&format!("{}: Bad file descriptor", word.source))
                .await;
            return Ok(false);
        };
        attach(shell, redirect, number, end).await;
        if moves {
            shell.attach(other, None);
        }
        return Ok(true);
    }
    if matches!(redirect.action, Action::DuplicateOutput(_)) && redirect.descriptor.is_none() {
        // `>& file` is `&> file`.
        return both(shell, word, Placement::Truncate).await;
    }
    shell.complain(&format!("{text}: ambiguous redirect")).await;
    Ok(false)
}

async fn here(shell: &mut Shell, word: &Word, end: TextEnd) -> Result<Reader, Unwind> {
    let text = match end {
        TextEnd::AsIs => expand::document(shell, word).await?,
        TextEnd::Newline => expand::text(shell, word).await? + "\n",
    };
    if text.is_empty() {
        return Ok(Reader::nothing());
    }
    let (reader, writer) = match system::pipe() {
        Ok(ends) => ends,
        Err(error) => {
            let reason = system::reason(&error);
            let words = format!("cannot make pipe for here-document: {reason}");
            shell.complain(&words).await;
            shell.status = 1;
            return Err(Unwind::Discard);
        }
    };
    let bytes = text::to_bytes(&text);
    let is_short = bytes.len() <= FITS_INTO_PIPE;
    // A reader that goes away early has had enough.
    let write = async move { i32::from(writer.write(&bytes).await.is_err()) };
    if is_short {
        write.await;
    } else {
        shell
            .background
            .borrow_mut()
            .push(executor::start(write).into());
    }
    Ok(reader)
}

async fn file_name(shell: &mut Shell, word: &Word) -> Result<Option<String>, Unwind> {
    let mut words = expand::words(shell, word).await?;
    if words.len() != 1 {
        shell
            .complain(&format!("{}: ambiguous redirect", word.source))
            .await;
        return Ok(None);
    }
    Ok(words.pop())
}

/// The descriptor that the name of a device means.
pub fn device(path: &str) -> Option<u32> {
    match path {
        "/dev/stdin" => Some(0),
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        _ => path.strip_prefix("/dev/fd/")?.parse().ok(),
    }
}

/// Opens what a redirection names for reading; none after an error that has been told.
///
/// # Errors
/// When an expansion unwinds.
pub async fn open_for_reading(
    shell: &mut Shell,
    target: &Target,
) -> Result<Option<Reader>, Unwind> {
    match target {
        Target::Process(direction, body) => {
            let number = substitute_process(shell, *direction, body).await;
            Ok(number.and_then(|number| shell.reader(number).cloned()))
        }
        Target::File(word) => {
            let Some(path) = file_name(shell, word).await? else {
                return Ok(None);
            };
            Ok(open_reader(shell, &path).await)
        }
    }
}

/// Opens a file or device for reading; none after an error that has been told.
pub async fn open_reader(shell: &Shell, path: &str) -> Option<Reader> {
    let opened = match device(path) {
        _ if path == "/dev/null" => return Some(Reader::nothing()),
        Some(number) => match shell.reader(number) {
            Some(reader) => return Some(reader.clone()),
            None => Err(std::io::ErrorKind::NotFound.into()),
        },
        None if path.is_empty() => Err(std::io::ErrorKind::NotFound.into()),
        None => Reader::open(&shell.path(path)),
    };
    match opened {
        Ok(reader) => Some(reader),
        Err(error) => {
            shell.complain(&format!("{path}: {}", reason(&error))).await;
            None
        }
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "No such file or directory".to_owned(),
        _ => system::reason(error),
    }
}

async fn open_for_writing(
    shell: &mut Shell,
    target: &Target,
    disposition: Disposition,
) -> Result<Option<End>, Unwind> {
    match target {
        Target::Process(direction, body) => {
            let number = substitute_process(shell, *direction, body).await;
            Ok(number
                .and_then(|number| shell.writer(number).cloned())
                .map(End::Writer))
        }
        Target::File(word) => {
            let Some(path) = file_name(shell, word).await? else {
                return Ok(None);
            };
            Ok(open_writer(shell, &path, disposition).await)
        }
    }
}

async fn open_writer(shell: &mut Shell, path: &str, disposition: Disposition) -> Option<End> {
    let opened = match device(path) {
        _ if path == "/dev/null" => return Some(End::Writer(Writer::void())),
        Some(number) => match shell.writer(number) {
            Some(writer) => return Some(End::Writer(writer.clone())),
            None => Err(std::io::ErrorKind::NotFound.into()),
        },
        None if path.is_empty() => Err(std::io::ErrorKind::NotFound.into()),
        None => Writer::open(&shell.path(path), disposition),
    };
    match opened {
        Ok(writer) => Some(End::Writer(writer)),
        Err(error) => {
            let words = if disposition == Disposition::Create
                && error.kind() == std::io::ErrorKind::AlreadyExists
            {
                "cannot overwrite existing file".to_owned()
            } else {
                reason(&error)
            };
            shell.complain(&format!("{path}: {words}")).await;
            None
        }
    }
}

async fn write_new(shell: &mut Shell, target: &Target) -> Result<Option<End>, Unwind> {
    open_for_writing(shell, target, Disposition::Create).await
}

async fn read_write(shell: &mut Shell, target: &Target) -> Result<Option<End>, Unwind> {
    let Target::File(word) = target else {
        return Ok(None);
    };
    let Some(path) = file_name(shell, word).await? else {
        return Ok(None);
    };
    let Some(End::Writer(writer)) = open_writer(shell, &path, Disposition::Keep).await else {
        return Ok(None);
    };
    let reader = open_reader(shell, &path).await;
    Ok(reader.map(|reader| End::Both(reader, writer)))
}

/// Starts the list of `<(…)` or `>(…)` and gives the descriptor that leads to it.
pub async fn substitute_process(
    shell: &mut Shell,
    direction: Direction,
    body: &List,
) -> Option<u32> {
    let (reader, writer) = match system::pipe() {
        Ok(ends) => ends,
        Err(error) => {
            let reason = system::reason(&error);
            let words = format!("cannot make pipe for process substitution: {reason}");
            shell.complain(&words).await;
            return None;
        }
    };
    let number = (FIRST_FREE..64)
        .rev()
        .find(|number| !shell.files.contains_key(number))?;
    let mut inner = shell.subshell();
    let own = match direction {
        Direction::In => {
            inner.attach(1, Some(End::Writer(writer)));
            End::Reader(reader)
        }
        Direction::Out => {
            inner.attach(0, Some(End::Reader(reader)));
            End::Writer(writer)
        }
    };
    let task = executor::start(super::run_list(inner, std::rc::Rc::clone(body)));
    shell.background.borrow_mut().push(task.into());
    shell.attach(number, Some(own));
    Some(number)
}

/// Copies all that comes from a reader to a writer.
///
/// # Errors
/// When reading or writing fails.
pub async fn copy(reader: &Reader, writer: &Writer) -> std::io::Result<()> {
    loop {
        let bytes = reader.read(65536).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        writer.write(&bytes).await?;
    }
}

/// Keeps the redirections of the current command, for `exec`.
pub fn keep(shell: &mut Shell) -> Flow {
    shell.keeps_files = true;
    Ok(())
}
