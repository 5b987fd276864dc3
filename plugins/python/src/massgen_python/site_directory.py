"""Where a user's packages are: the site directory of PEP 370, below `$HOME`.

In an agent's run `$HOME` is the workspace, so what one call installs is there for the next. Where
nobody set it, the directory in which the interpreter was started takes its place.
"""

import os
import site
import sys

#: Below the user's base directory, the layout of CPython's scheme `posix_user`.
_BELOW_BASE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def base():
    """The user's base directory: `$PYTHONUSERBASE`, or `.local` in the home directory."""
    chosen = os.environ.get("PYTHONUSERBASE")
    return chosen or os.path.join(os.environ.get("HOME") or os.getcwd(), ".local")


def existing(is_wanted):
    """The user's site directory if it is wanted and there, as entries for `sys.path`."""
    directory = os.path.join(base(), _BELOW_BASE)
    site.ENABLE_USER_SITE = is_wanted and not os.environ.get("PYTHONNOUSERSITE")
    site.USER_BASE, site.USER_SITE = base(), directory
    return [directory] if site.ENABLE_USER_SITE and os.path.isdir(directory) else []
