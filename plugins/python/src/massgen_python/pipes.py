"""File objects over the streams of the host's interface `process`, and waiting for several of them.

A stream must outlive its pollable (WASI: a pollable is a child of its stream), so both are owned,
and given back in that order, by one object here.
"""

import errno
import io
import os
import time

from componentize_py_types import Err
from wit_world.imports import monotonic_clock, poll, streams

#: Bytes that are asked for at a time: what a pipe of the host holds.
_CHUNK = 65_536


def wait_for(sources, deadline=None):
    """Waits until one of the pollables is ready; False when `deadline` (of `time.monotonic`) came first."""
    if deadline is None:
        poll.poll(sources)
        return True
    left = max(0, round((deadline - time.monotonic()) * 1e9))
    with monotonic_clock.subscribe_duration(left) as timer:
        ready = poll.poll([*sources, timer])
    return any(index < len(sources) for index in ready)


def release(resource):
    """Gives a resource back to the host, unless the garbage collector was there first."""
    if resource.finalizer.alive:
        resource.__exit__(None, None, None)


class End:
    """One end of a pipe as this side holds it: the host's handle, its stream and its pollable."""

    def __init__(self, handle):
        self.handle = handle
        self.stream = handle.stream()
        self.ready = self.stream.subscribe()
        self.is_open = True

    def close(self):
        """Gives the end back to the host."""
        if self.is_open:
            self.is_open = False
            for resource in (self.ready, self.stream, self.handle):
                release(resource)

    def read_some(self, most=_CHUNK):
        """The bytes that are there, b"" when there are none yet, None at the end."""
        try:
            return self.stream.read(most)
        except Err as error:
            return _ended(error)

    def write_some(self, data):
        """Passes on as many of the bytes as there is room for, which may be none; returns their number."""
        try:
            count = min(self.stream.check_write(), len(data))
            if count:
                self.stream.write(bytes(data[:count]))
                self.stream.flush()
            return count
        except Err as error:
            _ended(error)
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None


def _ended(error):
    """None where a stream was closed; raises OSError where it failed."""
    if isinstance(error.value, streams.StreamError_Closed):
        return None
    with error.value.value as failure:
        raise OSError(errno.EIO, failure.to_debug_string())


class Pumps:
    """Copies between pipes and files of this interpreter, served while the program waits for something else."""

    def __init__(self):
        self.all = []

    def wait_for(self, sources, deadline=None):
        """Waits until one of the pollables is ready; False when `deadline` came first."""
        while True:
            serving = [pump for pump in self.all if pump.end.is_open]
            if not wait_for([*sources, *(pump.end.ready for pump in serving)], deadline):
                return False
            for pump in serving:
                if pump.end.ready.ready():
                    pump.step()
            if any(source.ready() for source in sources):
                return True

    def finish(self):
        """Writes what an ended child left on its way to files."""
        for pump in self.all:
            while pump.end.is_open and isinstance(pump, ToFile):
                pump.step()

    def close(self):
        """Gives the pipes back."""
        for pump in self.all:
            pump.end.close()


class ToFile:
    """Copies what a child writes to a file of this interpreter."""

    def __init__(self, end, descriptor):
        self.end = end
        self._descriptor = descriptor

    def step(self):
        """Copies what is there."""
        while data := self.end.read_some():
            while data:
                data = data[os.write(self._descriptor, data) :]
        if data is None:
            self.end.close()


class FromFile:
    """Copies a file of this interpreter to what a child reads."""

    def __init__(self, end, descriptor):
        self.end = end
        self._descriptor = descriptor
        self._left = memoryview(b"")

    def step(self):
        """Copies as much as there is room for."""
        try:
            while True:
                if not len(self._left):
                    self._left = memoryview(os.read(self._descriptor, _CHUNK))
                if not len(self._left):
                    return self.end.close()
                count = self.end.write_some(self._left)
                if not count:
                    return None
                self._left = self._left[count:]
        except BrokenPipeError:
            return self.end.close()


class PipeReader(io.RawIOBase):
    """What a child writes, as a binary file."""

    def __init__(self, end, pumps):
        self.end = end
        self._pumps = pumps

    def readable(self):
        """True."""
        return True

    def readinto(self, buffer):
        """Reads what is there, and waits while that is nothing."""
        while (data := self.end.read_some(len(buffer))) == b"" and len(buffer):
            self._pumps.wait_for([self.end.ready])
        data = data or b""
        buffer[: len(data)] = data
        return len(data)

    def close(self):
        """Closes this end; a child that writes on is told."""
        if not self.closed:
            super().close()
            self.end.close()


class PipeWriter(io.RawIOBase):
    """What a child reads, as a binary file."""

    def __init__(self, end, pumps):
        self.end = end
        self._pumps = pumps

    def writable(self):
        """True."""
        return True

    def write(self, data):
        """Writes as much as there is room for, and waits while there is none."""
        with memoryview(data) as view, view.cast("B") as octets:
            while not (count := self.end.write_some(octets)) and len(octets):
                self._pumps.wait_for([self.end.ready])
        return count

    def close(self):
        """Closes this end; the child reads to its end."""
        if not self.closed:
            super().close()
            self.end.close()
