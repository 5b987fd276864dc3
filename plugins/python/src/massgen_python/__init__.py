"""The `python` command: a CPython that was started, and filled with its library, at build time.

Importing this package is the build step: it packs the standard library and the packages beside it,
imports what it can and leaves the interpreter as it is right before a program starts. `Run` is the
component's entry point.
"""

import os
import sys

from .library import PACKAGES, ROOT, Library

_STARTED_WITH = frozenset(sys.modules)

_library = Library()
_library.pack("/python", ROOT)
for _folder in sys.path:
    if os.path.isdir(f"{_folder}/pytest"):
        _library.pack(_folder, PACKAGES)
sys.path_hooks.insert(0, _library.path_hook)
sys.path[:0] = [ROOT, PACKAGES]
for _module in list(sys.modules.values()):
    _library.adopt(_module)

from . import preload

_not_preloaded = _library.preload(preload.names(_library))

import gc

import wit_world.exports
from wit_world.imports import exit

from . import (
    command_line,
    event_loop,
    interpreter,
    memory_files,
    network,
    processes,
    resources,
    single_thread,
    site_directory,
    snapshot,
    surroundings,
    testing,
    traces,
)


def _leave(status):
    """Ends this run with `status`; does not return."""
    exit.exit_with_code(status & 0xFF)


def _abort():
    os.write(2, b"Aborted\n")
    _leave(134)


def _prepare_snapshot():
    for part in (
        event_loop,
        interpreter,
        network,
        processes,
        single_thread,
        site_directory,
        surroundings,
        testing,
    ):
        part.install()
    for part in (resources, traces):
        part.install(_library)
    memory_files.install(_library, traces.BUILD_FILES)
    surroundings.open_streams()
    sys.executable = sys._base_executable = "python"
    sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = "/usr"
    sys.dont_write_bytecode = True
    os._exit, os.abort = _leave, _abort
    traces.forget_build()
    _library.set_aside(keep=_STARTED_WITH)
    sys.path_importer_cache.clear()
    gc.collect()
    snapshot.fill_holes()
    gc.freeze()


class Run(wit_world.exports.Run):
    """The export `wasi:cli/run`."""

    def run(self):
        """Runs one command line; any status but zero leaves through `wasi:cli/exit`."""
        status = _run(wit_world.imports.environment.get_arguments())
        if status:
            _leave(status)


def _run(arguments):
    surroundings.read_environment()
    surroundings.reseed()
    try:
        invocation = command_line.of(arguments)
    except command_line.UsageError as error:
        print(f"{error}\n{command_line.USAGE}", file=sys.stderr)
        return 2
    if invocation.unbuffered:
        surroundings.write_through()
    try:
        surroundings.enter_working_directory()
    except OSError as error:
        text = interpreter.error_text(error)
        print(
            f"python: cannot enter the working directory {error.filename!r}: {text}",
            file=sys.stderr,
        )
        return 2
    interpreter.prepare(invocation)
    return interpreter.run(invocation)


_prepare_snapshot()
