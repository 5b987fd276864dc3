//! The sandbox: one engine, one linker, one cache, for the life of the process.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};

use crate::Commands;
use crate::cache::ComponentCache;
use crate::filesystem::HasGate;
use crate::host_interface::{HasHost, massgen};
use crate::process::{HasProcess, process, session};
use crate::session::HasSession;
use crate::state::State;

/// How often a running guest is asked whether it may go on. wasmtime's epochs cost about a tenth of the speed whatever
/// the tick; a runaway loop ends within one tick of its deadline.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Instances that may be alive at the same time: calls, and the commands that they start. Each takes address space, not
/// memory.
const INSTANCES: u32 = 256;

/// Where the sandbox keeps its things.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Folder of precompiled components; made if missing, for the user alone.
    pub cache: PathBuf,
}

/// The sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine refused its settings or could not reserve memory.
    #[error("the WebAssembly engine cannot start: {0:#}")]
    Engine(wasmtime::Error),
    /// The folder for precompiled components cannot be used.
    #[error("cannot use the component cache {folder}: {source}")]
    Cache {
        /// The folder.
        folder: String,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The empty directory behind virtual directories could not be made, or `/proc` is missing.
    #[error(
        "cannot set up the guests' file system: {0}. massgen needs Linux with /proc mounted and a writable temporary folder."
    )]
    Filesystem(std::io::Error),
}

/// Runs components. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
    commands: Commands,
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) cache: ComponentCache,
    pub(crate) void: Arc<File>,
    stopped: Arc<AtomicBool>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

impl Sandbox {
    /// Starts the engine, its clock and its cache.
    ///
    /// # Errors
    /// When the engine cannot start or a folder cannot be used.
    pub fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let engine = Engine::new(&engine_config()).map_err(SandboxError::Engine)?;
        let linker = linker(&engine).map_err(SandboxError::Engine)?;
        let cache = ComponentCache::open(&options.cache, &engine).map_err(|source| {
            SandboxError::Cache {
                folder: options.cache.display().to_string(),
                source,
            }
        })?;
        let void = void_directory().map_err(SandboxError::Filesystem)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let inner = Arc::new(Inner {
            engine,
            linker,
            cache,
            void: Arc::new(void),
            stopped,
        });
        start_clock(&inner);
        Ok(Self {
            inner,
            commands: Commands::default(),
        })
    }

    /// The same sandbox, whose guests may start these commands if their manifests declare `massgen:plugin/process`.
    #[must_use]
    pub fn with_commands(mut self, commands: Commands) -> Self {
        self.commands = commands;
        self
    }

    /// The commands that guests may start.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }
}

/// The engine's settings. One table, each with its reason.
fn engine_config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_stacks(INSTANCES)
        // A CPython component is some ten core modules that share one memory.
        .max_core_instances_per_component(64)
        .total_core_instances(INSTANCES * 16)
        .max_memories_per_component(16)
        .total_memories(INSTANCES * 2)
        .max_tables_per_component(64)
        .total_tables(INSTANCES * 8)
        // One for a store whose guest throws exceptions.
        .total_gc_heaps(INSTANCES)
        // CPython's function table has some ten thousand elements.
        .table_elements(65_536)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        // The address space a memory may take; how much of it a guest gets is the call's own limit.
        .max_memory_size(4 << 30)
        // Pages kept between calls instead of being given back: saves page faults on every small call. The kernel (6.7
        // and newer) tells which of them were written, so that only those are set back.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .memory_init_cow(true)
        // C++ guests throw WebAssembly exceptions, which live in a collected heap; it counts as the guest's memory.
        // Nothing else that the heap makes possible is offered.
        .wasm_exceptions(true)
        .wasm_function_references(false)
        .wasm_gc(false)
        // CPython guards its own stack and answers deep recursion with RecursionError; at that depth the compiled code
        // has used about 32 MiB. Address space only: a page is taken when a call reaches it.
        .max_wasm_stack(64 << 20)
        .async_stack_size(66 << 20);
    config
}

/// Everything a component may import: WASI 0.2 with our files in place of the stock ones, and the host interface.
/// Sockets are linked and refuse every use (see [`crate::call`]): interpreters import them without being asked. HTTP
/// goes out through [`crate::egress`].
fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    linker.allow_shadowing(true);
    types::add_to_linker::<State, HasGate>(&mut linker, State::gate)?;
    preopens::add_to_linker::<State, HasGate>(&mut linker, State::gate)?;
    linker.allow_shadowing(false);
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    massgen::plugin::host::add_to_linker::<State, HasHost>(&mut linker, State::host)?;
    process::add_to_linker::<State, HasProcess>(&mut linker, State::process)?;
    session::add_to_linker::<State, HasSession>(&mut linker, State::session)?;
    Ok(linker)
}

/// An empty directory without a name: made, opened and removed.
fn void_directory() -> std::io::Result<File> {
    let folder = std::env::temp_dir().join(format!(
        "massgen-void-{}-{:?}",
        std::process::id(),
        std::time::Instant::now()
    ));
    let folder = PathBuf::from(
        folder
            .to_string_lossy()
            .replace([' ', '{', '}', ':', ','], ""),
    );
    std::fs::create_dir(&folder)?;
    let handle = File::open(&folder);
    std::fs::remove_dir(&folder)?;
    std::fs::read_link("/proc/self/exe")?;
    handle
}

/// Advances the engine's epoch until the sandbox is dropped.
fn start_clock(inner: &Arc<Inner>) {
    let engine = inner.engine.weak();
    let stopped = Arc::clone(&inner.stopped);
    let watched: Weak<Inner> = Arc::downgrade(inner);
    std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) && watched.strong_count() > 0 {
            std::thread::sleep(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => break,
            }
        }
    });
}
