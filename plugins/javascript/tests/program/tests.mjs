// The ledger's tests, run by the program's own runner.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

import { append, Ledger, LedgerError, parse } from "./ledger.mjs";
import { Money } from "./money.mjs";
import { assert, run, test } from "./runner.cjs";
import settings from "./settings.json" with { type: "json" };

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = await mkdtemp(path.join(here, "ledger-"));
const file = path.join(folder, "accounts.txt");

const SAMPLE = `; household
2024-01-01 Opening
  Assets:Bank        1,000.00 EUR
  Equity

2024-01-05 Groceries   ; weekly
  Expenses:Food      54.30 EUR
  Assets:Bank       -54.30 EUR
2024-01-07 Café
  Expenses:Food:Café  4.5 EUR
  Assets:Cash
`;

const ledgerOf = (text) => [...parse(text.split("\n"))].reduce((ledger, one) => ledger.add(one), new Ledger());

test("amounts are exact", () => {
  const sum = Array.from({ length: 10 }, () => Money.parse("0.1", "EUR")).reduce((one, other) => one.plus(other));
  assert.equal(`${sum}`, "1.00 EUR");
});
test("amounts are written with separators", () => {
  assert.equal(`${Money.parse("-1234567.8", "EUR")}`, "-1,234,567.80 EUR");
});
test("an amount that is none is refused", () => {
  assert.throws(() => Money.parse("1.234", "EUR"), { name: "RangeError", message: "not an amount: 1.234" });
});
test("currencies do not add", () => {
  assert.throws(() => Money.zero("EUR").plus(Money.zero("USD")), /EUR and USD do not add/);
});
test("a split loses no cent", () => {
  assert.deepEqual(Money.parse("10", "EUR").split(3).map(String), ["3.34 EUR", "3.33 EUR", "3.33 EUR"]);
});
test("amounts are inspected as themselves", () => {
  assert.equal(inspect({ sum: Money.parse("1", "EUR") }), "{ sum: Money<1.00 EUR> }");
});
test("an open amount is what is left", () => {
  const [, , cafe] = parse(SAMPLE.split("\n"));
  assert.equal(`${cafe.postings[1].amount}`, "-4.50 EUR");
  assert.equal(cafe.date.toISOString(), "2024-01-07T00:00:00.000Z");
});
test("balances add up along the names", () => {
  const ledger = ledgerOf(SAMPLE);
  assert.equal(`${ledger.balance("Expenses")}`, "58.80 EUR");
  assert.equal(`${ledger.balance("Assets:Bank")}`, "945.70 EUR");
  assert.equal(ledger.size, 3);
});
test("the report is indented and sorted", () => {
  const expected = [
    "Assets                      941.20 EUR",
    "  Bank                      945.70 EUR",
    "  Cash                       -4.50 EUR",
    "Equity                   -1,000.00 EUR",
    "Expenses                     58.80 EUR",
    "  Food                       58.80 EUR",
  ];
  assert.equal(ledgerOf(SAMPLE).report({ depth: 2 }), expected.join("\n"));
});
test("a difference is told with its line", () => {
  const text = "2024-01-01 Wrong\n  A  1 EUR\n  B  -2 EUR\n";
  assert.throws(() => ledgerOf(text), (error) => error instanceof LedgerError && error.line === 1 && /differ by -1.00 EUR/.test(error.message));
});
test("a line that cannot be read is told", () => {
  assert.throws(() => ledgerOf("what?"), { message: 'line 1: cannot read "what?"' });
});
test("listeners hear of each transaction", () => {
  const heard = [];
  const ledger = new Ledger().on("transaction", ({ text }) => heard.push(text));
  for (const transaction of parse(SAMPLE.split("\n"))) ledger.add(transaction);
  assert.deepEqual(heard, ["Opening", "Groceries", "Café"]);
});
test("a ledger is appended to and read again", async () => {
  await append(file, { date: "2024-02-01", text: "Rent", postings: [["Expenses:Rent", "700.00 EUR"], ["Assets:Bank"]] });
  await append(file, { date: "2024-02-02", text: "Pay", postings: [["Assets:Bank", "2000.00 EUR"], ["Income"]] });
  const ledger = await Ledger.read(file);
  assert.deepEqual(JSON.parse(JSON.stringify(ledger)), {
    Assets: "1,300.00 EUR", "Assets:Bank": "1,300.00 EUR", Expenses: "700.00 EUR", "Expenses:Rent": "700.00 EUR", Income: "-2,000.00 EUR",
  });
  assert.match(await readFile(file, "utf8"), /^; a ledger\n\n2024-02-01 Rent\n/);
});
test("reading by lines gives the same", async () => {
  const [whole, lines] = await Promise.all([Ledger.read(file), Ledger.stream(file)]);
  assert.deepEqual(whole.toJSON(), lines.toJSON());
});
test("a missing ledger is told with its cause", async () => {
  await assert.rejects(Ledger.read(path.join(folder, "gone")), (error) => error.name === "LedgerError" && error.cause.code === "ENOENT");
});
test("ten thousand transactions", async () => {
  const text = Array.from({ length: settings.many }, (_, index) => `2024-03-01 No. ${index}\n  Expenses:Much  1.01 EUR\n  Assets\n`).join("\n");
  await writeFile(file, text);
  const ledger = await Ledger.read(file);
  assert.equal(`${ledger.balance("Expenses:Much")}`, "10,100.00 EUR");
});

await run();
await rm(folder, { recursive: true });
