"""Files that are in this interpreter's memory, and not in the sandbox's directories.

Programs open `/dev/null`. And what shows a program's source (tracebacks, `inspect`, pytest) asks
for the library's files: without this each such question would be a refusal in the run's report.
"""

import builtins
import errno
import io
import os
import stat as stat_module
import tokenize


class Null(io.RawIOBase):
    """Takes everything, keeps nothing, and is at its end from the start."""

    name = os.devnull

    def readable(self):
        """True."""
        return True

    def writable(self):
        """True."""
        return True

    def readinto(self, buffer):
        """Reads nothing."""
        return 0

    def write(self, data):
        """Takes all of it."""
        return memoryview(data).nbytes


class Open:
    """`open`, which has these files too. Not a function: one that a class holds would become a method of it."""

    __name__ = __qualname__ = "open"
    __module__ = "io"
    __doc__ = io.open.__doc__

    def __init__(self, library):
        self._library = library
        self._of_files = io.open

    def __call__(
        self,
        file,
        mode="r",
        buffering=-1,
        encoding=None,
        errors=None,
        newline=None,
        closefd=True,
        opener=None,
    ):
        path = _name(file)
        if path == os.devnull:
            return _null(mode, buffering, encoding, errors, newline)
        if path in self._library.files and not {"w", "a", "x", "+"} & set(mode):
            contents = io.BytesIO(self._library.read(path))
            return (
                contents
                if "b" in mode
                else io.TextIOWrapper(contents, encoding or "utf-8", errors, newline)
            )
        return self._of_files(file, mode, buffering, encoding, errors, newline, closefd, opener)

    def __repr__(self):
        return repr(self._of_files)

    def __reduce__(self):
        return self.__name__


def _name(file):
    """The path as text, or None for a descriptor or a path in bytes."""
    path = file.__fspath__() if hasattr(file, "__fspath__") else file
    return path if isinstance(path, str) else None


def _null(mode, buffering, encoding, errors, newline):
    raw = Null()
    if "b" in mode and buffering == 0:
        return raw
    if "+" in mode:
        buffered = io.BufferedRWPair(raw, raw)
    else:
        buffered = io.BufferedReader(raw) if "r" in mode else io.BufferedWriter(raw)
    return (
        buffered
        if "b" in mode
        else io.TextIOWrapper(buffered, encoding or "utf-8", errors, newline)
    )


def _asking(library, missing, ask):
    """`os.stat` or `os.lstat`, which knows these files; those in `missing` do not exist."""

    def stat(path, **given):
        name = _name(path)
        if name in library.files:
            return _result(stat_module.S_IFREG | 0o444, len(library.read(name)))
        if name in library.directories:
            return _result(stat_module.S_IFDIR | 0o555, 0)
        if name in missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return ask(path, **given)

    stat.__name__, stat.__qualname__, stat.__doc__ = ask.__name__, ask.__qualname__, ask.__doc__
    for supporting in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if ask in supporting:
            supporting.add(stat)
    return stat


def _result(mode, size):
    return os.stat_result((mode, 0, 0, 1, 0, 0, size, 0, 0, 0))


def install(library, missing):
    """Lets programs open and stat these files; those in `missing`, left from the build, they do not find."""
    builtins.open = io.open = tokenize._builtin_open = Open(library)
    os.stat = _asking(library, missing, os.stat)
    os.lstat = _asking(library, missing, os.lstat)
