// Amounts in whole cents: no amount is ever a floating-point number.
import { inspect } from "node:util";

export class Money {
  #cents;

  constructor(cents, currency) {
    if (typeof cents !== "bigint") throw new TypeError("cents are a bigint");
    this.#cents = cents;
    this.currency = currency;
    Object.freeze(this);
  }

  static zero(currency) {
    return new Money(0n, currency);
  }

  static parse(text, currency) {
    const found = /^(-?)(\d[\d,]*)(?:\.(\d{1,2}))?$/.exec(text);
    if (!found) throw new RangeError(`not an amount: ${text}`);
    const [, sign, whole, fraction = ""] = found;
    const cents = BigInt(whole.replaceAll(",", "")) * 100n + BigInt(fraction.padEnd(2, "0"));
    return new Money(sign ? -cents : cents, currency);
  }

  plus(other) {
    if (other.currency !== this.currency) throw new RangeError(`${this.currency} and ${other.currency} do not add`);
    return new Money(this.#cents + other.#cents, this.currency);
  }

  negated() {
    return new Money(-this.#cents, this.currency);
  }

  /** Shares without a cent lost: the first shares are a cent larger. */
  split(count) {
    const [share, rest] = [this.#cents / BigInt(count), this.#cents % BigInt(count)];
    return Array.from({ length: count }, (_, index) => new Money(share + (BigInt(index) < rest ? 1n : 0n), this.currency));
  }

  get isZero() {
    return this.#cents === 0n;
  }

  toString() {
    const size = this.#cents < 0n ? -this.#cents : this.#cents;
    const whole = (size / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    return `${this.#cents < 0n ? "-" : ""}${whole}.${`${size % 100n}`.padStart(2, "0")} ${this.currency}`;
  }

  [inspect.custom]() {
    return `Money<${this}>`;
  }
}
