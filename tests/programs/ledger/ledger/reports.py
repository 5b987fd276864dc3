"""Sums over a journal, as numbers and as text."""

import csv
import io
from collections import defaultdict
from decimal import Decimal


def balances(transactions):
    """Sums by account and commodity; an account holds what its sub-accounts hold."""
    sums = defaultdict(lambda: defaultdict(Decimal))
    for transaction in transactions:
        for posting in transaction.postings:
            for account in posting.parts:
                sums[account][posting.amount.commodity] += posting.amount.number
    return {account: dict(by_commodity) for account, by_commodity in sorted(sums.items())}


def monthly(transactions, account):
    """What went to an account in each month: `{"2026-01": Decimal}`; of one commodity."""
    months = defaultdict(Decimal)
    for transaction in transactions:
        for posting in transaction.postings:
            if account in posting.parts:
                months[transaction.date.strftime("%Y-%m")] += posting.amount.number
    return dict(sorted(months.items()))


def tree(sums):
    """The balances as indented text."""
    lines = []
    for account, by_commodity in sums.items():
        depth = account.count(":")
        amounts = ", ".join(
            f"{number:,.2f} {name}" for name, number in sorted(by_commodity.items()) if number
        )
        lines.append(
            f"{'  ' * depth}{account.rpartition(':')[2]:<{24 - 2 * depth}}{amounts or '0':>20}"
        )
    return "\n".join(lines)


def as_csv(transactions):
    """One row a posting."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["date", "payee", "account", "number", "commodity"])
    for transaction in transactions:
        for posting in transaction.postings:
            amount = posting.amount
            rows.writerow(
                [
                    transaction.date,
                    transaction.payee,
                    posting.account,
                    amount.number,
                    amount.commodity,
                ]
            )
    return text.getvalue()
