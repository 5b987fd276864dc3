//! `massgen:plugin/process`: commands that start commands.
//!
//! A child is another instance on a thread of its own, connected to its parent by [`Streams`]. It takes from the
//! [`Family`]'s time, memory and number of commands and from the call's file quotas, so that a tree of commands costs
//! what one call may cost. A command that ends takes all with it that it has started: nothing outlives a call.

#![expect(
    unreachable_pub,
    reason = "the generated bindings re-export the types behind resources"
)]

mod pipe;
mod stdio;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use massgen_permissions::audit;
use tokio::sync::watch;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, FsError, Pollable, subscribe,
};

pub(crate) use self::stdio::{Own, Streams};
pub use self::stdio::{Sink, Source};
use crate::call::Cancel;
use crate::filesystem::{Call as FileCall, Disposition, GateView, Shared, error_code};
use crate::instance::{Ended, Family, Guest, Start};
use crate::{LimitKind, Outcome, PluginKind};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "massgen:plugin/shell",
        imports: { default: trappable },
        require_store_data_send: true,
        with: {
            "wasi": wasmtime_wasi::p2::bindings,
            "massgen:plugin/process.reader": crate::process::Source,
            "massgen:plugin/process.writer": crate::process::Sink,
            "massgen:plugin/process.child": crate::process::Child,
        },
    });
}

pub(crate) use bindings::massgen::plugin::{process, session};
use process::{Command, Exit, Files, SpawnError};

/// How long a command that ends waits for those that it has started to end too.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// A started command, as its parent holds it.
#[derive(Clone)]
pub struct Child {
    id: u32,
    cancel: Cancel,
    ended: watch::Receiver<Option<Exit>>,
}

impl Child {
    /// Waits for the end. A command that is gone without a word fell with its thread.
    async fn wait(&mut self) {
        let _ = self.ended.wait_for(Option::is_some).await;
    }

    fn exit(&self) -> Option<Exit> {
        let ended = self.ended.borrow().clone();
        let is_lost = || self.ended.has_changed().is_err();
        ended.or_else(|| is_lost().then(|| Exit::Failed("the sandbox failed".to_owned())))
    }
}

#[async_trait]
impl Pollable for Child {
    async fn ready(&mut self) {
        self.wait().await;
    }
}

/// What one command has started.
#[derive(Default)]
pub(crate) struct Children(Vec<Child>);

impl Children {
    fn push(&mut self, child: Child) {
        self.0.retain(|known| known.exit().is_none());
        self.0.push(child);
    }

    /// Ends all that still run, and waits for it.
    pub(crate) async fn end(&mut self) {
        for child in &self.0 {
            child.cancel.cancel();
        }
        let all = async {
            for child in &mut self.0 {
                child.wait().await;
            }
        };
        // A child that blocks its thread in a host call is left behind; it ends with that host call.
        let _ = tokio::time::timeout(LAST_WAIT, all).await;
    }
}

/// Selects [`ProcessView`] as the implementation behind the linker's `massgen:plugin/process`.
pub(crate) struct HasProcess;

impl HasData for HasProcess {
    type Data<'a> = ProcessView<'a>;
}

/// What the process interface works on, for the length of one host call.
pub(crate) struct ProcessView<'a> {
    pub(crate) streams: &'a Streams,
    pub(crate) children: &'a mut Children,
    pub(crate) family: &'a Arc<Family>,
    pub(crate) ends_on_broken_pipe: &'a AtomicBool,
    pub(crate) gate: GateView<'a>,
}

