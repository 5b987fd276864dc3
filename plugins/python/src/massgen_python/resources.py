"""The library's files for `importlib.resources` and `importlib.metadata`.

Packages read data that comes with them (time zones, for one) through the first, and learn which
packages are there through the second.
"""

import io
import os
import sys
from importlib import metadata
from importlib.resources.abc import Traversable, TraversableResources
from pathlib import PurePosixPath

from .library import PACKAGES


class Reader(TraversableResources):
    """The resources of one package, given by the path of its `__init__.py`."""

    def __init__(self, library, path):
        self._library = library
        self._directory = os.path.dirname(path)

    def files(self):
        """The package's directory."""
        return Resource(self._library, self._directory)


class Resource(Traversable):
    """A file or directory of the library."""

    def __init__(self, library, path):
        self._library = library
        self._path = path

    def __fspath__(self):
        return self._path

    @property
    def name(self):
        """The last part of the path."""
        return os.path.basename(self._path)

    def is_file(self):
        """True where the library has such a file."""
        return self._path in self._library.files

    def is_dir(self):
        """True where the library has files below."""
        return any(path.startswith(self._path + "/") for path in self._library.files)

    def iterdir(self):
        """The files and directories in this directory."""
        start = self._path + "/"
        below = (path for path in self._library.files if path.startswith(start))
        for name in sorted({path[len(start) :].partition("/")[0] for path in below}):
            yield self / name

    def joinpath(self, *parts):
        """The file or directory below this one."""
        return Resource(self._library, os.path.normpath(os.path.join(self._path, *parts)))

    def open(self, mode="r", *arguments, **keywords):
        """Opens the file for reading, as text or as bytes."""
        contents = io.BytesIO(self._library.read(self._path))
        return contents if "b" in mode else io.TextIOWrapper(contents, *arguments, **keywords)


class Distribution(metadata.Distribution):
    """What is known of a package in the library, from its `.dist-info` directory."""

    def __init__(self, library, directory):
        self._library = library
        self._directory = directory

    def read_text(self, filename):
        """The text of one file of the metadata, or None."""
        try:
            return self._library.read(f"{self._directory}/{filename}").decode("utf-8")
        except FileNotFoundError:
            return None

    def locate_file(self, path):
        """Where a file of the package claims to be."""
        return PurePosixPath(self._directory).parent / path


class Finder:
    """Finds the library's packages for `importlib.metadata`, and no modules (see `sys.meta_path`)."""

    def __init__(self, library):
        suffix = ".dist-info/METADATA"
        self._found = [
            Distribution(library, os.path.dirname(path))
            for path in sorted(library.files)
            if path.endswith(suffix)
        ]

    def find_spec(self, name, path=None, target=None):
        """Nothing: modules are found by the path hook."""
        return None

    def find_distributions(self, context=metadata.DistributionFinder.Context()):
        """The distributions of the name that `context` asks for, or all, if it asks for their directory."""
        if PACKAGES not in context.path:
            return
        wanted = context.name and metadata.Prepared.normalize(context.name)
        for distribution in self._found:
            if not wanted or metadata.Prepared.normalize(distribution.name) == wanted:
                yield distribution


def install(library):
    """Makes the library's packages known, and keeps the host from being asked for them."""
    sys.meta_path.append(Finder(library))
    search = metadata.FastPath.search
    metadata.FastPath.search = lambda self, prepared: (
        () if self.root in library.directories else search(self, prepared)
    )
