"""The interpreter's command line, read as CPython reads it.

Options stop at the first `-c`, `-m`, `-` or file name; everything after that belongs to the
program. See "Command line and environment" in the Python documentation.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

USAGE = """usage: python [option] ... [-c cmd | -m mod | file | -] [arg] ...
Try `python -h' for more information."""

OPTIONS = """usage: python [option] ... [-c cmd | -m mod | file | -] [arg] ...
Options:
-c cmd : program passed in as string (terminates option list)
-m mod : run library module as a script (terminates option list)
-      : program read from stdin (default)
-E     : ignore PYTHON* environment variables
-I     : isolate Python from the user's environment (implies -E, -P and -s)
-P     : don't prepend a potentially unsafe path to sys.path
-u     : do not buffer stdout and stderr
-V     : print the Python version number and exit (also --version)
-W arg : warning control; arg is action:message:category:module:lineno
-X opt : set implementation-specific option
-h     : print this help message and exit (also -? or --help)
-O     : remove assert statements; -OO also removes doc-strings
-s     : don't add the user's site directory, where pip installs, to sys.path
-S     : don't add any site directory to sys.path
Accepted without effect: -b -B -d -i -q -R -v -x"""

HELP = f"""{OPTIONS}
This interpreter runs in a WASI sandbox: no threads, no network. `pip' installs local wheels, and
subprocess starts the sandbox's commands."""

#: The module behind each other name of this command. Such a module runs without the working directory on
#: `sys.path`, as a script in a `bin` directory does.
MODULES = {"pip": "pip", "pip3": "pip", "pytest": "pytest", "py.test": "pytest"}


class Source(Enum):
    """Where the program comes from."""

    COMMAND = auto()
    MODULE = auto()
    FILE = auto()
    STDIN = auto()
    VERSION = auto()
    HELP = auto()


class UsageError(Exception):
    """The command line cannot be read; the text says which part."""


@dataclass
class Invocation:
    """One command line: the program, its arguments and the options that have an effect here."""

    source: Source = Source.STDIN
    program: str = ""
    arguments: list[str] = field(default_factory=list)
    ignore_environment: bool = False
    safe_path: bool = False
    unbuffered: bool = False
    optimization: int = 0
    user_site: bool = True
    site: bool = True
    warnings: list[str] = field(default_factory=list)
    extensions: dict[str, str | bool] = field(default_factory=dict)


_WITHOUT_EFFECT = frozenset("bBdiqRvx")


def of(words):
    """Reads a whole command line, the name of the command included; raises `UsageError`."""
    name, *arguments = words or ["python"]
    module = MODULES.get(name.rpartition("/")[2])
    if module is None:
        return parse(arguments)
    return Invocation(Source.MODULE, module, arguments, safe_path=True)


def parse(arguments):
    """Reads the arguments after the interpreter's own name; raises `UsageError`."""
    result = Invocation()
    rest = list(arguments)
    while rest:
        word = rest[0]
        if word == "-" or not word.startswith("-"):
            result.source = Source.STDIN if word == "-" else Source.FILE
            result.program, result.arguments = word, rest[1:]
            return result
        del rest[0]
        if word == "--":
            if rest:
                result.source, result.program, result.arguments = Source.FILE, rest[0], rest[1:]
            return result
        if word.startswith("--"):
            _long_option(word, rest, result)
        elif _short_options(word[1:], rest, result):
            return result
        if result.source in (Source.VERSION, Source.HELP):
            return result
    return result


def _long_option(word, rest, result):
    match word:
        case "--version":
            result.source = Source.VERSION
        case "--help" | "--help-all":
            result.source = Source.HELP
        case "--check-hash-based-pycs":
            _value(word, "", rest)
        case _:
            raise UsageError(f"unknown option {word}")


def _short_options(letters, rest, result):
    """Applies one word of options; True when it ended the option list with a program."""
    for position, letter in enumerate(letters):
        attached = letters[position + 1 :]
        match letter:
            case "c" | "m":
                result.source = Source.COMMAND if letter == "c" else Source.MODULE
                result.program = _value(f"-{letter}", attached, rest)
                result.arguments = rest
                return True
            case "W":
                result.warnings.append(_value("-W", attached, rest))
                return False
            case "X":
                name, given, value = _value("-X", attached, rest).partition("=")
                result.extensions[name] = value if given else True
                return False
            case "V":
                result.source = Source.VERSION
            case "h" | "?":
                result.source = Source.HELP
            case "E":
                result.ignore_environment = True
            case "I":
                result.ignore_environment = result.safe_path = True
                result.user_site = False
            case "O":
                result.optimization += 1
            case "s":
                result.user_site = False
            case "S":
                result.site = False
            case "P":
                result.safe_path = True
            case "u":
                result.unbuffered = True
            case _ if letter not in _WITHOUT_EFFECT:
                raise UsageError(f"unknown option -{letter}")
    return False


def _value(option, attached, rest):
    if attached:
        return attached
    if not rest:
        raise UsageError(f"Argument expected for the {option} option")
    return rest.pop(0)
