"""Amounts of money: a decimal number and a commodity."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_AMOUNT = re.compile(r"(?P<number>[-+]?[\d,]*\.?\d+)\s*(?P<commodity>[A-Z]{3})")


class MixedCommodities(ValueError):
    """Amounts of two commodities were added."""


@dataclass(frozen=True, order=True)
class Amount:
    """So much of one commodity."""

    commodity: str
    number: Decimal

    @classmethod
    def parse(cls, text):
        """Reads `1,234.50 EUR`; raises ValueError."""
        match = _AMOUNT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not an amount: {text!r}")
        try:
            number = Decimal(match["number"].replace(",", ""))
        except InvalidOperation:
            raise ValueError(f"not a number: {match['number']!r}") from None
        return cls(match["commodity"], number)

    def __add__(self, other):
        if self.commodity != other.commodity:
            raise MixedCommodities(f"{self.commodity} and {other.commodity}")
        return Amount(self.commodity, self.number + other.number)

    def __neg__(self):
        return Amount(self.commodity, -self.number)

    def __bool__(self):
        return bool(self.number)

    def __str__(self):
        return f"{self.number:,.2f} {self.commodity}"
