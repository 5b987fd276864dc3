"""`subprocess` over the host's interface `process`: a child is another command of the sandbox.

A child runs beside this interpreter and shares its call's limits; all children end with the call.
Standard streams that are files of this interpreter are served while the program waits for the child
or reads from it, since a file descriptor of this instance means nothing to another one.
"""

import errno
import io
import os
import subprocess
import time
from subprocess import DEVNULL, PIPE, STDOUT, TimeoutExpired

from componentize_py_types import Err
from wit_world.imports import process

from . import programs
from .memory_files import Null
from .pipes import End, FromFile, PipeReader, PipeWriter, Pumps, ToFile, release

#: How `subprocess` reports a child that a signal ended: what kill(2) and abort(3) would give.
_KILLED, _ABORTED = -9, -6


class Popen(subprocess.Popen):
    """A started command, with the interface of `subprocess.Popen`."""

    def __init__(self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None,
                 preexec_fn=None, close_fds=True, shell=False, cwd=None, env=None,
                 universal_newlines=None, startupinfo=None, creationflags=0, restore_signals=True,
                 start_new_session=False, pass_fds=(), *, user=None, group=None, extra_groups=None,
                 encoding=None, errors=None, text=None, umask=-1, pipesize=-1,
                 process_group=None):  # fmt: skip
        self._child = self._exchange = None
        self._pumps = Pumps()
        self.args = args
        self.stdin = self.stdout = self.stderr = self.pid = self.returncode = None
        self.encoding, self.errors = encoding, errors
        self.text_mode = bool(text or universal_newlines or encoding or errors)
        _refuse("preexec_fn", preexec_fn)
        _refuse("pass_fds", pass_fds)
        words, name = _words(args, executable, shell)
        directory = os.path.abspath(os.fsdecode(cwd)) if cwd is not None else os.getcwd()
        if not os.path.isdir(directory):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), cwd)
        program, words = programs.resolve(name, words, directory)
        variables = os.environ if env is None else env
        environment = [(os.fsdecode(key), os.fsdecode(variables[key])) for key in variables]
        reader = self._input(stdin)
        writer = self._output(stdout, process.standard_output, "stdout")
        if stderr == STDOUT:
            error = _given(writer.share)
        else:
            error = self._output(stderr, process.standard_error, "stderr")
        command = process.Command(
            program, words, environment, directory, process.Files.SAME, reader, writer, error
        )
        try:
            self._child = process.spawn(command)
        except Err as failure:
            self._close_pipes()
            raise _not_started(failure.value, name) from None
        self._name = name
        self._ended = self._child.ended()
        self.pid = self._child.id()
        self._wrap(bufsize)

    def __del__(self, *_, **__):
        self._release()

    def _release(self):
        """Gives the child back to the host, its pollable first; a running one runs on."""
        if self._child is not None:
            release(self._ended)
            release(self._child)
            self._child = None
        self._pumps.close()

    def _input(self, wanted):
        """Where the child reads."""
        if wanted is None:
            return process.standard_input()
        if wanted == DEVNULL or _is_null(wanted):
            return process.nothing()
        if end := _own_end(wanted):
            return _given(end.handle.share)
        if wanted != PIPE and _descriptor(wanted) == 0:
            return process.standard_input()
        reader, writer = _given(process.pipe)
        if wanted == PIPE:
            self.stdin = PipeWriter(End(writer), self._pumps)
        else:
            self._pumps.all.append(FromFile(End(writer), _descriptor(wanted)))
        return reader

    def _output(self, wanted, inherited, name):
        """Where one stream of the child goes."""
        if wanted is None:
            return inherited()
        if wanted == DEVNULL or _is_null(wanted):
            return process.void()
        if end := _own_end(wanted):
            return _given(end.handle.share)
        match None if wanted == PIPE else _descriptor(wanted):
            case 1:
                return process.standard_output()
            case 2:
                return process.standard_error()
            case descriptor:
                reader, writer = _given(process.pipe)
                if wanted == PIPE:
                    setattr(self, name, PipeReader(End(reader), self._pumps))
                else:
                    self._pumps.all.append(ToFile(End(reader), descriptor))
                return writer

    def _wrap(self, bufsize):
        """Gives the pipes the buffers and the text layer that the caller asked for."""
        if self.stdin is not None and bufsize:
            self.stdin = io.BufferedWriter(self.stdin)
        if self.stdin is not None and self.text_mode:
            self.stdin = io.TextIOWrapper(
                self.stdin, encoding=self.encoding, errors=self.errors,
                write_through=True, line_buffering=bufsize == 1,
            )  # fmt: skip
        for name in ("stdout", "stderr"):
            pipe = getattr(self, name)
            if pipe is not None and bufsize:
                pipe = io.BufferedReader(pipe)
            if pipe is not None and self.text_mode:
                pipe = io.TextIOWrapper(pipe, encoding=self.encoding, errors=self.errors)
            setattr(self, name, pipe)

    def _close_pipes(self):
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        self._pumps.close()

    def poll(self):
        """The exit status, or None while the child runs."""
        if self.returncode is None and self._child is not None:
            match self._child.exit():
                case None:
                    return None
                case process.Exit_Exited(status):
                    self.returncode = status
                case process.Exit_Killed():
                    self.returncode = _KILLED
                case process.Exit_Limit(reason):
                    self.returncode = _KILLED
                    os.write(2, f"{self._name}: {reason}\n".encode())
                case process.Exit_Failed(reason):
                    self.returncode = _ABORTED
                    os.write(2, f"{self._name}: {reason}\n".encode())
            self._pumps.finish()
            self._release()
        return self.returncode

    def wait(self, timeout=None):
        """Waits for the child's end; returns its exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if not self._pumps.wait_for([self._ended], deadline):
                raise TimeoutExpired(self.args, timeout)
        return self.returncode

    def communicate(self, input=None, timeout=None):
        """Sends `input`, reads all output, waits for the end; returns what stdout and stderr gave."""
        deadline = None if timeout is None else time.monotonic() + timeout
        exchange = self._exchange = self._exchange or _Exchange(self, input)
        while pending := exchange.step():
            if not self._pumps.wait_for(pending, deadline):
                raise TimeoutExpired(self.args, timeout, *exchange.so_far())
        left = None if deadline is None else max(0, deadline - time.monotonic())
        try:
            self.wait(left)
        except TimeoutExpired:
            raise TimeoutExpired(self.args, timeout, *exchange.so_far()) from None
        return exchange.result()

    def send_signal(self, signal):
        """Ends the child, whatever the signal: there are no handlers that could ask for another end."""
        if self.poll() is None:
            self._child.kill()

    def terminate(self):
        """Ends the child."""
        self.send_signal(15)

    def kill(self):
        """Ends the child."""
        self.send_signal(9)

    def __exit__(self, exc_type, value, traceback):
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        try:
            if self.stdin is not None:
                self.stdin.close()
        except BrokenPipeError:
            pass
        self.wait()


class _Exchange:
    """What `communicate` has sent and read so far; kept between calls that time out."""

    def __init__(self, child, data):
        self._child = child
        self._input = memoryview(b"")
        self._sink = child.stdin
        if child.stdin is not None:
            if isinstance(data, str):
                data = data.encode(child.stdin.encoding or "utf-8", child.stdin.errors or "strict")
            try:
                child.stdin.flush()
            except BrokenPipeError:
                pass
            self._input = memoryview(data or b"").cast("B")
        self._sources = [pipe for pipe in (child.stdout, child.stderr) if pipe is not None]
        self._read = {id(pipe): bytearray() for pipe in self._sources}

    def step(self):
        """Moves what can be moved now; returns the pollables to wait for, none when all is done."""
        pending = []
        if self._sink is not None:
            end = _own_end(self._sink)
            try:
                while len(self._input) and (count := end.write_some(self._input)):
                    self._input = self._input[count:]
            except BrokenPipeError:
                self._input = self._input[:0]
            if len(self._input):
                pending.append(end.ready)
            else:
                try:
                    self._sink.close()
                except BrokenPipeError:
                    pass
                self._sink = None
        for pipe in list(self._sources):
            end = _own_end(pipe)
            while data := end.read_some():
                self._read[id(pipe)] += data
            if data is None:
                self._sources.remove(pipe)
                pipe.close()
            else:
                pending.append(end.ready)
        return pending

    def so_far(self):
        """The bytes read, of stdout and stderr each."""
        pipes = (self._child.stdout, self._child.stderr)
        return tuple(bytes(self._read[id(pipe)]) or None if pipe else None for pipe in pipes)

    def result(self):
        """What was read, of stdout and stderr each, as the caller asked to have it."""
        return tuple(
            None if pipe is None else self._decoded(pipe)
            for pipe in (self._child.stdout, self._child.stderr)
        )

    def _decoded(self, pipe):
        data = bytes(self._read[id(pipe)])
        if not self._child.text_mode:
            return data
        text = data.decode(pipe.encoding or "utf-8", pipe.errors or "strict")
        return text.replace("\r\n", "\n").replace("\r", "\n")


def system(command):
    """`os.system`: runs a line of shell; returns the status as wait(2) encodes it."""
    status = subprocess.call(command, shell=True)
    return status << 8 if status >= 0 else -status


def install():
    """Puts this in the place of what the library has for systems with processes."""
    subprocess.Popen = Popen
    os.system = system
    os.waitstatus_to_exitcode = lambda status: status >> 8 or -(status & 0x7F)
    programs.shutil.which = programs.which


def _words(args, executable, shell):
    """The arguments, and the name of what is to be started."""
    if isinstance(args, (str, bytes)) or hasattr(args, "__fspath__"):
        words = [os.fsdecode(args)]
    else:
        words = [os.fsdecode(word) for word in args]
    if shell:
        words = ["sh", "-c", *words]
        executable = executable and os.path.basename(os.fsdecode(executable))
    if not words:
        raise IndexError("list index out of range")
    if any("\0" in word for word in words):
        raise ValueError("embedded null byte")
    return words, os.fsdecode(executable) if executable else words[0]


def _given(ask):
    """What the host gives on this call; OSError where this interpreter holds as many handles as it may."""
    try:
        return ask()
    except Err as refusal:
        raise OSError(errno.EMFILE, refusal.value) from None


def _refuse(name, value):
    if value:
        reason = f"{name} is not supported: a child of the sandbox shares nothing with its parent"
        raise OSError(errno.ENOTSUP, reason)


def _descriptor(file):
    return file if isinstance(file, int) else file.fileno()


def _own_end(file):
    """The end of a pipe to a child behind a file object, or None for any other file."""
    raw = _raw(file)
    return raw.end if isinstance(raw, (PipeReader, PipeWriter)) else None


def _is_null(file):
    return isinstance(_raw(file), Null)


def _raw(file):
    buffered = getattr(file, "buffer", file)
    return getattr(buffered, "raw", buffered)


def _not_started(error, name):
    match error:
        case process.SpawnError_NotFound():
            return FileNotFoundError(errno.ENOENT, "There is no such command in the sandbox", name)
        case process.SpawnError_Limit(reason):
            return BlockingIOError(errno.EAGAIN, reason, name)
        case process.SpawnError_Failed(reason):
            return PermissionError(errno.EACCES, reason, name)
