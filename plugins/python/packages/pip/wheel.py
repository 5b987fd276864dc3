"""A wheel: read, checked as a whole, and only then unpacked (see PEP 427 and "Recording installed projects").

Nothing of a wheel is trusted. Each file must be listed in its RECORD with the right hash, and no
name may lead out of the directory that it is unpacked into.
"""

import base64
import configparser
import csv
import hashlib
import io
import os
import stat
import zipfile
from email.parser import HeaderParser

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from .refusal import Refusal

#: Hashes that RECORD may use; PEP 376 asks for sha256 or better.
_HASHES = frozenset(["sha256", "sha384", "sha512"])

#: Files that RECORD lists without a hash, or not at all: itself and its signatures.
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")

_NATIVE = (".so", ".pyd", ".dll", ".dylib")
_CHUNK = 1 << 16

_SCRIPT = """#!/usr/bin/env python
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.exit({attribute}())
"""


class Wheel:
    """One wheel file whose name and metadata were read; `check` must pass before `unpack`."""

    def __init__(self, path):
        self.path = path
        try:
            self.name, self.version, _, self.tags = parse_wheel_filename(os.path.basename(path))
        except InvalidWheelFilename as error:
            raise Refusal(f"{path} is not named as a wheel is: {error}") from None
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise Refusal(f"{path} is not a wheel: {error}") from None
        except OSError as error:
            raise Refusal(f"cannot read {path}: {error.strerror}") from None
        self._info = self._info_directory()
        self.metadata = HeaderParser().parsestr(self._text("METADATA"))

    def _info_directory(self):
        found = {name.partition("/")[0] for name in self._archive.namelist()}
        found = [name for name in found if name.endswith(".dist-info")]
        if len(found) != 1:
            raise Refusal(
                f"{self.path} has {len(found)} .dist-info directories, and a wheel has one"
            )
        name, _, version = found[0].removesuffix(".dist-info").partition("-")
        if canonicalize_name(name) != self.name or not version:
            raise Refusal(
                f"{self.path} holds {found[0]}, which is another package than its name says"
            )
        return found[0]

    def _text(self, name):
        try:
            return self._archive.read(f"{self._info}/{name}").decode("utf-8")
        except (KeyError, UnicodeDecodeError, zipfile.BadZipFile):
            raise Refusal(f"{self.path} has no readable {self._info}/{name}") from None

    @property
    def label(self):
        """Name and version, as in `pip list`."""
        return f"{self.name}-{self.version}"

    def check(self, python):
        """Raises `Refusal` unless this wheel is whole, harmless to unpack, and runs on version `python`."""
        if not any(_is_pure(tag) for tag in self.tags):
            tags = ", ".join(sorted(map(str, self.tags)))
            raise Refusal(
                f"{self.path} is built for {tags}: this Python cannot load native code. "
                "Look for a wheel that ends in -none-any.whl"
            )
        wanted = self.metadata.get("Requires-Python")
        if wanted and python not in SpecifierSet(wanted, prereleases=True):
            raise Refusal(f"{self.label} needs Python {wanted}, and this is {python}")
        wheel = HeaderParser().parsestr(self._text("WHEEL"))
        if not wheel.get("Wheel-Version", "").startswith("1."):
            raise Refusal(f"{self.path} has another wheel format than version 1")
        members = self._members()
        for member in members.values():
            self._check_name(member)
        self._check_record(members)

    def _members(self):
        members = {}
        for member in self._archive.infolist():
            if member.filename in members:
                raise Refusal(f"{self.path} holds {member.filename} twice")
            if not member.is_dir():
                members[member.filename] = member
        return members

    def _check_name(self, member):
        name = member.orig_filename
        parts = name.split("/")
        if (
            name.startswith("/")
            or "\\" in name
            or "\0" in name
            or {"", ".", ".."} & set(parts)
            or ":" in parts[0]
        ):
            raise Refusal(
                f"{self.path} holds {name!r}, a name that leads out of its directory; nothing was installed"
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise Refusal(f"{self.path} holds the link {name!r}; wheels hold files only")
        if name.endswith(_NATIVE):
            raise Refusal(f"{self.path} holds {name}: this Python cannot load native code")

    def _check_record(self, members):
        unhashed = {f"{self._info}/{name}" for name in _UNHASHED}
        listed = {}
        for row in csv.reader(io.StringIO(self._text("RECORD"))):
            if len(row) >= 2:
                listed[row[0]] = row[1]
        missing = sorted(set(listed) - set(members) - unhashed)
        if missing:
            raise Refusal(
                f"{self.path} lacks {missing[0]}, which its RECORD lists; get the wheel again"
            )
        for name, member in members.items():
            if name in unhashed:
                continue
            algorithm, _, expected = listed.get(name, "").partition("=")
            if algorithm not in _HASHES or not expected:
                raise Refusal(
                    f"{self.path} holds {name}, for which its RECORD has no hash; nothing was installed"
                )
            if self._digest(member, algorithm) != expected.rstrip("="):
                raise Refusal(
                    f"{self.path} holds {name} with another hash than its RECORD says: "
                    "it was changed or damaged; nothing was installed"
                )

    def _digest(self, member, algorithm):
        digest = hashlib.new(algorithm)
        try:
            with self._archive.open(member) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise Refusal(f"{self.path} cannot be unpacked: {error}") from None
        return _text_of(digest)

    def unpack(self, site, base):
        """Writes the package into `site`, its scripts and data below `base`; returns the scripts' names.

        What was written is removed again if writing fails.
        """
        written = []
        try:
            for name, member in self._members().items():
                path = self._place(name, site, base)
                if path is not None and name != f"{self._info}/RECORD":
                    with self._archive.open(member) as file:
                        self._write(path, file, written)
            scripts = self._entry_points()
            for script, text in scripts.items():
                self._write(os.path.join(base, "bin", script), io.BytesIO(text.encode()), written)
            self._write(os.path.join(site, self._info, "INSTALLER"), io.BytesIO(b"pip\n"), written)
            self._write_record(site, written)
        except BaseException:
            for path, _, _ in written:
                os.remove(path)
            raise
        return sorted(scripts)

    def _place(self, name, site, base):
        """Where a file goes, or None for what has no place here."""
        data = f"{self._info.removesuffix('.dist-info')}.data/"
        if not name.startswith(data):
            return os.path.join(site, name)
        scheme, _, rest = name.removeprefix(data).partition("/")
        match scheme:
            case "purelib" | "platlib":
                return os.path.join(site, rest)
            case "scripts":
                return os.path.join(base, "bin", rest)
            case "data":
                return os.path.join(base, rest)
            case _:
                return None

    def _write(self, path, source, written):
        if os.path.lexists(path):
            raise Refusal(
                f"{path} is there already and belongs to another package; --target DIR installs elsewhere"
            )
        os.makedirs(os.path.dirname(path), exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with open(path, "xb") as file:
            written.append((path, digest, 0))
            while chunk := source.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        written[-1] = (path, digest, size)

    def _entry_points(self):
        """The scripts that the package asks for: names and texts."""
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        parser.optionxform = str
        if f"{self._info}/entry_points.txt" not in self._archive.namelist():
            return {}
        try:
            parser.read_string(self._text("entry_points.txt"))
        except configparser.Error as error:
            raise Refusal(f"{self.path}: entry_points.txt: {error}") from None
        scripts = {}
        for name, value in parser["console_scripts"].items() if "console_scripts" in parser else ():
            module, _, attribute = (part.strip() for part in value.partition("[")[0].partition(":"))
            parts = [*module.split("."), *attribute.split(".")]
            if "/" in name or name in (".", "..") or not all(part.isidentifier() for part in parts):
                raise Refusal(f"{self.path}: the entry point {name!r} cannot be a script")
            first = attribute.partition(".")[0]
            scripts[name] = _SCRIPT.format(module=module, first=first, attribute=attribute)
        return scripts

    def _write_record(self, site, written):
        record = io.StringIO()
        rows = csv.writer(record, lineterminator="\n")
        for path, digest, size in written:
            rows.writerow([os.path.relpath(path, site), f"sha256={_text_of(digest)}", size])
        rows.writerow([f"{self._info}/RECORD", "", ""])
        path = os.path.join(site, self._info, "RECORD")
        self._write(path, io.BytesIO(record.getvalue().encode()), written)


def _is_pure(tag):
    return (
        tag.platform == "any" and tag.abi == "none" and tag.interpreter.startswith(("py3", "cp3"))
    )


def _text_of(digest):
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
