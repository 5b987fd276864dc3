"""Where a user's packages are: the site directory of PEP 370, below `$HOME`.

In an agent's run `$HOME` is the workspace, so what one call installs is there for the next. Where
nobody set it, the directory in which the interpreter was started takes its place.
"""

import os
import site
import sys

#: Below the user's base directory, the layout of CPython's scheme `posix_user`.
_BELOW_BASE = f"/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def base():
    """The user's base directory: `$PYTHONUSERBASE`, or `.local` in the home directory."""
    chosen = os.environ.get("PYTHONUSERBASE")
    return chosen or f"{os.environ.get('HOME') or os.getcwd()}/.local"


def entries(is_wanted):
    """The entries of `sys.path` for the user's packages.

    Whether the directory is there is not asked: that would cost every run a look-up, and a missing
    one does no harm.
    """
    if not is_wanted or os.environ.get("PYTHONNOUSERSITE"):
        return []
    return [base() + _BELOW_BASE]


def install():
    """Makes `site.getuserbase` and `site.getusersitepackages` answer, when they are asked."""
    site._getuserbase = base
    site._get_path = lambda directory: directory + _BELOW_BASE
    site.USER_BASE = site.USER_SITE = None
    site.ENABLE_USER_SITE = True
