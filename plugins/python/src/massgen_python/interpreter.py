"""Runs one program as `__main__` and says with which exit status it ended."""

import atexit
import builtins
import copy
import gc
import linecache
import os
import pkgutil
import runpy
import sys
import textwrap
import types
import warnings
from importlib._bootstrap_external import SourceLoader
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec

from . import absent, command_line, library, site_directory
from .command_line import Source

#: Exit status of a program that an interrupt ended: 128 + SIGINT, as a shell reports it.
INTERRUPTED = 130

_OWN_FILES = os.path.dirname(__file__) + "/"

_LEFT_OUT = {
    "ensurepip": "pip is here already; it installs pure-Python wheels from local directories",
    "venv": "one call has one environment. `pip install` puts packages into the user's site directory, "
    "`pip install --target DIR` into any other, which PYTHONPATH then names",
    "idlelib": "the sandbox has no windows",
}


def run(invocation):
    """Runs the program of `invocation` to its end, its exit handlers included; returns its status."""
    status = _guarded(lambda: _dispatch(invocation))
    return _finish(status)


def prepare(invocation):
    """Sets what the command line decides: `sys.argv`, `sys.path` and the warning filters."""
    sys.argv = [_name_of_program(invocation), *invocation.arguments]
    sys.path[:] = [library.ROOT]
    if invocation.site:
        sys.path += [*site_directory.entries(invocation.user_site), library.PACKAGES]
    if not invocation.ignore_environment:
        inherited = os.environ.get("PYTHONPATH", "")
        sys.path[:0] = [entry for entry in inherited.split(":") if entry]
        invocation.warnings[:0] = filter(None, os.environ.get("PYTHONWARNINGS", "").split(","))
    if not invocation.safe_path:
        sys.path.insert(0, _first_path_entry(invocation))
    sys.path_importer_cache.clear()
    sys._xoptions.update(invocation.extensions)
    if options := _flags(invocation):
        sys.flags = copy.replace(sys.flags, **options)
        # What importlib passes to `compile` for each module.
        SourceLoader.source_to_code.__kwdefaults__ = {"_optimize": invocation.optimization}
    if invocation.warnings:
        sys.warnoptions[:] = invocation.warnings
        warnings._processoptions(invocation.warnings)


def install():
    """Sets what `sys.flags` tell of every run."""
    sys.flags = copy.replace(sys.flags, dont_write_bytecode=1, utf8_mode=1)


def _flags(invocation):
    """The fields of `sys.flags` that the options set."""
    options = {}
    if "dev" in invocation.extensions:
        options["dev_mode"] = True
    if invocation.ignore_environment:
        options["ignore_environment"] = 1
        options["isolated"] = int(invocation.safe_path)
    if not invocation.site:
        options["no_site"] = 1
    if not invocation.user_site:
        options["no_user_site"] = 1
    if invocation.optimization:
        options["optimize"] = invocation.optimization
    if invocation.safe_path:
        options["safe_path"] = True
    return options


def _name_of_program(invocation):
    match invocation.source:
        case Source.COMMAND:
            return "-c"
        case Source.MODULE:
            return "-m"
        case _:
            return invocation.program


def _first_path_entry(invocation):
    match invocation.source:
        case Source.FILE:
            return os.path.dirname(os.path.realpath(invocation.program))
        case Source.MODULE:
            return os.getcwd()
        case _:
            return ""


def _dispatch(invocation):
    match invocation.source:
        case Source.VERSION:
            print(f"Python {sys.version.split()[0]}")
        case Source.HELP:
            print(command_line.HELP)
        case Source.COMMAND:
            _run_text(_dedented(invocation.program), "<string>")
        case Source.STDIN:
            _run_text(sys.stdin.buffer.read(), "<stdin>")
        case Source.MODULE:
            _run_module(invocation.program)
        case Source.FILE:
            _run_file(invocation.program)


def _fresh_main():
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    return main


def _dedented(text):
    """The program without common indentation, which `-c` takes off since CPython 3.14."""
    return textwrap.dedent(text) if text[:1].isspace() else text


def _run_text(text, name):
    main = _fresh_main()
    code = compile(text, name, "exec", dont_inherit=True, optimize=sys.flags.optimize)
    source = text if isinstance(text, str) else text.decode("utf-8", "replace")
    linecache._register_code(code, source, name)
    exec(code, main.__dict__)


def _run_module(name):
    top = name.partition(".")[0]
    if top in _LEFT_OUT and find_spec(top) is None:
        raise SystemExit(f"python: {top} is not in this Python: {_LEFT_OUT[top]}.")
    _fresh_main()
    runpy._run_module_as_main(name)


def _run_file(path):
    if pkgutil.get_importer(path) is not None:  # A directory or a zip file with a __main__.py.
        sys.path[0:1] = [path]
        _fresh_main()
        runpy._run_module_as_main("__main__", alter_argv=False)
        return
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        where = os.path.join(os.getcwd(), path)
        print(f"python: can't open file {where!r}: {error_text(error)}", file=sys.stderr)
        raise SystemExit(2) from None
    main = _fresh_main()
    main.__file__ = os.path.abspath(path)
    main.__cached__ = None
    main.__loader__ = SourceFileLoader("__main__", main.__file__)
    code = compile(text, main.__file__, "exec", dont_inherit=True, optimize=sys.flags.optimize)
    exec(code, main.__dict__)


def error_text(error):
    """An operating system error in the form that CPython's own messages use."""
    return f"[Errno {error.errno}] {error.strerror}"


def _guarded(action):
    """Runs `action`; turns whatever it raises into a report on stderr and an exit status."""
    try:
        action()
        return 0
    except SystemExit as error:
        return _status_of(error)
    except KeyboardInterrupt as error:
        _report(error)
        return INTERRUPTED
    except BaseException as error:
        _report(error)
        return 1


def _status_of(error):
    match error.code:
        case None:
            return 0
        case int(code):
            return code & 0xFF
        case text:
            print(text, file=sys.stderr)
            return 1


def _report(error):
    """Shows an uncaught exception through `sys.excepthook`, without the frames of this package."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN_FILES):
        trace = trace.tb_next
    error = error.with_traceback(trace)
    absent.explain(error)
    try:
        sys.stdout.flush()
    except Exception:  # A broken stdout must not hide the report; _finish names it.
        pass
    try:
        sys.excepthook(type(error), error, trace)
    except SystemExit:
        raise
    except MemoryError:
        os.write(2, b"MemoryError\n")
    except BaseException as failure:
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(failure), failure, failure.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, trace)


def _finish(status):
    """Ends the program as an interpreter ends a process: handlers, destructors, flush."""
    exit_handlers = _guarded(atexit._run_exitfuncs)
    status = status or exit_handlers
    _guarded(_destroy_main)
    for stream in (sys.stdout, sys.stderr):
        if stream is None or getattr(stream, "closed", False):
            continue
        try:
            stream.flush()
        except Exception as error:
            os.write(2, f"Exception ignored while flushing {stream!r}: {error}\n".encode())
            status = status or 120
    return status


def _destroy_main():
    """Drops the program's global variables, so that files left open are written and closed."""
    sys.last_exc = None
    main = sys.modules.pop("__main__", None)
    if main is not None:
        main.__dict__.clear()
    gc.collect()
