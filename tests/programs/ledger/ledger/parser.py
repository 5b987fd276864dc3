"""Reads journals:

    2026-01-31 Market  #food
        Expenses:Food      12.50 EUR
        Assets:Cash

The last posting may leave its amount out; it gets what is missing.
"""

import datetime
import re

from .journal import Journal, Posting, Transaction
from .money import Amount

_HEADER = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})\s+(?P<payee>[^#]*?)\s*(?P<tags>(#\w+\s*)*)")
_POSTING = re.compile(r"\s+(?P<account>\w+(:\w+)*)(\s{2,}(?P<amount>\S.*))?")


class ParseError(ValueError):
    """A line that is not understood; `line` is its number."""

    def __init__(self, line, reason):
        super().__init__(f"line {line}: {reason}")
        self.line = line


def parse(text):
    """The journal that `text` describes; raises ParseError."""
    journal = Journal()
    for start, lines in _blocks(text):
        try:
            journal.add(_transaction(start, lines))
        except ParseError:
            raise
        except ValueError as error:
            raise ParseError(start, str(error)) from error
    return journal


def _blocks(text):
    """The blocks between empty lines, each with the number of its first line."""
    block, start = [], 0
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.split(";")[0].rstrip()
        if line:
            if not block:
                start = number
            block.append(line)
        elif block:
            yield start, block
            block = []
    if block:
        yield start, block


def _transaction(start, lines):
    header = _HEADER.fullmatch(lines[0])
    if header is None:
        raise ParseError(start, f"expected a date and a payee: {lines[0]!r}")
    postings, open_account = [], None
    for number, line in enumerate(lines[1:], start=start + 1):
        match = _POSTING.fullmatch(line)
        if match is None:
            raise ParseError(number, f"expected an account and an amount: {line!r}")
        if match["amount"]:
            try:
                postings.append(Posting(match["account"], Amount.parse(match["amount"])))
            except ValueError as error:
                raise ParseError(number, str(error)) from error
        elif open_account is not None:
            raise ParseError(number, "only one posting may leave its amount out")
        else:
            open_account = match["account"]
    date = datetime.date.fromisoformat(header["date"])
    tags = frozenset(header["tags"].replace("#", "").split())
    if open_account is not None:
        missing = Transaction(date, header["payee"], tuple(postings)).imbalance()
        postings += [
            Posting(open_account, Amount(name, -number)) for name, number in missing.items()
        ]
    return Transaction(date, header["payee"], tuple(postings), tags)
