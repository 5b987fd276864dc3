"""An asyncio event loop for a guest without sockets, pipes and threads.

CPython's loop wakes itself through a socket pair. A guest with a single thread needs no waking:
between callbacks this loop sleeps until the next timer is due.
"""

import asyncio
import selectors
import time
from asyncio import selector_events, unix_events


_NO_CHILDREN = (
    "asyncio cannot wait for commands here; start them with subprocess.run or subprocess.Popen"
)


class Timer(selectors._BaseSelectorImpl):
    """A selector without descriptors to wait for: selecting is sleeping."""

    def select(self, timeout=None):
        """Sleeps for `timeout` seconds; for ever is a deadlock, since nobody could end it."""
        if self.get_map():
            raise OSError("the sandbox cannot wait for file descriptors")
        if timeout is None:
            raise RuntimeError("deadlock: every asyncio task waits, and no timer is set")
        if timeout > 0:
            time.sleep(timeout)
        return []


class EventLoop(selector_events.BaseSelectorEventLoop):
    """Timers, tasks and futures; executors run in place; no transports, subprocesses or signals."""

    def __init__(self, selector=None):
        super().__init__(selector or Timer())

    def _make_self_pipe(self):
        pass

    def _close_self_pipe(self):
        pass

    def _write_to_self(self):
        pass

    async def shutdown_default_executor(self, timeout=None):
        """Shuts the executor down; elsewhere a thread of its own waits for that."""
        self._executor_shutdown_called = True
        if self._default_executor is not None:
            self._default_executor.shutdown()

    async def subprocess_exec(self, *_, **__):
        """Refuses: the loop cannot wait for a child."""
        raise NotImplementedError(_NO_CHILDREN)

    subprocess_shell = subprocess_exec


def install():
    """Makes `EventLoop` what asyncio uses by default."""
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = EventLoop
    for module in (asyncio, unix_events):
        module.SelectorEventLoop = module.EventLoop = EventLoop
