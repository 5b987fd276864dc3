// console.
(function ({ host, part }) {
  class Console {
    #out;
    #error;
    #margin = "";
    #counts = new Map();
    #times = new Map();
    #step;
    constructor(out, error, step = 2) {
      if (out && typeof out === "object" && "stdout" in out) [out, error] = [out.stdout, out.stderr];
      this.#out = typeof out === "number" ? out : (text) => out.write(text);
      this.#error = typeof error === "number" ? error : (text) => (error ?? out).write(text);
      this.#step = step;
      // Node's methods work without their object.
      for (let proto = Console.prototype; proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
        for (const name of Object.getOwnPropertyNames(proto)) {
          if (name !== "constructor") Object.defineProperty(this, name, { value: this[name].bind(this), writable: true, configurable: true, enumerable: true });
        }
      }
    }
    #write(target, args) {
      let text = args.length === 1 && typeof args[0] === "string" ? args[0] : part("inspect").formatWithOptions({}, ...args);
      if (this.#margin !== "") text = this.#margin + text.replaceAll("\n", `\n${this.#margin}`);
      if (!text.isWellFormed()) text = text.toWellFormed();
      if (typeof target === "number") host.write(target, `${text}\n`);
      else target(`${text}\n`);
    }
    log(...args) {
      this.#write(this.#out, args);
    }
    info(...args) {
      this.#write(this.#out, args);
    }
    debug(...args) {
      this.#write(this.#out, args);
    }
    error(...args) {
      this.#write(this.#error, args);
    }
    warn(...args) {
      this.#write(this.#error, args);
    }
    trace(...args) {
      const text = args.length > 0 ? `: ${part("inspect").format(...args)}` : "";
      const stack = new Error().stack.split("\n").slice(1).join("\n");
      this.#write(this.#error, [`Trace${text}\n${stack}`]);
    }
    dir(value, options) {
      this.#write(this.#out, [part("inspect").inspect(value, { customInspect: false, ...options })]);
    }
    dirxml(...args) {
      this.#write(this.#out, args);
    }
    assert(condition, ...args) {
      if (condition) return;
      args[0] = args.length > 0 ? `Assertion failed: ${String(args[0])}` : "Assertion failed";
      this.#write(this.#error, args);
    }
    group(...args) {
      if (args.length > 0) this.log(...args);
      this.#margin += " ".repeat(this.#step);
    }
    groupCollapsed(...args) {
      this.group(...args);
    }
    groupEnd() {
      this.#margin = this.#margin.slice(this.#step);
    }
    count(label = "default") {
      label = `${label}`;
      const count = (this.#counts.get(label) ?? 0) + 1;
      this.#counts.set(label, count);
      this.log(`${label}: ${count}`);
    }
    countReset(label = "default") {
      if (!this.#counts.delete(`${label}`)) part("process").emitWarning(`Count for '${label}' does not exist`);
    }
    time(label = "default") {
      label = `${label}`;
      if (this.#times.has(label)) part("process").emitWarning(`Label '${label}' already exists for console.time()`);
      else this.#times.set(label, host.elapsed());
    }
    #passed(method, label, args) {
      label = `${label}`;
      const start = this.#times.get(label);
      if (start === undefined) return part("process").emitWarning(`No such label '${label}' for console.${method}()`);
      const time = host.elapsed() - start;
      const text = time >= 1000 ? `${(time / 1000).toFixed(3)}s` : `${Number(time.toFixed(3))}ms`;
      this.log(`${label}: ${text}`, ...args);
    }
    timeEnd(label = "default") {
      this.#passed("timeEnd", label, []);
      this.#times.delete(`${label}`);
    }
    timeLog(label = "default", ...args) {
      this.#passed("timeLog", label, args);
    }
    clear() {}
    table(data, columns) {
      if (data === null || typeof data !== "object") return this.log(data);
      const { inspect, width } = part("inspect");
      const text = (value) => inspect(value, { depth: typeof value === "object" && value !== null && Object.keys(value).length > 2 ? -1 : 0, maxArrayLength: 3, breakLength: Infinity });
      const isMap = data instanceof Map;
      const isList = isMap || data instanceof Set;
      const rows = isMap ? [...data].map(([key, value], index) => [index, value, key]) : data instanceof Set ? [...data].map((value, index) => [index, value]) : Object.keys(data).map((key) => [key, data[key]]);
      const keys = [];
      const cells = rows.map(([index, value, key]) => {
        const row = new Map();
        const isObject = value !== null && typeof value === "object";
        if (isMap) row.set("Key", text(key)), row.set("Values", text(value));
        else if (!isObject || data instanceof Set) row.set("Values", text(value));
        else {
          for (const name of columns ?? Object.keys(value)) {
            if (!keys.includes(name)) keys.push(name);
            if (Object.hasOwn(value, name)) row.set(name, text(value[name]));
          }
        }
        return [`${index}`, row];
      });
      const named = isMap ? ["Key"] : [];
      const last = cells.some(([, row]) => row.has("Values")) && !keys.includes("Values") ? ["Values"] : [];
      const head = [isList ? "(iteration index)" : "(index)", ...named, ...keys, ...last];
      const grid = [head, ...cells.map(([index, row]) => [index, ...head.slice(1).map((key) => row.get(key) ?? "")])];
      const widths = head.map((_, column) => Math.max(...grid.map((row) => width(row[column]))) + 2);
      const rule = (left, middle, right) => left + widths.map((count) => "─".repeat(count)).join(middle) + right;
      const line = (row) =>
        `│${row.map((cell, column) => {
          return ` ${cell}${" ".repeat(widths[column] - width(cell) - 1)}`;
        }).join("│")}│`;
      this.log([rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...grid.slice(1).map(line), rule("└", "┴", "┘")].join("\n"));
    }
  }
  const console = new Console(1, 2);
  Object.defineProperty(console, "Console", { value: Console, enumerable: true, writable: true, configurable: true });
  return console;
})
