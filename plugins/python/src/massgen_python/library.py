"""The standard library and the packages that come with it, held in the interpreter's memory.

A component has no installation directory: its files exist only while it is built. At build time
every file is packed into this module's `Library`, and most modules are imported once, so that at
run time an import is a look-up in memory. A preloaded module stays out of `sys.modules` until a
program imports it: a `queue.py` beside the script wins over the library's `queue`, as it does on
any other Python. One difference remains: `import xml` gives `xml.dom` too, which elsewhere needs an
import of its own.
"""

import atexit
import builtins
import os
import sys
import zlib
from importlib._bootstrap import _call_with_frames_removed
from importlib.machinery import ModuleSpec

#: Where the library claims to live; it shows in tracebacks and in `__file__`.
ROOT = "/usr/lib/python3.14"

#: Where the packages beside the standard library claim to live: pytest, pip and what they need.
PACKAGES = ROOT + "/site-packages"

#: Parts that cannot work in a sandbox without windows or downloads, and are left out. In the place of `ssl` comes the
#: one in `packages`.
LEFT_OUT = frozenset(
    "bin ensurepip idlelib lib2to3 site-packages ssl test tkinter turtle turtledemo venv __pycache__".split()
)


class Source:
    """Where one module's source text is found: its display path, and whether it is a package."""

    __slots__ = ("path", "is_package")

    def __init__(self, path, is_package):
        self.path = path
        self.is_package = is_package

    @property
    def directory(self):
        """The path entry under which an import finds this module."""
        parent = os.path.dirname(self.path)
        return os.path.dirname(parent) if self.is_package else parent


class Library:
    """Files by path, sources by module name, the modules preloaded, and the importer for them."""

    def __init__(self):
        self.files = {}
        self.sources = {}
        self.preloaded = {}
        self.imported_by = {}
        self.exit_handlers = {}
        self.directories = {ROOT, PACKAGES}

    def pack(self, directory, root):
        """Takes in the files under `directory` as if they lay under `root`; the standard library's `.py` files only."""
        for folder, subfolders, files in os.walk(directory):
            subfolders[:] = sorted(set(subfolders) - LEFT_OUT)
            inside = os.path.relpath(folder, directory)
            package = [] if inside == "." else inside.split("/")
            for file in sorted(files):
                stem, extension = os.path.splitext(file)
                if root == ROOT and (not package and stem in LEFT_OUT or extension != ".py"):
                    continue
                path = "/".join([root, *package, file])
                with open(os.path.join(folder, file), "rb") as contents:
                    self.files[path] = zlib.compress(contents.read(), 9)
                if extension == ".py":
                    self._know(package, stem, path)

    def _know(self, package, stem, path):
        is_package = stem == "__init__"
        name = ".".join(package if is_package else [*package, stem])
        self.sources[name] = Source(path, is_package)
        if is_package:
            self.directories.add(os.path.dirname(path))

    def read(self, path):
        """The bytes of the file that claims to be at `path`; raises FileNotFoundError."""
        try:
            return zlib.decompress(self.files[path])
        except KeyError:
            raise FileNotFoundError(f"the library has no file {path!r}") from None

    def path_hook(self, entry):
        """A path hook (see `sys.path_hooks`) that claims the library's own directories."""
        if entry not in self.directories:
            raise ImportError(f"{entry} is not a directory of the library", path=entry)
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
            _call_with_frames_removed(exec, self.get_code(name), module.__dict__)

    def get_code(self, name):
        """The code object of module `name`."""
        return compile(self.get_data_of(name), self.sources[name].path, "exec", dont_inherit=True)

    def get_source(self, name):
        """The source text of module `name`, for tracebacks and `inspect`."""
        return self.get_data_of(name).decode("utf-8")

    def get_data_of(self, name):
        """The source bytes of module `name`."""
        try:
            return self.read(self.sources[name].path)
        except KeyError:
            raise ImportError(f"the library has no module {name!r}", name=name) from None

    def get_resource_reader(self, name):
        """The files of package `name`, as `importlib.resources` asks for them."""
        from . import resources  # Not earlier: it brings along much that a program may shadow.

        return resources.Reader(self, self.sources[name].path)

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
