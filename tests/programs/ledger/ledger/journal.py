"""What a ledger is made of: postings, transactions, and the journal that holds them in order."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from .money import Amount


@dataclass(frozen=True)
class Posting:
    """An amount that goes to an account."""

    account: str
    amount: Amount

    @property
    def parts(self):
        """The account's name and the names of the accounts above it, from the top."""
        names = self.account.split(":")
        return [":".join(names[: depth + 1]) for depth in range(len(names))]


@dataclass(frozen=True)
class Transaction:
    """Postings of one day that sum up to nothing."""

    date: datetime.date
    payee: str
    postings: tuple[Posting, ...]
    tags: frozenset[str] = frozenset()

    def imbalance(self):
        """What is missing, by commodity; empty where the transaction balances."""
        sums = defaultdict(Decimal)
        for posting in self.postings:
            sums[posting.amount.commodity] += posting.amount.number
        return {commodity: number for commodity, number in sums.items() if number}


@dataclass
class Journal:
    """Transactions in the order of their dates."""

    transactions: list[Transaction] = field(default_factory=list)

    def add(self, transaction):
        """Takes a transaction in; raises ValueError if it does not balance."""
        missing = transaction.imbalance()
        if missing:
            text = ", ".join(
                f"{number} {commodity}" for commodity, number in sorted(missing.items())
            )
            raise ValueError(f"{transaction.date} {transaction.payee}: off by {text}")
        position = len(self.transactions)
        while position and self.transactions[position - 1].date > transaction.date:
            position -= 1
        self.transactions.insert(position, transaction)

    def between(self, first=None, last=None):
        """The transactions from `first` to `last`, both included."""
        for transaction in self.transactions:
            if (first is None or transaction.date >= first) and (
                last is None or transaction.date <= last
            ):
                yield transaction

    def tagged(self, tag):
        """The transactions with a tag."""
        return [transaction for transaction in self.transactions if tag in transaction.tags]

    def accounts(self):
        """All accounts that were posted to, sorted."""
        return sorted({posting.account for each in self.transactions for posting in each.postings})
