"""Which command of the sandbox a program means by the words that it wants to start.

There are no program files: the host has a table of commands. A file that the program names by its
path is a script, and starts with `#!` and the command that reads it.
"""

import errno
import os
import shutil

from wit_world.imports import process

#: Directories of other systems in which programs lie; a command is found in any of them.
_DIRECTORIES = frozenset(["/bin", "/usr/bin", "/usr/local/bin"])


def resolve(name, arguments, directory):
    """The command and the arguments behind `name`; raises OSError with the reason where there is none."""
    folder, base = os.path.split(name)
    if not folder or folder in _DIRECTORIES:
        if base in process.programs():
            return base, arguments
        raise FileNotFoundError(errno.ENOENT, "There is no such command in the sandbox", name)
    with open(os.path.join(directory, name), "rb") as file:
        line = file.readline(4096)
    words = os.fsdecode(line[2:]).split() if line.startswith(b"#!") else []
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if word != "-S"]
    if not words:
        reason = "Not a script with a #! line, and native programs do not run in the sandbox"
        raise OSError(errno.ENOEXEC, reason, name)
    interpreter = os.path.basename(words[0])
    return resolve(interpreter, [interpreter, *words[1:], name, *arguments[1:]], directory)


def which(command, mode=os.F_OK | os.X_OK, path=None, *, _of_files=shutil.which):
    """`shutil.which`, which knows the sandbox's commands."""
    name = os.fspath(command)
    if isinstance(name, bytes) or os.path.dirname(name):
        return _of_files(command, mode, path)
    return f"/usr/bin/{name}" if name in process.programs() else None
