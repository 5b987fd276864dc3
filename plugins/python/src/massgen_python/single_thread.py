"""What a program with threads meets in an interpreter that has one.

Starting a thread is refused with what to do instead. An executor runs each task when it is
submitted: its tasks are independent by contract, so only the order shows. Waiting for another
thread without a timeout could never end, and is an error rather than a hang.
"""

import _thread
import concurrent.futures
import multiprocessing.context
import multiprocessing.process
import queue
import threading
import time
from concurrent.futures import process, thread

_NO_THREADS = (
    "can't start new thread: this Python has one. Call the function, or use "
    "concurrent.futures.ThreadPoolExecutor (tasks run one after the other) or asyncio"
)
_NO_PROCESSES = (
    "multiprocessing is not available: this Python cannot be copied into another process. Use "
    "concurrent.futures (tasks run one after the other), or subprocess to run python again"
)
_DEADLOCK = "deadlock: waiting for another thread, and there is none"


class InPlaceExecutor(concurrent.futures.Executor):
    """Runs each task at once, in the thread that submits it."""

    def __init__(self, max_workers=None, *_, initializer=None, initargs=(), **__):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._initialize = initializer and (lambda: initializer(*initargs))
        self._is_shut_down = False

    def submit(self, fn, /, *args, **kwargs):
        """Runs `fn`; returns its future, which is done."""
        if self._is_shut_down:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            if self._initialize:
                initialize, self._initialize = self._initialize, None
                initialize()
            result = fn(*args, **kwargs)
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Takes no more tasks."""
        self._is_shut_down = True


class ThreadPoolExecutor(InPlaceExecutor):
    """`concurrent.futures.ThreadPoolExecutor`, with the calling thread as its only worker."""

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        super().__init__(max_workers, initializer=initializer, initargs=initargs)


class ProcessPoolExecutor(InPlaceExecutor):
    """`concurrent.futures.ProcessPoolExecutor`, with this interpreter as its only worker."""

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), **_):
        super().__init__(max_workers, initializer=initializer, initargs=initargs)


def install():
    """Puts these rules in the place of the library's."""
    _thread.start_new_thread = _thread.start_joinable_thread = _refuse_thread
    threading._start_new_thread = threading._start_joinable_thread = _refuse_thread
    threading.Condition.wait = _wait
    queue.SimpleQueue = queue._PySimpleQueue
    concurrent.futures.ThreadPoolExecutor = thread.ThreadPoolExecutor = ThreadPoolExecutor
    concurrent.futures.ProcessPoolExecutor = process.ProcessPoolExecutor = ProcessPoolExecutor
    multiprocessing.process.BaseProcess.start = _refuse_process
    multiprocessing.context.BaseContext.Pool = _refuse_process
    multiprocessing.Pool = multiprocessing.context._default_context.Pool


def _refuse_thread(*_, **__):
    raise RuntimeError(_NO_THREADS)


def _refuse_process(*_, **__):
    raise RuntimeError(_NO_PROCESSES)


def _wait(condition, timeout=None):
    """`threading.Condition.wait` where nobody can notify."""
    if not condition._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    if timeout is None:
        raise RuntimeError(_DEADLOCK)
    time.sleep(max(timeout, 0))
    return False