impl ProcessView<'_> {
    fn table(&mut self) -> &mut ResourceTable {
        self.gate.table
    }

    /// Hands one of the handles out that [`GateView::admit_handles`] counts.
    fn hold<T: Send + 'static>(&mut self, handle: T) -> wasmtime::Result<Resource<T>> {
        let resource = self.table().push(handle)?;
        self.gate.gate.ends += 1;
        Ok(resource)
    }

    /// Takes one back.
    fn release<T: Send + 'static>(&mut self, resource: Resource<T>) -> wasmtime::Result<T> {
        let handle = self.table().delete(resource)?;
        self.gate.gate.ends -= 1;
        Ok(handle)
    }

    /// Hands another handle on the same end out, or the reason why none is left.
    fn hold_another<T: Clone + Send + 'static>(
        &mut self,
        known: &Resource<T>,
    ) -> wasmtime::Result<Result<Resource<T>, String>> {
        let other = self.table().get(known)?.clone();
        match self.gate.admit_handles(1) {
            Ok(()) => Ok(Ok(self.hold(other)?)),
            Err(words) => Ok(Err(words)),
        }
    }

    /// The call's files as the child is to see them.
    fn files(&self, files: Files, identity: audit::Call, cancel: &Cancel) -> FileCall {
        let same = self.gate.call().for_child(identity, cancel.clone());
        match files {
            Files::Same => same,
            Files::ReadOnly => same.reading_only(),
            Files::None => same.without_files(),
        }
    }

    fn limit(&self, kind: LimitKind, words: String) -> SpawnError {
        self.gate.call().reached(kind, words.clone());
        SpawnError::Limit(words)
    }

    fn start(&mut self, command: Command) -> wasmtime::Result<Result<Child, SpawnError>> {
        let streams = Streams {
            input: self.release(command.input)?,
            output: self.release(command.output)?,
            error: self.release(command.error)?,
        };
        let Some(plugin) = self.family.sandbox.commands().find(&command.program) else {
            return Ok(Err(SpawnError::NotFound));
        };
        debug_assert_eq!(plugin.manifest().kind, PluginKind::Command);
        if let Err(words) = self.gate.admit_handles(1) {
            return Ok(Err(SpawnError::Limit(words)));
        }
        let filter = &self.family.filter;
        if let Some(why) = filter.refusal(&command.program, &command.arguments) {
            return Ok(Err(SpawnError::Failed(why)));
        }
        let Some(place) = self.family.admit() else {
            let most = self.family.limits.commands;
            let words = format!(
                "one call may run no more than {most} commands at one time (`sandbox.commands`)"
            );
            return Ok(Err(self.limit(LimitKind::Commands, words)));
        };
        let identity = self.family.identify(&plugin, &command.program);
        let cancel = Cancel::default();
        let files = self.files(command.files, identity, &cancel);
        let guest = Guest {
            files: Arc::new(files.probing(&plugin.manifest().probes)),
            plugin,
            environment: command.environment,
            working_directory: command.working_directory,
            configuration: "{}".to_owned(),
            streams,
            session: None,
            family: Arc::clone(self.family),
            cancel: cancel.clone(),
        };
        let start = Start::Command {
            arguments: command.arguments,
        };
        let (tell, ended) = watch::channel(None);
        let child = Child {
            id: place.id,
            cancel,
            ended,
        };
        let files = Arc::clone(&guest.files);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let Ended { outcome, .. } = runtime.block_on(guest.run(start));
            let exit = exit(outcome, &files);
            drop((files, place));
            tell.send_replace(Some(exit));
        });
        self.children.push(child.clone());
        Ok(Ok(child))
    }
}

/// How a command's end is told to its parent; a limit is also kept for the report.
fn exit(outcome: Outcome, files: &FileCall) -> Exit {
    match outcome {
        Outcome::Exited { code } => Exit::Exited(code),
        Outcome::Cancelled => Exit::Killed,
        Outcome::Limit { limit, message } => {
            files.reached(limit, message.clone());
            Exit::Limit(message)
        }
        Outcome::Timeout { after } => {
            let words = format!("the call had {} s", after.as_secs_f64());
            files.reached(LimitKind::Time, words.clone());
            Exit::Limit(words)
        }
        Outcome::Trap { message } | Outcome::HostError { message } => Exit::Failed(message),
        // A command gives no result and denies nothing: these are outcomes of tools.
        Outcome::Ok { .. } => Exit::Exited(0),
        Outcome::ToolError { message } | Outcome::Denied { message, .. } => Exit::Failed(message),
    }
}

