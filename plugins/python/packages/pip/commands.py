"""The command line of `pip`: its verbs, and what it says of verbs that need a network."""

import argparse
import json
import os
import site
import sys

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from . import __version__, installed
from .plan import Plan, requirements_of
from .refusal import NO_NETWORK, Refusal

_NEED_NETWORK = frozenset(
    "download index search wheel lock config cache hash debug inspect".split()
)

#: Options of pip that change nothing here, with the number of their values.
_WITHOUT_EFFECT = {
    "--disable-pip-version-check": 0, "--no-cache-dir": 0, "--break-system-packages": 0, "--no-input": 0,
    "--no-warn-script-location": 0, "--prefer-binary": 0, "--no-color": 0, "--no-build-isolation": 0,
    "--no-compile": 0, "--root-user-action": 1, "--progress-bar": 1, "--only-binary": 1, "--timeout": 1, "--retries": 1,
}  # fmt: skip


def main(arguments):
    """Runs one command line; returns its exit status."""
    try:
        options = _parser().parse_args(arguments)
        return options.action(options) or 0
    except Refusal as refusal:
        print(f"ERROR: {refusal}.", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="pip",
        description="Installs pure-Python wheels from local directories. There is no network.",
    )
    where = os.path.dirname(__file__)
    version = (
        f"pip {__version__} from {where} (python {sys.version_info.major}.{sys.version_info.minor})"
    )
    parser.add_argument("-V", "--version", action="version", version=f"{version}, for local wheels")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-q", "--quiet", action="count", default=0, help="say less")
    common.add_argument("-v", "--verbose", action="count", default=0, help=argparse.SUPPRESS)
    for option, values in _WITHOUT_EFFECT.items():
        action = {"action": "store_true"} if values == 0 else {}
        common.add_argument(option, help=argparse.SUPPRESS, **action)
    parser.set_defaults(action=lambda _: parser.print_help())
    verbs = parser.add_subparsers(metavar="VERB")
    for verb, add in _VERBS.items():
        add(verbs.add_parser(verb, parents=[common], help=add.__doc__, description=add.__doc__))
    for verb in _NEED_NETWORK:
        refused = verbs.add_parser(verb, add_help=False, prefix_chars="\0")
        refused.add_argument("rest", nargs="*")
        refused.set_defaults(action=_refuse_verb(verb))
    return parser


def _refuse_verb(verb):
    def refuse(_):
        raise Refusal(
            f"`pip {verb}` is not available: {NO_NETWORK}, and this pip only installs wheels that are here"
        )

    return refuse


