"""Which modules are imported while the component is built.

Everything that imports without harm is: what is in the snapshot costs a program nothing. Named
here are only the exceptions, with the reason for each.
"""

from .library import PACKAGES as PACKAGES_DIRECTORY

#: Importing these prints, opens something or rewires the interpreter.
WITH_EFFECTS = frozenset(
    ["antigravity", "this", "rlcompleter", "readline", "__phello__", "__hello__"]
)

#: Big, and of little use to a program that runs to its end: imported on demand from their source.
ON_DEMAND = frozenset(["pydoc_data", "_pyrepl", "pydoc", "_pydecimal", "_pyio", "_pydatetime"])

#: Beside the standard library: what a test run, an installation or a request imports.
PACKAGES = frozenset(["pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pip", "ssl"])


def names(library):
    """The modules of `library` to import at build time, in a stable order."""
    for name, source in sorted(library.sources.items()):
        top = name.partition(".")[0]
        if source.path.startswith(PACKAGES_DIRECTORY) and top not in PACKAGES:
            continue
        if top in WITH_EFFECTS | ON_DEMAND or top.startswith("_sysconfigdata"):
            continue
        if name.rpartition(".")[2] == "__main__":
            continue
        yield name