/// The system's reason of a refusal or failure to open; what is none ends the guest.
fn opened(file: Result<Shared, FsError>) -> wasmtime::Result<Result<Shared, ErrorCode>> {
    match file {
        Ok(file) => Ok(Ok(file)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

impl process::Host for ProcessView<'_> {
    fn pipe(&mut self) -> wasmtime::Result<Result<(Resource<Source>, Resource<Sink>), String>> {
        if let Err(words) = self.gate.admit_handles(2) {
            return Ok(Err(words));
        }
        let (reader, writer) = pipe::pipe();
        let reader = self.hold(Source::Pipe(reader))?;
        let writer = self.hold(Sink::Pipe(writer))?;
        Ok(Ok((reader, writer)))
    }

    fn end_on_broken_pipe(&mut self) -> wasmtime::Result<()> {
        self.ends_on_broken_pipe.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn standard_input(&mut self) -> wasmtime::Result<Resource<Source>> {
        let input = self.streams.input.clone();
        self.hold(input)
    }

    fn standard_output(&mut self) -> wasmtime::Result<Resource<Sink>> {
        let output = self.streams.output.clone();
        self.hold(output)
    }

    fn standard_error(&mut self) -> wasmtime::Result<Resource<Sink>> {
        let error = self.streams.error.clone();
        self.hold(error)
    }

    fn nothing(&mut self) -> wasmtime::Result<Resource<Source>> {
        self.hold(Source::Nothing)
    }

    fn void(&mut self) -> wasmtime::Result<Resource<Sink>> {
        self.hold(Sink::Void)
    }

    fn open_reader(
        &mut self,
        path: String,
    ) -> wasmtime::Result<Result<Resource<Source>, ErrorCode>> {
        let file = self.gate.open_shared(&path, Disposition::Read);
        match opened(file)? {
            Ok(Shared::File(file)) => Ok(Ok(self.hold(Source::File(file))?)),
            Ok(Shared::Device(device)) => {
                let source = Source::of(device, self.streams);
                Ok(Ok(self.hold(source)?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn open_writer(
        &mut self,
        path: String,
        disposition: process::Disposition,
    ) -> wasmtime::Result<Result<Resource<Sink>, ErrorCode>> {
        let disposition = match disposition {
            process::Disposition::Truncate => Disposition::Truncate,
            process::Disposition::Append => Disposition::Append,
            process::Disposition::Create => Disposition::Create,
            process::Disposition::Keep => Disposition::Keep,
        };
        let file = self.gate.open_shared(&path, disposition);
        match opened(file)? {
            Ok(Shared::File(file)) => Ok(Ok(self.hold(Sink::File(file))?)),
            Ok(Shared::Device(device)) => {
                let sink = Sink::of(device, self.streams);
                Ok(Ok(self.hold(sink)?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn spawn(&mut self, command: Command) -> wasmtime::Result<Result<Resource<Child>, SpawnError>> {
        match self.start(command)? {
            Ok(child) => Ok(Ok(self.hold(child)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn programs(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.family.sandbox.commands().names())
    }
}

impl process::HostReader for ProcessView<'_> {
    fn stream(&mut self, reader: Resource<Source>) -> wasmtime::Result<Resource<DynInputStream>> {
        let stream = self.table().get(&reader)?.p2_stream();
        Ok(self.table().push(stream)?)
    }

    fn read_until(
        &mut self,
        reader: Resource<Source>,
        delimiter: u8,
        most: u32,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, ErrorCode>> {
        let source = self.table().get(&reader)?;
        match source.read_until(delimiter, most as usize) {
            Ok(bytes) => Ok(Ok(bytes.map(Vec::from))),
            Err(error) => Ok(Err(error_code(error))),
        }
    }

    fn share(
        &mut self,
        reader: Resource<Source>,
    ) -> wasmtime::Result<Result<Resource<Source>, String>> {
        self.hold_another(&reader)
    }

    fn drop(&mut self, reader: Resource<Source>) -> wasmtime::Result<()> {
        self.release(reader)?;
        Ok(())
    }
}

impl process::HostWriter for ProcessView<'_> {
    fn stream(&mut self, writer: Resource<Sink>) -> wasmtime::Result<Resource<DynOutputStream>> {
        let stream = self.table().get(&writer)?.p2_stream();
        Ok(self.table().push(stream)?)
    }

    fn share(
        &mut self,
        writer: Resource<Sink>,
    ) -> wasmtime::Result<Result<Resource<Sink>, String>> {
        self.hold_another(&writer)
    }

    fn drop(&mut self, writer: Resource<Sink>) -> wasmtime::Result<()> {
        self.release(writer)?;
        Ok(())
    }
}

impl process::HostChild for ProcessView<'_> {
    fn id(&mut self, child: Resource<Child>) -> wasmtime::Result<u32> {
        Ok(self.table().get(&child)?.id)
    }

    fn ended(&mut self, child: Resource<Child>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table(), child)
    }

    fn exit(&mut self, child: Resource<Child>) -> wasmtime::Result<Option<Exit>> {
        Ok(self.table().get(&child)?.exit())
    }

    fn kill(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        self.table().get(&child)?.cancel.cancel();
        Ok(())
    }

    fn drop(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        self.release(child)?;
        Ok(())
    }
}