def _install_options(parser):
    """install pure-Python wheels"""
    parser.add_argument("words", nargs="*", metavar="WHEEL|REQUIREMENT")
    parser.add_argument(
        "-r",
        "--requirement",
        action="append",
        default=[],
        metavar="FILE",
        help="take requirements from a file",
    )
    parser.add_argument(
        "-f",
        "--find-links",
        action="append",
        default=[],
        metavar="DIR",
        help="look for wheels in this directory",
    )
    parser.add_argument(
        "-t", "--target", metavar="DIR", help="install into DIR; name it in PYTHONPATH"
    )
    parser.add_argument("-U", "--upgrade", action="store_true", help="replace an older version")
    parser.add_argument(
        "--force-reinstall", action="store_true", help="install also what is installed already"
    )
    parser.add_argument("--no-deps", action="store_true", help="leave out what packages depend on")
    parser.add_argument("--pre", action="store_true", help="take pre-releases too")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be installed")
    parser.add_argument(
        "--user", action="store_true", help="into the user's site directory: so it is always"
    )
    parser.add_argument(
        "--no-index", action="store_true", help="without a package index: so it is always"
    )
    parser.add_argument("-e", "--editable", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("-i", "--index-url", help=argparse.SUPPRESS)
    parser.add_argument("--extra-index-url", action="append", help=argparse.SUPPRESS)
    parser.set_defaults(action=_install)


def _install(options):
    if options.editable:
        raise Refusal(
            f"editable installs are not available; use the sources in place: PYTHONPATH={options.editable[0]} python ..."
        )
    if options.index_url or options.extra_index_url:
        raise Refusal(
            f"a package index cannot be asked: {NO_NETWORK}. `--find-links DIR` names a directory of wheels"
        )
    words = [
        *options.words,
        *(word for file in options.requirement for word in requirements_of(file)),
    ]
    if not words:
        raise Refusal(
            "nothing to install: name a wheel (`pip install ./NAME.whl`), or use --find-links DIR"
        )
    directory, base = _destination(options)
    old = installed.of_user(directory)
    present = {} if options.target else installed.everything()
    if options.force_reinstall:
        present = {}
    elif options.upgrade and options.find_links:
        present = {name: found for name, found in present.items() if name not in old}
    plan = Plan(
        options.find_links,
        present,
        with_dependencies=not options.no_deps,
        allow_prereleases=options.pre,
    )
    for word in words:
        plan.add(word)
    plan.check()
    say = (lambda *_: None) if options.quiet else print
    for satisfied in plan.satisfied:
        say(f"Requirement already satisfied: {satisfied}")
    if options.dry_run:
        say("Would install " + " ".join(wheel.label for wheel in plan.wheels.values()))
        return
    done = []
    for wheel in plan.wheels.values():
        before = old.get(wheel.name)
        if (
            before is not None
            and str(wheel.version) == before.version
            and not options.force_reinstall
            and not options.upgrade
        ):
            say(f"{wheel.label} is installed already; --force-reinstall installs it again")
            continue
        if before is not None:
            installed.remove(before, base)
        _warn_of_scripts(wheel.unpack(directory, base), base, say)
        done.append(wheel.label)
    if done:
        say("Successfully installed " + " ".join(done))
    if done and not options.target:
        for sentence in _broken():
            print(f"WARNING: {sentence}", file=sys.stderr)


def _destination(options):
    """Where packages go, and the directory above their scripts."""
    if options.target:
        directory = os.path.abspath(options.target)
        return directory, directory
    return site.getusersitepackages(), installed.base()


def _warn_of_scripts(scripts, base, say):
    for script in scripts:
        say(f"The script {script} was installed; run it as {os.path.join(base, 'bin', script)}")


def _uninstall_options(parser):
    """remove packages that pip installed"""
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.set_defaults(action=_uninstall)


def _uninstall(options):
    for name in options.names:
        key = canonicalize_name(name)
        found = installed.of_user().get(key)
        if found is None and key in installed.everything():
            raise Refusal(f"{name} is a part of this Python and cannot be removed")
        if found is None:
            print(f"WARNING: Skipping {name} as it is not installed.", file=sys.stderr)
            continue
        label = f"{found.metadata['Name']}-{found.version}"
        if not options.yes and not _confirmed(label):
            continue
        installed.remove(found, installed.base())
        if not options.quiet:
            print(f"Successfully uninstalled {label}")


def _confirmed(label):
    try:
        return input(f"Uninstall {label} (Y/n)? ").strip().lower() in ("", "y", "yes")
    except EOFError:
        raise Refusal(f"nobody can be asked whether to remove {label}: pass --yes") from None


def _list_options(parser):
    """list the installed packages"""
    parser.add_argument("--format", choices=["columns", "freeze", "json"], default="columns")
    parser.add_argument("--user", action="store_true", help="only those that pip installed")
    parser.set_defaults(action=_list)


def _list(options):
    found = installed.of_user() if options.user else installed.everything()
    rows = sorted((each.metadata["Name"], each.version) for each in found.values())
    match options.format:
        case "json":
            print(json.dumps([{"name": name, "version": version} for name, version in rows]))
        case "freeze":
            for name, version in rows:
                print(f"{name}=={version}")
        case _:
            rows = [("Package", "Version"), *rows]
            widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
            rows.insert(1, ("-" * widths[0], "-" * widths[1]))
            for name, version in rows:
                print(f"{name:{widths[0]}} {version}")


def _freeze_options(parser):
    """list the packages that pip installed, as requirements"""
    parser.set_defaults(action=lambda _: _list(argparse.Namespace(user=True, format="freeze")))


def _show_options(parser):
    """tell about installed packages"""
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("-f", "--files", action="store_true", help="list the files too")
    parser.set_defaults(action=_show)


def _show(options):
    everything = installed.everything()
    missing = [name for name in options.names if canonicalize_name(name) not in everything]
    shown = [name for name in options.names if name not in missing]
    for position, name in enumerate(shown):
        if position:
            print("---")
        _show_one(everything[canonicalize_name(name)], everything, options.files)
    if missing:
        print(f"WARNING: Package(s) not found: {', '.join(missing)}", file=sys.stderr)
    return 0 if shown else 1


def _show_one(distribution, everything, with_files):
    metadata = distribution.metadata
    own = canonicalize_name(metadata["Name"])
    for key in ("Name", "Version", "Summary", "Home-page", "Author", "License"):
        print(f"{key}: {metadata.get(key) or ''}")
    print(f"Location: {installed.location(distribution)}")
    print(f"Requires: {', '.join(_requirements(distribution))}")
    askers = (each.metadata["Name"] for each in everything.values() if own in _requirements(each))
    print(f"Required-by: {', '.join(sorted(askers))}")
    if with_files:
        print("Files:", *installed.files(distribution), sep="\n  ")


def _requirements(distribution):
    """The canonical names of what a distribution needs here, extras aside."""
    requirements = map(Requirement, distribution.requires or ())
    needed = (
        each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})
    )
    return sorted({canonicalize_name(each.name) for each in needed})


def _check_options(parser):
    """check that installed packages have what they need"""
    parser.set_defaults(action=_check)


def _check(_):
    broken = list(_broken())
    print(*broken or ["No broken requirements found."], sep="\n")
    return int(bool(broken))


def _broken():
    """A sentence for each requirement of an installed package that no installed package fulfils."""
    everything = installed.everything()
    for distribution in everything.values():
        for requirement in map(Requirement, distribution.requires or ()):
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            found = everything.get(canonicalize_name(requirement.name))
            if found is None or not requirement.specifier.contains(found.version, prereleases=True):
                has = f"and {found.version} is installed" if found else "which is not installed"
                yield f"{distribution.metadata['Name']} {distribution.version} needs {requirement}, {has}."


_VERBS = {
    "install": _install_options,
    "uninstall": _uninstall_options,
    "list": _list_options,
    "freeze": _freeze_options,
    "show": _show_options,
    "check": _check_options,
}
