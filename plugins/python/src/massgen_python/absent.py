"""Why a module is not here, as a note below the traceback of a program that needed it.

The exception stays what it is elsewhere, so that programs which try one module and then another
work; only a program that ends by it is told more.
"""

from wit_world.imports import process

_NATIVE = (
    "{name} has native code, which this Python cannot load. Packages in pure Python can be "
    "installed from wheels: `pip install ./NAME.whl`."
)
_SCIENTIFIC = (
    "{name} is in the command `python-science`: start the program with it instead of `python`."
)
_NOT_BUILT = "The C part of {name} is not in this Python, which runs in a WebAssembly sandbox."
_UNKNOWN = (
    "There is no network to fetch {name} from. A pure-Python package can be installed from a wheel "
    "in a local directory: `pip install ./NAME.whl`."
)

_REASONS = {
    **dict.fromkeys(
        "_bz2 _ssl _ctypes _curses _dbm _gdbm _lzma _multiprocessing _posixshmem _posixsubprocess _tkinter _zstd "
        "_remote_debugging fcntl grp mmap pwd readline resource syslog termios tkinter turtle pty tty".split(),
        _NOT_BUILT,
    ),
    **dict.fromkeys(
        "numpy pandas scipy matplotlib sklearn PIL cv2 torch tensorflow lxml cryptography psycopg2 polars pyarrow "
        "greenlet gevent uvloop orjson pydantic_core regex grpc zmq psutil".split(),
        _NATIVE,
    ),
    **dict.fromkeys(
        ("ensurepip", "venv", "idlelib", "test"), "The module {name} was left out of this Python."
    ),
}


#: What the optional command `python-science` has. A user may not have installed it.
_OF_SCIENCE = frozenset(
    "numpy pandas scipy matplotlib sklearn statsmodels seaborn sympy networkx lxml regex PIL openpyxl xlsxwriter xlrd "
    "pypdf reportlab bs4 yaml jinja2 tabulate tqdm patsy joblib narwhals".split()
)


def explain(error):
    """Adds a note to a ModuleNotFoundError that says why the module is missing and what to do."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        top, *below = error.name.split(".")
        if top in _OF_SCIENCE and "python-science" in process.programs():
            error.add_note(_SCIENTIFIC.format(name=top))
            return
        reason = _REASONS.get(top) or (None if below else _UNKNOWN)
        if reason:
            error.add_note(reason.format(name=top))
