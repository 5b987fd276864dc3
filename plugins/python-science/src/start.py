"""Runs a program as `python` runs it, in the directory of the call.

The interpreter begins with the root as its working directory and with its library alone to import from: so this script
comes before the call's own arguments (`arguments` in the manifest). `command_line` is that of the plugin `python`.
"""

import builtins
import copy
import linecache
import os
import runpy
import sys
import textwrap
import types
import warnings
from importlib._bootstrap_external import SourceLoader

OWN_FOLDER = os.path.dirname(__file__)

NAME = "python-science"

HELP = "This interpreter runs in a WASI sandbox: no threads, no network, no subprocess. `python' has the last two."

NO_NETWORK = "There is no network in python-science: fetch with `python` or `curl`, and read the file here."

#: Where `pip` of the plugin `python` installs packages. They are in pure Python, so they serve here too.
SITE = "lib/python3.14/site-packages"


def main(words):
    sys.path.insert(0, OWN_FOLDER)
    import command_line

    del sys.path[0]
    try:
        invocation = command_line.parse(words)
    except command_line.UsageError as error:
        print(f"{error}\n{command_line.USAGE}".replace("python", NAME), file=sys.stderr)
        return 2
    try:
        os.chdir(os.environ.pop("MASSGEN_DIRECTORY", "/"))
    except OSError as error:
        print(f"{NAME}: cannot enter the working directory: {error}", file=sys.stderr)
        return 2
    sys.excepthook = report
    prepare(invocation, command_line.Source)
    match invocation.source:
        case command_line.Source.VERSION:
            print(f"Python {sys.version.split()[0]}")
        case command_line.Source.HELP:
            print(command_line.OPTIONS.replace("usage: python", f"usage: {NAME}"))
            print(HELP)
        case command_line.Source.COMMAND:
            text = invocation.program
            # What CPython does since 3.14.
            run_text(textwrap.dedent(text) if text[:1].isspace() else text, "<string>")
        case command_line.Source.STDIN:
            run_text(sys.stdin.buffer.read(), "<stdin>")
        case command_line.Source.MODULE:
            fresh_main()
            runpy._run_module_as_main(invocation.program)
        case command_line.Source.FILE:
            return run_file(invocation.program)
    return 0


def prepare(invocation, source):
    """Sets `sys.argv`, `sys.path` and the warning filters."""
    names = {source.COMMAND: "-c", source.MODULE: "-m"}
    sys.argv = [names.get(invocation.source, invocation.program), *invocation.arguments]
    first = {source.FILE: os.path.dirname(os.path.realpath(invocation.program)), source.MODULE: os.getcwd()}
    entries = [] if invocation.safe_path else [first.get(invocation.source, "")]
    if not invocation.ignore_environment:
        entries += filter(None, os.environ.get("PYTHONPATH", "").split(":"))
    sys.path[:0] = entries
    base = os.environ.get("PYTHONUSERBASE") or os.path.join(os.environ["HOME"], ".local")
    if invocation.site and invocation.user_site and os.path.isdir(os.path.join(base, SITE)):
        sys.path.append(os.path.join(base, SITE))
    sys._xoptions.update(invocation.extensions)
    if invocation.optimization:
        sys.flags = copy.replace(sys.flags, optimize=invocation.optimization)
        # What importlib passes to `compile` for each module.
        SourceLoader.source_to_code.__kwdefaults__ = {"_optimize": invocation.optimization}
    if invocation.warnings:
        sys.warnoptions[:] = invocation.warnings
        warnings._processoptions(invocation.warnings)


def fresh_main():
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    return module


def run_text(text, name):
    module = fresh_main()
    code = compile(text, name, "exec", dont_inherit=True, optimize=sys.flags.optimize)
    source = text if isinstance(text, str) else text.decode("utf-8", "replace")
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(code, module.__dict__)


def run_file(path):
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        sys.path[0:1] = [path]
        fresh_main()
        runpy._run_module_as_main("__main__", alter_argv=False)
        return 0
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        where = os.path.join(os.getcwd(), path)
        reason = f"[Errno {error.errno}] {error.strerror}"
        print(f"{NAME}: can't open file {where!r}: {reason}", file=sys.stderr)
        return 2
    module = fresh_main()
    module.__file__ = os.path.abspath(path)
    code = compile(text, module.__file__, "exec", dont_inherit=True, optimize=sys.flags.optimize)
    exec(code, module.__dict__)
    return 0


def report(kind, error, trace, *, own_file=__file__):
    """Shows an uncaught exception without the frames of this script."""
    while trace is not None and trace.tb_frame.f_code.co_filename == own_file:
        trace = trace.tb_next
    if isinstance(error, AttributeError) and getattr(error.obj, "__name__", None) == "_socket":
        error.add_note(NO_NETWORK)
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
