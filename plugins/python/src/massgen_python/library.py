"""The standard library, held in the interpreter's memory.

A component has no installation directory: its files exist only while it is built. At build time
every source file is packed into this module's `Library`, and most modules are imported once, so
that at run time an import is a look-up in memory. A preloaded module stays out of `sys.modules`
until a program imports it: a `queue.py` beside the script wins over the library's `queue`, as it
does on any other Python. One difference remains: `import xml` gives `xml.dom` too, which elsewhere
needs an import of its own.
"""

import atexit
import builtins
import os
import sys
import zlib
from importlib.machinery import ModuleSpec

#: Where the library claims to live; it shows in tracebacks and in `__file__`.
ROOT = "/usr/lib/python3.14"

#: Parts that cannot work in a sandbox without windows, processes or downloads, and are left out.
LEFT_OUT = frozenset(
    "ensurepip idlelib lib2to3 site-packages test tkinter turtle turtledemo venv __pycache__".split()
)


class Source:
    """One module's source text: its display path, and its bytes compressed with zlib."""

    __slots__ = ("packed", "path", "is_package")

    def __init__(self, path, is_package, text):
        self.path = path
        self.is_package = is_package
        self.packed = zlib.compress(text, 9)

    @property
    def directory(self):
        """The path entry under which an import finds this module."""
        parent = os.path.dirname(self.path)
        return os.path.dirname(parent) if self.is_package else parent


class Library:
    """Sources by module name, the modules preloaded from them, and the importer for both."""

    def __init__(self):
        self.sources = {}
        self.preloaded = {}
        self.imported_by = {}
        self.exit_handlers = {}
        self.directories = {ROOT}

    def pack(self, directory):
        """Takes in every `.py` file under `directory`, a library as it is laid out on disk."""
        for folder, subfolders, files in os.walk(directory):
            subfolders[:] = sorted(set(subfolders) - LEFT_OUT)
            inside = os.path.relpath(folder, directory)
            package = [] if inside == "." else inside.split("/")
            for file in sorted(files):
                stem, extension = os.path.splitext(file)
                if extension != ".py" or (not package and stem in LEFT_OUT):
                    continue
                is_package = stem == "__init__"
                name = ".".join(package if is_package else [*package, stem])
                with open(os.path.join(folder, file), "rb") as text:
                    path = "/".join([ROOT, *package, file])
                    self.sources[name] = Source(path, is_package, text.read())
                if is_package:
                    self.directories.add(os.path.dirname(path))

    def path_hook(self, entry):
        """A path hook (see `sys.path_hooks`) that claims the library's own directories."""
        if entry not in self.directories:
            raise ImportError(f"{entry} is not a directory of the standard library", path=entry)
        return Directory(self, entry)

    def spec(self, name):
        """The import specification of the library's module `name`, or None."""
        source = self.sources.get(name)
        if source is None:
            return None
        spec = ModuleSpec(name, self, origin=source.path, is_package=source.is_package)
        spec.has_location = True
        if source.is_package:
            spec.submodule_search_locations.append(os.path.dirname(source.path))
        return spec

    # The loader protocol (importlib.abc.InspectLoader).

    def create_module(self, spec):
        """A preloaded module stands for the new one; None asks for an empty module."""
        return self.preloaded.get(spec.name)

    def exec_module(self, module):
        """Runs a module's code, unless the module was preloaded and this is its first import."""
        name = module.__spec__.name
        if self.preloaded.get(name) is module:
            self._release(name)
        else:
            exec(self.get_code(name), module.__dict__)

    def get_code(self, name):
        """The code object of module `name`."""
        return compile(self.get_data_of(name), self.sources[name].path, "exec", dont_inherit=True)

    def get_source(self, name):
        """The source text of module `name`, for tracebacks and `inspect`."""
        return self.get_data_of(name).decode("utf-8")

    def get_data_of(self, name):
        """The source bytes of module `name`."""
        try:
            return zlib.decompress(self.sources[name].packed)
        except KeyError:
            raise ImportError(f"the standard library has no module {name!r}", name=name) from None

    def is_package(self, name):
        """True where module `name` is a package."""
        return self.sources[name].is_package

    def get_filename(self, name):
        """The path that module `name` claims to have."""
        return self.sources[name].path

    # Preloading, at build time.

    def preload(self, names):
        """Imports `names`; returns those that failed, with the error of each."""
        failed = {}
        import_module, register = builtins.__import__, atexit.register
        builtins.__import__ = self._recording(import_module)
        atexit.register = self._keep_exit_handler
        try:
            for name in names:
                try:
                    import_module(name)
                except Exception as error:
                    failed[name] = error
        finally:
            builtins.__import__, atexit.register = import_module, register
        return failed

    def set_aside(self, keep):
        """Moves the preloaded modules out of `sys.modules`, except those named in `keep`."""
        for name, module in list(sys.modules.items()):
            if name not in keep and getattr(module.__spec__, "loader", None) is self:
                self.preloaded[name] = sys.modules.pop(name)

    def adopt(self, module):
        """Makes a module that was imported before this importer was installed one of its own."""
        spec = self.spec(module.__name__)
        if spec is not None and getattr(module.__spec__.loader, "path", None):
            module.__spec__ = spec
            module.__loader__ = self
            module.__file__ = spec.origin
            if spec.submodule_search_locations:
                module.__path__ = spec.submodule_search_locations

    def _recording(self, import_module):
        def record(name, globals=None, locals=None, fromlist=(), level=0):
            module = import_module(name, globals, locals, fromlist, level)
            importer = (globals or {}).get("__name__")
            if importer:
                base = name
                if level:
                    package = globals["__package__"].rsplit(".", level - 1)[0]
                    base = f"{package}.{name}" if name else package
                imported = self.imported_by.setdefault(importer, set())
                imported.add(base)
                imported.update(f"{base}.{item}" for item in fromlist or ())
            return module

        return record

    def _keep_exit_handler(self, function, *arguments, **keywords):
        """Stands in for `atexit.register`: a handler counts once a program imports its module."""
        handlers = self.exit_handlers.setdefault(function.__module__, [])
        handlers.append((function, arguments, keywords))
        return function

    def _brought_along(self, name):
        """The modules of the same top-level package that importing `name` imports too."""
        package = name.partition(".")[0]
        found, pending = set(), [name]
        while pending:
            for imported in self.imported_by.get(pending.pop(), ()):
                if imported not in found and imported.partition(".")[0] == package:
                    found.add(imported)
                    pending.append(imported)
        return found

    def _release(self, name):
        for name in {name} | self._brought_along(name):
            module = self.preloaded.pop(name, None)
            if module is not None:
                sys.modules[name] = module
                for function, arguments, keywords in self.exit_handlers.get(name, ()):
                    atexit.register(function, *arguments, **keywords)


class Directory:
    """The path-entry finder for one directory of the library."""

    def __init__(self, library, path):
        self._library = library
        self._path = path

    def find_spec(self, name, target=None):
        """The specification of module `name` if this directory holds it."""
        source = self._library.sources.get(name)
        if source is None or source.directory != self._path:
            return None
        return self._library.spec(name)

    def iter_modules(self, prefix=""):
        """Names and kinds of the modules in this directory (see `pkgutil.iter_modules`)."""
        for name, source in sorted(self._library.sources.items()):
            child = name.rpartition(".")[2]
            if source.directory == self._path and child != "__init__":
                yield prefix + child, source.is_package
