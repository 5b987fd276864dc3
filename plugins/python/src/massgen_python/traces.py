"""Tracebacks that show the library's lines, and nothing of how this interpreter was built."""

import importlib
import linecache
import os
import pkgutil
import sys

import wit_world

from .library import ROOT

#: The name that marks a frame as the import machinery's own; CPython takes those out of tracebacks.
_IMPORTLIB = "<frozen importlib._bootstrap>"


#: The modules that are in this interpreter and in no library: this package and the compiler's bindings.
BUILD_FILES = set()


def install(library):
    """Makes `linecache` read the library's files, hides the importer and the places of the build."""
    update = linecache.updatecache

    def updatecache(filename, module_globals=None):
        if filename.startswith("<frozen ") or filename in BUILD_FILES:
            return []
        if filename not in library.files:
            return update(filename, module_globals)
        text = library.read(filename).decode("utf-8")
        lines = text.splitlines(keepends=True)
        linecache.cache[filename] = (len(text), None, lines, filename)
        return lines

    linecache.updatecache = updatecache
    exec_module = type(library).exec_module
    exec_module.__code__ = exec_module.__code__.replace(co_filename=_IMPORTLIB)
    realpath = os.path.realpath
    os.path.realpath = lambda filename, **given: (
        filename if filename in library.files else realpath(filename, **given)
    )


def forget_build():
    """Gives every module a place in the library, or none: no file of the build exists in a run."""
    for _, name, _ in pkgutil.walk_packages(wit_world.__path__, "wit_world."):
        importlib.import_module(name)  # The compiler's run time would do it later.
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path is None or path.startswith(ROOT):
            continue
        inside = path.removeprefix("/python/").removeprefix("lib/python3.14/")
        if inside == path:
            BUILD_FILES.add(path)
            del module.__file__
        else:
            module.__file__ = f"{ROOT}/{inside}"
