"""What is installed: by this pip into the user's site directory, and with this Python."""

import csv
import os
import site
from importlib import metadata

from packaging.utils import canonicalize_name

from .refusal import Refusal


def base():
    """The directory below which everything is that this pip installs."""
    return site.getuserbase()


def of_user(directory=None):
    """The distributions in the user's site directory or in another, by canonical name."""
    return _by_name(metadata.distributions(path=[directory or site.getusersitepackages()]))


def everything():
    """All distributions that a program can import, by canonical name; the user's before Python's own."""
    return {**_by_name(metadata.distributions()), **of_user()}


def _by_name(distributions):
    found = {}
    for distribution in distributions:
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), distribution)
    return found


def location(distribution):
    """The directory that holds a distribution."""
    return os.fspath(distribution.locate_file(""))


def files(distribution):
    """The paths of a distribution's files, as its RECORD lists them, relative to its location."""
    text = distribution.read_text("RECORD") or ""
    return [row[0] for row in csv.reader(text.splitlines()) if row]


def remove(distribution, root):
    """Removes a distribution's files and the directories that they leave empty.

    A RECORD is a file that anybody may have written: it removes nothing outside of `root`.
    """
    where = location(distribution)
    root = os.path.realpath(root)
    paths = [os.path.normpath(os.path.join(where, name)) for name in files(distribution)]
    if not paths:
        raise Refusal(
            f"{distribution.metadata['Name']} has no RECORD of its files; remove them by hand in {where}"
        )
    for path in paths:
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if os.path.commonpath([root, real]) != root:
            raise Refusal(
                f"the RECORD of {distribution.metadata['Name']} lists {path}, outside {root}; nothing was removed"
            )
    for path in paths:
        if os.path.lexists(path):
            with open(
                path, "rb"
            ) as file:  # Whoever removes a file must have read it (read_before_delete).
                file.read()
            os.remove(path)
    for directory in sorted({os.path.dirname(path) for path in paths}, key=len, reverse=True):
        while (
            len(directory) > len(where) and os.path.isdir(directory) and not os.listdir(directory)
        ):
            os.rmdir(directory)
            directory = os.path.dirname(directory)
