import datetime
import unittest
from decimal import Decimal

from ledger import ParseError, parse
from ledger.money import Amount, MixedCommodities


class Amounts(unittest.TestCase):
    def test_thousands_and_signs_are_read(self):
        self.assertEqual(Amount.parse("-1,234.50 EUR"), Amount("EUR", Decimal("-1234.50")))
        self.assertEqual(str(Amount("EUR", Decimal("1234.5"))), "1,234.50 EUR")

    def test_what_is_no_amount_is_refused(self):
        for text in ("", "12", "EUR", "1.2.3 EUR", "12 euro"):
            with self.subTest(text), self.assertRaises(ValueError):
                Amount.parse(text)

    def test_commodities_do_not_mix(self):
        with self.assertRaisesRegex(MixedCommodities, "EUR and USD"):
            Amount.parse("1 EUR") + Amount.parse("1 USD")


class Journals(unittest.TestCase):
    def test_an_open_posting_gets_what_is_missing(self):
        journal = parse("2026-01-31 Market #food\n    Expenses:Food  12.50 EUR\n    Assets:Cash\n")
        (transaction,) = journal.transactions
        self.assertEqual(transaction.date, datetime.date(2026, 1, 31))
        self.assertEqual(transaction.postings[1].amount, Amount("EUR", Decimal("-12.50")))
        self.assertEqual(transaction.tags, {"food"})

    def test_transactions_are_sorted_by_date(self):
        text = "".join(f"2026-01-{day:02} P\n  A  1 EUR\n  B\n\n" for day in (3, 1, 2))
        self.assertEqual([each.date.day for each in parse(text).transactions], [1, 2, 3])

    def test_an_error_names_its_line(self):
        for text, line, reason in (
            ("2026-01-01 P\n  A  1 EUR\n  B  1 EUR\n", 1, "off by 2 EUR"),
            ("\n\nnonsense\n", 3, "expected a date"),
            ("2026-01-01 P\n  A  many EUR\n", 2, "not an amount"),
            ("2026-01-01 P\n  A\n  B\n", 3, "only one posting"),
            ("2026-13-01 P\n  A\n", 1, "month must be in 1..12"),
        ):
            with self.subTest(reason):
                with self.assertRaisesRegex(ParseError, reason) as caught:
                    parse(text)
                self.assertEqual(caught.exception.line, line)


if __name__ == "__main__":
    unittest.main()
