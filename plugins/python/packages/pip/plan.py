"""Which wheels an installation needs: the ones asked for, and what they depend on.

Requirements are taken one after the other; for each, the newest version in the given directories
that fits everything known so far. There is no going back on a choice: a conflict is reported.
"""

import os
import platform

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from . import installed
from .refusal import NO_NETWORK, Refusal
from .wheel import Wheel

_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip", ".egg")


class Plan:
    """Collects wheels by canonical name. `present` are the distributions that need not be installed."""

    def __init__(self, directories, present, *, with_dependencies, allow_prereleases):
        self.wheels = {}
        self.satisfied = []
        self._directories = directories
        self._present = present
        self._with_dependencies = with_dependencies
        self._prereleases = True if allow_prereleases else None
        self._wanted = {}
        self._extras_followed = set()
        self._available = None

    def add(self, word):
        """Takes in one word of the command line or line of a requirements file: a path or a requirement."""
        if "://" in word or word.startswith("git+"):
            raise Refusal(
                f"cannot fetch {word}: {NO_NETWORK}. Have the wheel put into a directory here, and name its path"
            )
        path, bracket, extras = word.partition("[") if ".whl[" in word else (word, "", "")
        if path.endswith(".whl"):
            wheel = Wheel(path)
            self._choose(
                wheel, {extra.strip() for extra in extras.rstrip("]").split(",") if bracket}
            )
        elif word.endswith(_ARCHIVES):
            raise Refusal(
                f"{word} is a source distribution, and a build may run native programs, which are not here. "
                f"Build a wheel elsewhere (`pip wheel --no-deps {os.path.basename(word)}`) and install that"
            )
        elif os.path.isdir(word) and (os.sep in word or word in (".", "..")):
            raise Refusal(
                f"{word} is a source directory, which is not installed but used from its place: "
                f"PYTHONPATH={os.path.join(word, 'src') if os.path.isdir(os.path.join(word, 'src')) else word} python ..."
            )
        else:
            self._require(_requirement(word), "you")

    def _require(self, requirement, asker):
        if requirement.url:
            raise Refusal(
                f"cannot fetch {requirement.url}: {NO_NETWORK}. Name the wheel's path instead"
            )
        name = canonicalize_name(requirement.name)
        chosen = self.wheels.get(name)
        if chosen is not None:
            if not requirement.specifier.contains(chosen.version, prereleases=True):
                raise Refusal(
                    f"{asker} asked for {requirement}, and {chosen.label} was chosen for {self._askers(name)}"
                )
            self._wanted.setdefault(name, []).append((requirement, asker))
            self._follow(chosen, requirement.extras)
            return
        self._wanted.setdefault(name, []).append((requirement, asker))
        present = self._present.get(name)
        if present is not None and requirement.specifier.contains(
            present.version, prereleases=True
        ):
            self.satisfied.append(
                f"{requirement} ({present.version} in {installed.location(present)})"
            )
            return
        self._choose(self._newest(name, requirement, asker), requirement.extras)

    def _askers(self, name):
        return ", ".join(sorted({asker for _, asker in self._wanted.get(name, ())})) or "you"

    def _choose(self, wheel, extras):
        other = self.wheels.get(wheel.name)
        if other is not None and other.version != wheel.version:
            raise Refusal(f"both {other.label} and {wheel.label} were asked for")
        for requirement, asker in self._wanted.get(wheel.name, ()):
            if not requirement.specifier.contains(wheel.version, prereleases=True):
                raise Refusal(f"{asker} asked for {requirement}, which {wheel.label} is not")
        self.wheels[wheel.name] = wheel
        self._follow(wheel, extras)

    def _follow(self, wheel, extras):
        """Takes in what a wheel depends on, with the extras that were asked for."""
        if not self._with_dependencies:
            return
        environment = default_environment()
        for extra in {"", *extras}:
            if (wheel.name, extra) in self._extras_followed:
                continue
            self._extras_followed.add((wheel.name, extra))
            for text in wheel.metadata.get_all("Requires-Dist", ()):
                requirement = _requirement(text)
                marker = requirement.marker
                if marker is None or marker.evaluate({**environment, "extra": extra}):
                    if marker is None and extra:
                        continue
                    self._require(requirement, wheel.label)

    def _newest(self, name, requirement, asker):
        here = self._here().get(name, {})
        pure = {version: path for version, path in here.items() if path.endswith("-none-any.whl")}
        fitting = list(requirement.specifier.filter(pure, prereleases=self._prereleases))
        if fitting:
            return Wheel(pure[max(fitting)])
        whose = "" if asker == "you" else f" ({asker} needs it)"
        if pure:
            versions = ", ".join(map(str, sorted(pure)))
            raise Refusal(
                f"no version of {name} fits {requirement}{whose}; the directories have {versions}"
            )
        if here:
            raise Refusal(
                f"{name}{whose} is there with native code only, which this Python cannot load"
            )
        if self._directories:
            raise Refusal(
                f"no wheel of {name}{whose} is in {', '.join(self._directories)}, and {NO_NETWORK}"
            )
        raise Refusal(
            f"cannot fetch {requirement}{whose}: {NO_NETWORK}. With its wheel in a directory here, "
            f"`pip install --find-links DIRECTORY {name}` installs it. Only pure-Python wheels (-none-any.whl) work"
        )

    def _here(self):
        """The paths of the wheels in the given directories, by canonical name and version."""
        if self._available is None:
            self._available = {}
            for directory in self._directories:
                try:
                    files = sorted(os.listdir(directory))
                except OSError as error:
                    raise Refusal(f"cannot list {directory}: {error.strerror}") from None
                for file in files:
                    try:
                        name, version, _, _ = parse_wheel_filename(file)
                    except InvalidWheelFilename:
                        continue
                    versions = self._available.setdefault(name, {})
                    if not versions.get(version, "").endswith("-none-any.whl"):
                        versions[version] = os.path.join(directory, file)
        return self._available

    def check(self):
        """Checks every chosen wheel; raises `Refusal` for the first that cannot be installed."""
        for wheel in self.wheels.values():
            wheel.check(platform.python_version())


def _requirement(text):
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise Refusal(
            f"{text!r} is neither a wheel's path nor a requirement: {str(error).splitlines()[0]}"
        ) from None


def requirements_of(path):
    """The words in a requirements file: one a line, `-r FILE` for another file, comments after ` #`."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().replace("\\\n", " ").splitlines()
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}") from None
    for line in lines:
        line = line.split(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith(("-r ", "--requirement ")):
            yield from requirements_of(
                os.path.join(os.path.dirname(path), line.split(maxsplit=1)[1])
            )
        elif line.startswith("-"):
            raise Refusal(
                f"{path}: {line.split()[0]} is not understood here; give it on the command line"
            )
        else:
            yield line.split(" --")[0].strip()
