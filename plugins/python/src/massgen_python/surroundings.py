"""What a fresh process gives an interpreter, taken from the host at the start of each run.

The snapshot was made on the build machine; environment, working directory and the seed of `random`
must come from the run instead. The standard streams are opened in the snapshot: they are
descriptors 0, 1 and 2 wherever the component runs.
"""

import io
import os
import random
import sys

from wit_world.imports import environment

#: The user and group that WASI gives as the owner of every file.
_USER = 0


def install():
    """Adds what programs take for granted of a process, and WASI has no notion of."""
    os.umask = lambda mask: 0o022
    os.getuid = os.geteuid = os.getgid = os.getegid = lambda: _USER


def read_environment():
    """Replaces the variables in `os.environ` by those of this run."""
    # Not clear() and update(): their type checks walk through every class of the library.
    for name in list(os.environ):
        del os.environ[name]
    for name, value in environment.get_environment():
        os.environ[name] = value


def enter_working_directory():
    """Changes into the directory the host names; raises OSError where it may not be entered."""
    os.chdir(environment.initial_cwd() or "/")


def open_streams():
    """Opens stdin, stdout and stderr as UTF-8 text.

    Standard output is written line by line even into a pipe, so that a program which is stopped at
    a limit has shown every line that it printed before.
    """
    sys.stdin = sys.__stdin__ = _stream(0, "<stdin>", io.BufferedReader, "r", "strict")
    sys.stdout = sys.__stdout__ = _stream(1, "<stdout>", io.BufferedWriter, "w", "strict")
    sys.stderr = sys.__stderr__ = _stream(2, "<stderr>", io.BufferedWriter, "w", "backslashreplace")


def _stream(descriptor, name, buffered, mode, errors):
    raw = io.FileIO(descriptor, mode + "b", closefd=False)
    raw.name = name
    buffer = buffered(raw, 8192)
    stream = io.TextIOWrapper(buffer, encoding="utf-8", errors=errors, line_buffering=mode == "w")
    stream.mode = mode
    return stream


def write_through():
    """Passes every write on at once, as option `-u` asks."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)


def reseed():
    """Seeds the `random` module from the host's entropy.

    The seed of string hashes cannot be drawn again: strings hashed at build time are in the
    snapshot's dictionaries. Hash flooding between mutually untrusting parties is no concern here,
    since every run has an instance of its own.
    """
    random.seed()
