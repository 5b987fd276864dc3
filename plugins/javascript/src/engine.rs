//! The life of one program: an engine is made, the runtime is started in it, and the process ends.

use rquickjs::{CatchResultExt, Context, Ctx, Function, Object, Persistent, Runtime};

use crate::{host, modules::Modules, output, runtime, surroundings};

/// Bytes of stack that a program may use; the rest of the component's 12 MiB is for what runs
/// between two checks of the engine, such as the host's functions.
#[cfg(target_arch = "wasm32")]
const STACK: usize = 10 << 20;

/// Bytes of stack that a program may use, of the 8 MiB that a native main thread usually has.
#[cfg(not(target_arch = "wasm32"))]
const STACK: usize = 3 << 20;

/// Bytes allocated before the first collection of cycles. The default of 256 KiB makes programs
/// that build large objects spend half their time in collections.
const COLLECTION_THRESHOLD: usize = 16 << 20;

/// The exit code for a fault of this program itself; Node has none, `sysexits.h` says 70.
const INTERNAL_FAULT: u8 = 70;

/// Runs the command line's program and ends the process.
pub(crate) fn run() -> ! {
    let failure = match start() {
        Ok(()) => "the event loop ended without an exit".to_owned(),
        Err(failure) => failure,
    };
    output::write(
        output::Stream::Error,
        format!("node: {failure}\n").as_bytes(),
    );
    surroundings::exit(INTERNAL_FAULT)
}

fn start() -> Result<(), String> {
    let told = |error: rquickjs::Error| format!("the engine cannot start: {error}");
    let runtime = Runtime::new().map_err(told)?;
    runtime.set_max_stack_size(STACK);
    runtime.set_gc_threshold(COLLECTION_THRESHOLD);
    // Called now and then while a program runs: what it has written is not held back by a loop.
    runtime.set_interrupt_handler(Some(Box::new(|| {
        output::flush();
        false
    })));
    let context = Context::full(&runtime).map_err(told)?;
    // The engine's hooks are set between two uses of the context: both need the engine's lock.
    let hooks = context.with(|ctx| {
        Hooks::new(&ctx)
            .catch(&ctx)
            .map_err(|error| error.to_string())
    })?;
    let modules = Modules::new(hooks.resolve, hooks.load);
    runtime.set_loader(modules.clone(), modules);
    let rejection = hooks.rejection;
    runtime.set_host_promise_rejection_tracker(Some(Box::new(
        move |ctx, promise, reason, is_handled| {
            // The hook only notes the promise: it has no way to fail but exhausted memory, which
            // the program meets at its own next step.
            let _ = rejection
                .clone()
                .restore(&ctx)
                .and_then(|hook| hook.call::<_, ()>((promise, reason, is_handled)));
        },
    )));
    context.with(|ctx| {
        hooks
            .main
            .restore(&ctx)
            .and_then(|main| main.call::<_, ()>(()))
            .catch(&ctx)
            .map_err(|error| error.to_string())
    })
}

/// The runtime's functions that the engine calls.
struct Hooks {
    resolve: Persistent<Function<'static>>,
    load: Persistent<Function<'static>>,
    rejection: Persistent<Function<'static>>,
    main: Persistent<Function<'static>>,
}

impl Hooks {
    fn new(ctx: &Ctx<'_>) -> rquickjs::Result<Self> {
        let bootstrap: Function = runtime::evaluate(ctx, "bootstrap")?;
        let hooks: Object = bootstrap.call((host::object(ctx)?,))?;
        let hook = |name: &str| -> rquickjs::Result<Persistent<Function<'static>>> {
            Ok(Persistent::save(ctx, hooks.get::<_, Function>(name)?))
        };
        Ok(Self {
            resolve: hook("resolve")?,
            load: hook("load")?,
            rejection: hook("rejection")?,
            main: hook("main")?,
        })
    }
}
