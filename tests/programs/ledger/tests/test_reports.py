import datetime
from decimal import Decimal

import pytest

from ledger import reports
from ledger.__main__ import main


def test_an_account_holds_what_its_parts_hold(journal):
    sums = reports.balances(journal.transactions)
    assert sums["Expenses"] == {"EUR": Decimal("712.50")}
    assert sums["Assets:Bank"] == {"EUR": Decimal("1287.50")}


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [(None, None, 3), ("2026-01-31", None, 2), (None, "2026-01-31", 2), ("2027-01-01", None, 0)],
)
def test_transactions_are_chosen_by_date(journal, first, last, count):
    first, last = (day and datetime.date.fromisoformat(day) for day in (first, last))
    assert len(list(journal.between(first, last))) == count


def test_tags_choose_transactions(journal):
    assert [each.payee for each in journal.tagged("food")] == ["Market"]
    assert journal.accounts()[0] == "Assets:Bank"


def test_months_are_summed(journal_file, capsys):
    assert main(["monthly", str(journal_file)]) == 0
    assert capsys.readouterr().out == "2026-01      12.50\n2026-02     700.00\n"


def test_a_missing_file_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["balance", "gone.journal"]) == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.slow
def test_many_transactions_are_summed(journal):
    for _ in range(500):
        journal.add(journal.transactions[0])
    assert reports.balances(journal.transactions)["Income"] == {"EUR": Decimal(-2000 * 501)}


def test_rows_have_all_columns(journal):
    rows = reports.as_csv(journal.transactions).splitlines()
    assert rows[0] == "date,payee,account,number,commodity"
    assert rows[3] == "2026-01-31,Market,Expenses:Food,12.50,EUR"
    assert len(rows) == 7
