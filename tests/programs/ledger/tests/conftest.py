import pytest

from ledger import parse

SAMPLE = """
; a sample
2026-01-03 Employer
    Assets:Bank        2,000.00 EUR
    Income:Salary

2026-01-31 Market  #food #weekly
    Expenses:Food         12.50 EUR
    Assets:Bank

2026-02-02 Landlord
    Expenses:Rent        700.00 EUR
    Assets:Bank
"""


@pytest.fixture
def journal():
    return parse(SAMPLE)


@pytest.fixture
def journal_file(tmp_path):
    path = tmp_path / "sample.journal"
    path.write_text(SAMPLE)
    return path
