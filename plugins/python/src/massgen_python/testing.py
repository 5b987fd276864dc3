"""What pytest needs to be told about this Python.

Standard streams are captured where Python writes them, since descriptors cannot be duplicated. The
cache goes to the temporary directory: in a workspace it would become part of an answer. And parent
directories are asked for the names they have before they are asked for a file by name, which
outside of what was granted would be a refusal in the report.
"""

import os
import tempfile
from pathlib import Path, PosixPath

import _pytest.cacheprovider
import _pytest.capture
import _pytest.config
import _pytest.config.findpaths as findpaths


class ListedPath(PosixPath):
    """A path that is a file only if its directory's listing has it."""

    def is_file(self, *, follow_symlinks=True):
        """True where the listing names it and it is a file."""
        try:
            return self.name in os.listdir(self.parent) and super().is_file()
        except OSError:
            return False


def install():
    """Adapts pytest."""
    capture = _pytest.capture
    capture.FDCapture, capture.FDCaptureBinary = capture.SysCapture, capture.SysCaptureBinary
    # It duplicates a descriptor for the signal handlers that this Python has not.
    plugins = _pytest.config.default_plugins
    _pytest.config.default_plugins = tuple(name for name in plugins if name != "faulthandler")

    absolute, ancestor = findpaths.absolutepath, findpaths.get_common_ancestor
    findpaths.absolutepath = lambda path: ListedPath(absolute(path))
    findpaths.get_common_ancestor = lambda *given: ListedPath(ancestor(*given))
    determine = _pytest.config.determine_setup
    _pytest.config.determine_setup = lambda **given: _plain(determine(**given))

    cache = _pytest.cacheprovider.Cache
    usual = cache.cache_dir_from_config
    cache.cache_dir_from_config = staticmethod(
        lambda config, **given: (
            Path(tempfile.gettempdir(), "pytest-cache")
            if config.getini("cache_dir") == ".pytest_cache"
            else usual(config, **given)
        )
    )


def _plain(setup):
    """The result of `determine_setup` with paths of the usual type."""
    root, file, *rest = setup
    return (Path(root), file and Path(file), *rest)
