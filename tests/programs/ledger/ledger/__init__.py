"""A plain-text double-entry ledger: a journal is parsed, checked, and summed up in reports."""

from .journal import Journal, Posting, Transaction
from .parser import ParseError, parse

__all__ = ["Journal", "ParseError", "Posting", "Transaction", "parse"]
