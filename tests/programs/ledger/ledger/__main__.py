"""`python -m ledger balance|monthly|csv FILE`."""

import argparse
import datetime
import sys
from pathlib import Path

from . import ParseError, parse, reports


def main(arguments=None):
    """Runs one command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="ledger")
    parser.add_argument("command", choices=["balance", "monthly", "csv"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--account", default="Expenses")
    parser.add_argument("--from", dest="first", type=datetime.date.fromisoformat)
    parser.add_argument("--to", dest="last", type=datetime.date.fromisoformat)
    options = parser.parse_args(arguments)
    try:
        journal = parse(options.file.read_text(encoding="utf-8"))
    except (OSError, ParseError) as error:
        print(f"ledger: {error}", file=sys.stderr)
        return 1
    chosen = list(journal.between(options.first, options.last))
    match options.command:
        case "balance":
            print(reports.tree(reports.balances(chosen)))
        case "monthly":
            for month, number in reports.monthly(chosen, options.account).items():
                print(f"{month} {number:>10.2f}")
        case "csv":
            print(reports.as_csv(chosen), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
