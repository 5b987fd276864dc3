"""Makes the interpreter's memory quick to start from.

A run begins with the snapshot mapped copy-on-write: every page that it writes to is copied first,
which costs more than the work of a small program. So new objects must not be scattered over it.
"""

#: The allocator (dlmalloc) hands out chunks that are multiples of this many bytes.
_GRAIN = 16

#: Bytes of a chunk that a `bytes` object does not use for its content, on a 32-bit machine.
_OVERHEAD = 4 + 17

#: Chunk sizes to look for, in bytes, and how long a stretch of free memory counts as no hole.
_SMALLEST, _LARGEST, _STRETCH = 32, 4096, 8192

#: Upper bound of the number of holes that are filled.
_MOST = 1 << 19

_fillers = []


def fill_holes():
    """Fills what importing the library left free between the objects that stay.

    Afterwards new objects lie side by side. Larger holes go first, since what remains of them is
    found again as a smaller one.
    """
    _fillers[:] = [None] * _MOST
    count = 0
    for size in range(_LARGEST, _SMALLEST - _GRAIN, -_GRAIN):
        stretch, previous = 0, 0
        while stretch < _STRETCH and count < _MOST:
            block = bytes(size - _OVERHEAD)
            stretch = stretch + size if id(block) == previous + size else 0
            previous = id(block)
            _fillers[count] = block
            count += 1
    del _fillers[count:]
