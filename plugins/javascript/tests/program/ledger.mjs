// A small double-entry ledger: parsing, checking and reporting of plain-text accounts.
import { EventEmitter } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { format } from "node:util";

import { Money } from "./money.mjs";

export class LedgerError extends Error {
  constructor(message, line, options) {
    super(line === undefined ? message : `line ${line}: ${message}`, options);
    this.name = "LedgerError";
    this.line = line;
  }
}

const HEADER = /^(?<date>\d{4}-\d{2}-\d{2})\s+(?<text>.+)$/u;
const POSTING = /^\s+(?<account>[\p{L}:]+)(?:\s+(?<amount>-?[\d.,]+)\s*(?<currency>[A-Z]{3}))?$/u;

/** Turns lines into transactions. */
export function* parse(lines) {
  let current = null;
  let number = 0;
  for (const raw of lines) {
    number++;
    const line = raw.replace(/;.*$/, "").trimEnd();
    if (line === "") {
      if (current) yield finish(current);
      current = null;
      continue;
    }
    const header = HEADER.exec(line);
    if (header) {
      if (current) yield finish(current);
      current = { ...header.groups, line: number, postings: [] };
      continue;
    }
    const posting = POSTING.exec(line);
    if (!posting) throw new LedgerError(`cannot read ${JSON.stringify(line)}`, number);
    if (!current) throw new LedgerError("a posting without a transaction", number);
    const { account, amount, currency } = posting.groups;
    current.postings.push({ account, amount: amount ? Money.parse(amount, currency) : null });
  }
  if (current) yield finish(current);
}

function finish(transaction) {
  const open = transaction.postings.filter(({ amount }) => amount === null);
  if (transaction.postings.length < 2) throw new LedgerError("at least two postings are needed", transaction.line);
  if (open.length > 1) throw new LedgerError("only one amount may be left out", transaction.line);
  const sums = new Map();
  for (const { amount } of transaction.postings) {
    if (amount) sums.set(amount.currency, (sums.get(amount.currency) ?? Money.zero(amount.currency)).plus(amount));
  }
  if (open.length === 1) {
    const [sum, ...others] = sums.values();
    if (others.length > 0) throw new LedgerError("an amount cannot be left out of two currencies", transaction.line);
    open[0].amount = sum.negated();
  } else {
    for (const sum of sums.values()) {
      if (!sum.isZero) throw new LedgerError(`the postings differ by ${sum}`, transaction.line);
    }
  }
  return Object.freeze({ ...transaction, date: new Date(`${transaction.date}T00:00:00Z`) });
}

/** Balances of accounts, kept up to date as transactions arrive. */
export class Ledger extends EventEmitter {
  #balances = new Map();
  #count = 0;

  add(transaction) {
    for (const { account, amount } of transaction.postings) {
      const accounts = account.split(":");
      for (let depth = 1; depth <= accounts.length; depth++) {
        const name = accounts.slice(0, depth).join(":");
        const known = this.#balances.get(name) ?? Money.zero(amount.currency);
        this.#balances.set(name, known.plus(amount));
      }
    }
    this.#count++;
    this.emit("transaction", transaction);
    return this;
  }

  get size() {
    return this.#count;
  }

  balance(account) {
    return this.#balances.get(account) ?? Money.zero("EUR");
  }

  *accounts() {
    yield* [...this.#balances.keys()].sort((one, other) => one.localeCompare(other));
  }

  report({ depth = Infinity } = {}) {
    const rows = [];
    for (const name of this.accounts()) {
      const level = name.split(":").length;
      if (level > depth) continue;
      rows.push(format("%s%s", "  ".repeat(level - 1), name.split(":").at(-1)).padEnd(24) + `${this.balance(name)}`.padStart(14));
    }
    return rows.join("\n");
  }

  toJSON() {
    return Object.fromEntries([...this.accounts()].map((name) => [name, `${this.balance(name)}`]));
  }

  static async read(path) {
    const text = await readFile(path, "utf8").catch((cause) => {
      throw new LedgerError(`there is no ledger ${path}`, undefined, { cause });
    });
    const ledger = new Ledger();
    for (const transaction of parse(text.split("\n"))) ledger.add(transaction);
    return ledger;
  }

  /** As `read`, line by line: for files that are long. */
  static async stream(path) {
    const lines = [];
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) lines.push(line);
    const ledger = new Ledger();
    for (const transaction of parse(lines)) ledger.add(transaction);
    return ledger;
  }
}

export async function append(path, { date, text, postings }) {
  const lines = [`${date} ${text}`, ...postings.map(([account, amount]) => `  ${account.padEnd(20)} ${amount ?? ""}`.trimEnd())];
  if (!existsSync(path)) await writeFile(path, "; a ledger\n");
  await appendFile(path, `\n${lines.join("\n")}\n`);
}
