"""Reads a CSV file of sales and writes a report: totals by region, the monthly course, what stands out.

usage: python report.py SALES.csv REPORT.md
"""

import csv
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Sale:
    day: date
    region: str
    units: int
    price: Decimal

    @property
    def total(self):
        return self.units * self.price


def read(path):
    """The sales in a file, and the numbers of the lines that are none."""
    sales, skipped = [], []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                day = date.fromisoformat(row["day"])
                sales.append(
                    Sale(day, row["region"].strip(), int(row["units"]), Decimal(row["price"]))
                )
            except (ValueError, ArithmeticError):
                skipped.append(number)
    return sales, skipped


def by(sales, key):
    """Totals by whatever `key` gives."""
    sums = defaultdict(Decimal)
    for sale in sales:
        sums[key(sale)] += sale.total
    return dict(sorted(sums.items()))


def outliers(sales):
    """Sales more than two standard deviations above the mean."""
    totals = [float(sale.total) for sale in sales]
    bound = statistics.mean(totals) + 2 * statistics.stdev(totals)
    return [sale for sale in sales if sale.total > bound]


def trend(months):
    """The slope of a straight line through the months' totals."""
    line = statistics.linear_regression(
        range(len(months)), [float(total) for total in months.values()]
    )
    return line.slope


def report(sales, skipped):
    regions, months = (
        by(sales, lambda sale: sale.region),
        by(sales, lambda sale: f"{sale.day:%Y-%m}"),
    )
    lines = [f"# Sales: {len(sales)} rows", "", "| region | total | share |", "|---|---:|---:|"]
    whole = sum(regions.values())
    lines += [
        f"| {region} | {total:,.2f} | {total / whole:.1%} |" for region, total in regions.items()
    ]
    lines += [
        "",
        f"Median sale {statistics.median(sale.total for sale in sales):.2f}, trend {trend(months):+.2f} a month.",
    ]
    lines += [f"Stands out: {sale.day} {sale.region} {sale.total:,.2f}" for sale in outliers(sales)]
    if skipped:
        lines.append(f"Skipped lines: {', '.join(map(str, skipped))}")
    return "\n".join(lines) + "\n"


def main():
    source, target = map(Path, sys.argv[1:])
    sales, skipped = read(source)
    if not sales:
        sys.exit(f"{source}: no sales")
    target.write_text(report(sales, skipped), encoding="utf-8")
    print(f"{len(sales)} sales, {len(skipped)} lines skipped")


if __name__ == "__main__":
    main()
