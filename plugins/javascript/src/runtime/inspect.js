// util.inspect and util.format: values as Node shows them.
(function ({ host, part }) {
  const custom = Symbol.for("nodejs.util.inspect.custom");
  const DEFAULTS = {
    showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100,
    maxStringLength: 10000, breakLength: 128, compact: 3, sorted: false, getters: false, numericSeparator: false,
  };
  // What an entry belongs to: it decides how the entry's key is written and whether entries are put in columns.
  const OBJECT = 0, ELEMENT = 1, ARRAY = 2;
  const STYLES = {
    special: [36, 39], number: [33, 39], bigint: [33, 39], boolean: [33, 39], undefined: [90, 39], null: [1, 22],
    string: [32, 39], symbol: [32, 39], date: [35, 39], regexp: [31, 39], module: [4, 24], name: undefined,
  };
  const styled = (state, text, kind) => {
    const style = state.colors && STYLES[kind];
    return style ? `\x1b[${style[0]}m${text}\x1b[${style[1]}m` : text;
  };

  const ESCAPES = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\" };
  const quoted = (text) => {
    const quote = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") && !text.includes("${") ? "`" : "'";
    const escaped = text.replace(/[\x00-\x1f\x7f-\x9f\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, (char) => {
      const code = char.charCodeAt(0);
      if (ESCAPES[char]) return ESCAPES[char];
      return code > 0xff ? `\\u${code.toString(16).toUpperCase()}` : `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
    });
    return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
  };

  const number = (value) => (Object.is(value, -0) ? "-0" : `${value}`);
  const primitive = (state, value) => {
    if (typeof value === "string") {
      let tail = "";
      if (value.length > state.maxStringLength) {
        const more = value.length - state.maxStringLength;
        value = value.slice(0, state.maxStringLength);
        tail = `... ${more} more character${more > 1 ? "s" : ""}`;
      }
      if (value.length > 16 && value.length > state.breakLength - state.indentation - 4) {
        const lines = value.split(/(?<=\n)/);
        return lines.map((line) => styled(state, quoted(line), "string")).join(` +\n${" ".repeat(state.indentation + 2)}`) + tail;
      }
      return styled(state, quoted(value), "string") + tail;
    }
    if (typeof value === "number") return styled(state, number(value), "number");
    if (typeof value === "bigint") return styled(state, `${value}n`, "bigint");
    if (typeof value === "symbol") return styled(state, String(value), "symbol");
    if (typeof value === "boolean") return styled(state, `${value}`, "boolean");
    return value === null ? styled(state, "null", "null") : styled(state, "undefined", "undefined");
  };

  // The name of the class of an object, or null if it has no prototype that tells.
  const className = (value) => {
    for (let object = value; object !== null; object = Object.getPrototypeOf(object)) {
      const own = Object.getOwnPropertyDescriptor(object, "constructor");
      if (own !== undefined && typeof own.value === "function" && own.value.name !== "") {
        try {
          if (value instanceof own.value) return own.value.name;
        } catch {
          return own.value.name;
        }
      }
    }
    return null;
  };
  const prefixOf = (name, tag, fallback, size = "") => {
    if (name === null) {
      return tag !== "" && fallback !== tag ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
    }
    return tag !== "" && name !== tag ? `${name}${size} [${tag}] ` : `${name}${size} `;
  };
  const TypedArray = Object.getPrototypeOf(Uint8Array);
  const typedName = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag).get;
  const isA = (method) => (value) => {
    try {
      method.call(value);
      return true;
    } catch {
      return false;
    }
  };
  const isMap = isA(Object.getOwnPropertyDescriptor(Map.prototype, "size").get);
  const isSet = isA(Object.getOwnPropertyDescriptor(Set.prototype, "size").get);
  const isDate = isA(Date.prototype.getTime);
  const isArrayBuffer = isA(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get);
  const isNumberObject = isA(Number.prototype.valueOf);
  const isStringObject = isA(String.prototype.valueOf);
  const isBooleanObject = isA(Boolean.prototype.valueOf);
  const isBigIntObject = isA(BigInt.prototype.valueOf);
  const isSymbolObject = isA(Symbol.prototype.valueOf);
  const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
  const isPlainKind = (value) => tagOf(value) === "Object" && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

  const keysOf = (state, value, isList) => {
    let keys = state.showHidden ? Object.getOwnPropertyNames(value) : Object.keys(value);
    if (isList) keys = keys.filter((key) => !/^(?:0|[1-9]\d*)$/.test(key) && (state.showHidden || key !== "length"));
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (state.showHidden || Object.prototype.propertyIsEnumerable.call(value, symbol)) keys.push(symbol);
    }
    return keys;
  };

  const functionBase = (value, name, tag) => {
    let source = "";
    try {
      source = Function.prototype.toString.call(value);
    } catch {
      // A proxy of a function has no text.
    }
    if (source.startsWith("class") && source.endsWith("}")) {
      const own = Object.hasOwn(value, "name") && value.name ? ` ${value.name}` : " (anonymous)";
      const above = Object.getPrototypeOf(value)?.name;
      return `[class${own}${name !== "Function" && name !== null ? ` [${name}]` : ""}${above ? ` extends ${above}` : name === null ? " extends [null prototype]" : ""}]`;
    }
    const kind = { AsyncFunction: "AsyncFunction", GeneratorFunction: "GeneratorFunction", AsyncGeneratorFunction: "AsyncGeneratorFunction" }[tagOf(value)] ?? "Function";
    let text = `[${kind}${name === null ? " (null prototype)" : ""}`;
    text += value.name === "" ? " (anonymous)" : `: ${value.name}`;
    text += "]";
    if (name !== kind && name !== null && name !== "Function") text += ` ${name}`;
    if (tag !== "" && name !== tag && tag !== kind) text += ` [${tag}]`;
    return text;
  };

  const errorBase = (state, error, name, keys) => {
    let stack = typeof error.stack === "string" && error.stack !== "" ? error.stack : part("errors").headline(error);
    // A name that was set after the error was made is not in its stack.
    const own = error.name;
    if (typeof own === "string" && name !== null && !stack.slice(0, stack.indexOf("\n    at") >>> 0).includes(name) && own !== name && stack.startsWith(own)) {
      stack = name + stack.slice(own.length);
    }
    for (const key of ["name", "message", "stack"]) {
      const index = keys.indexOf(key);
      if (index >= 0 && stack.includes(String(error[key]))) keys.splice(index, 1);
    }
    if ("cause" in error && !keys.includes("cause")) keys.push("cause");
    if (Array.isArray(error.errors) && !keys.includes("errors")) keys.push("errors");
    if (!stack.includes("\n    at")) stack = `[${stack}]`;
    if (state.indentation > 0) stack = stack.replaceAll("\n", `\n${" ".repeat(state.indentation)}`);
    return stack;
  };

  const more = (count) => `... ${count} more item${count > 1 ? "s" : ""}`;
  const indented = (state, columns, work) => {
    state.indentation += columns;
    const result = work();
    state.indentation -= columns;
    return result;
  };
  const listEntries = (state, value, depth) => {
    const entries = [];
    const shown = Math.min(Math.max(0, state.maxArrayLength), value.length);
    let index = 0;
    while (index < value.length && entries.length < shown) {
      if (Object.hasOwn(value, index)) {
        entries.push(property(state, value, depth, String(index), ELEMENT));
        index++;
        continue;
      }
      const start = index;
      while (index < value.length && !Object.hasOwn(value, index)) index++;
      entries.push(styled(state, `<${index - start} empty item${index - start > 1 ? "s" : ""}>`, "undefined"));
    }
    if (index < value.length) entries.push(more(value.length - index));
    return entries;
  };
  const typedEntries = (state, value) => {
    const shown = Math.min(Math.max(0, state.maxArrayLength), value.length);
    const entries = Array.from({ length: shown }, (_, index) => primitive(state, value[index]));
    if (value.length > shown) entries.push(more(value.length - shown));
    return entries;
  };
  const limited = (state, items, size, show) => {
    const entries = [];
    const shown = Math.min(Math.max(0, state.maxArrayLength), size);
    indented(state, 2, () => {
      for (const item of items) {
        if (entries.length >= shown) break;
        entries.push(show(item));
      }
    });
    if (size > shown) entries.push(more(size - shown));
    return entries;
  };

  const property = (state, value, depth, key, type) => {
    const own = Object.getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
    let text;
    if (own.get !== undefined) {
      text = styled(state, own.set !== undefined ? "[Getter/Setter]" : "[Getter]", "special");
    } else if (own.set !== undefined) text = styled(state, "[Setter]", "special");
    else text = indented(state, 2, () => show(state, own.value, depth));
    if (type === ELEMENT) return text;
    let name;
    if (typeof key === "symbol") name = `[${styled(state, String(key), "symbol")}]`;
    else if (key === "__proto__") name = "['__proto__']";
    else if (own.enumerable === false) name = `[${key}]`;
    else if (/^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key)) name = key;
    else name = styled(state, quoted(key), "string");
    return `${name}: ${text}`;
  };

  const width = (text) => {
    let columns = 0;
    for (const char of text.replace(/\x1b\[\d+m/g, "").normalize("NFC")) {
      const code = char.codePointAt(0);
      if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) continue;
      const isWide =
        (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
        (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
        (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
      columns += isWide ? 2 : 1;
    }
    return columns;
  };

  // Many short entries of a list, in columns.
  const inColumns = (state, entries, value) => {
    const count = state.maxArrayLength < entries.length && value.length > state.maxArrayLength ? entries.length - 1 : entries.length;
    const widths = entries.slice(0, count).map((entry) => width(entry));
    const total = widths.reduce((sum, one) => sum + one + 2, 0);
    const longest = Math.max(...widths);
    const column = longest + 2;
    if (column * 3 + state.indentation >= state.breakLength || !(total / column > 5 || longest <= 6)) return entries;
    const biased = Math.max(longest - 1 - Math.sqrt(column - total / entries.length), 1);
    const columns = Math.min(
      Math.round(Math.sqrt(2.5 * biased * count) / biased),
      Math.floor((state.breakLength - state.indentation) / column),
      state.compact * 4,
      15,
    );
    if (columns <= 1) return entries;
    const padded = [];
    for (let index = 0; index < columns; index++) {
      let most = 0;
      for (let row = index; row < count; row += columns) most = Math.max(most, widths[row]);
      padded.push(most + 2);
    }
    const isNumeric = value !== undefined && entries.every((_, index) => typeof value[index] === "number" || typeof value[index] === "bigint");
    const rows = [];
    for (let start = 0; start < count; start += columns) {
      const end = Math.min(start + columns, count);
      let row = "";
      for (let index = start; index < end; index++) {
        const isLast = index === end - 1;
        const text = isLast ? entries[index] : `${entries[index]}, `;
        const invisible = entries[index].length - widths[index];
        if (isNumeric) row += text.padStart(padded[index - start] + invisible - (isLast ? 2 : 0));
        else row += isLast ? text : text.padEnd(padded[index - start] + invisible);
      }
      rows.push(row);
    }
    if (count < entries.length) rows.push(entries[count]);
    return rows;
  };

  const joined = (state, entries, base, [open, close], type, depth, value) => {
    const before = base ? `${base} ` : "";
    let rows = entries;
    if (typeof state.compact === "number" && state.compact >= 1) {
      if (type === ARRAY && entries.length > 6) rows = inColumns(state, entries, value);
      if (state.currentDepth - depth < state.compact && rows === entries) {
        const start = entries.length + state.indentation + open.length + base.length + 10;
        const total = entries.reduce((sum, entry) => sum + (state.colors ? width(entry) : entry.length), entries.length + start);
        if (total <= state.breakLength && !base.includes("\n")) {
          const line = entries.join(", ");
          if (!line.includes("\n")) return `${before}${open} ${line} ${close}`;
        }
      }
    }
    const margin = `\n${" ".repeat(state.indentation)}`;
    return `${before}${open}${margin}  ${rows.join(`,${margin}  `)}${margin}${close}`;
  };

  const show = (state, value, depth, isTyped) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return primitive(state, value);
    if (state.customInspect) {
      const method = value[custom];
      if (typeof method === "function" && method !== inspect) {
        const left = state.depth === null ? null : state.depth - depth;
        const options = { ...state.options, depth: left, stylize: (text, kind) => styled(state, String(text), kind) };
        const result = method.call(value, left, options, inspect);
        if (result !== value) {
          if (typeof result === "string") return result.replaceAll("\n", `\n${" ".repeat(state.indentation)}`);
          return show(state, result, depth);
        }
      }
    }
    if (state.seen.includes(value)) {
      if (!state.circular.has(value)) state.circular.set(value, state.circular.size + 1);
      return styled(state, `[Circular *${state.circular.get(value)}]`, "special");
    }
    return showObject(state, value, depth, isTyped);
  };

  const showObject = (state, value, depth) => {
    const name = className(value);
    let tag = value[Symbol.toStringTag];
    if (typeof tag !== "string" || (tag !== "" && (state.showHidden ? Object.hasOwn(value, Symbol.toStringTag) : Object.prototype.propertyIsEnumerable.call(value, Symbol.toStringTag)))) tag = "";
    let base = "";
    let braces = ["{", "}"];
    let entries = () => [];
    let type = OBJECT;
    let keys;
    const objectPrefix = (fallback, size) => prefixOf(name, tag, fallback, size);
    if (Array.isArray(value)) {
      keys = keysOf(state, value, true);
      braces = [`${name !== "Array" || tag !== "" ? objectPrefix("Array", `(${value.length})`) : ""}[`, "]"];
      if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
      type = ARRAY;
      entries = () => listEntries(state, value, depth + 1);
    } else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      keys = keysOf(state, value, true);
      const kind = typedName.call(value);
      braces = [`${prefixOf(name, tag, kind, `(${value.length})`)}[`, "]"];
      if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
      type = ARRAY;
      entries = () => typedEntries(state, value);
    } else if (isSet(value)) {
      keys = keysOf(state, value);
      const size = value.size;
      braces = [`${objectPrefix("Set", `(${size})`)}{`, "}"];
      if (size === 0 && keys.length === 0) return `${braces[0]}}`;
      entries = () => limited(state, Set.prototype.values.call(value), size, (item) => show(state, item, depth + 1));
    } else if (isMap(value)) {
      keys = keysOf(state, value);
      const size = value.size;
      braces = [`${objectPrefix("Map", `(${size})`)}{`, "}"];
      if (size === 0 && keys.length === 0) return `${braces[0]}}`;
      entries = () =>
        limited(state, Map.prototype.entries.call(value), size, ([key, item]) => `${show(state, key, depth + 1)} => ${show(state, item, depth + 1)}`);
    } else {
      keys = keysOf(state, value);
      const kind = tagOf(value);
      if (kind === "Arguments") {
        braces[0] = "[Arguments] {";
        if (keys.length === 0) return "[Arguments] {}";
      } else if (typeof value === "function") {
        base = functionBase(value, name, tag);
        if (keys.length === 0) return styled(state, base, "special");
      } else if (value instanceof RegExp) {
        base = RegExp.prototype.toString.call(value);
        if (name !== "RegExp") base = `${objectPrefix("RegExp")}${base}`;
        if (keys.length === 0) return styled(state, base, "regexp");
      } else if (isDate(value)) {
        base = Number.isNaN(value.getTime()) ? "Invalid Date" : Date.prototype.toISOString.call(value);
        if (name !== "Date") base = `${objectPrefix("Date")}${base}`;
        if (keys.length === 0) return styled(state, base, "date");
      } else if (value instanceof Error || kind === "Error") {
        base = errorBase(state, value, name, keys);
        if (keys.length === 0) return base;
      } else if (isArrayBuffer(value)) {
        const bytes = [...new Uint8Array(value).subarray(0, 50)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
        const rest = value.byteLength > 50 ? ` ... ${value.byteLength - 50} more byte${value.byteLength > 51 ? "s" : ""}` : "";
        braces[0] = `${objectPrefix("ArrayBuffer")}{`;
        entries = () => [`[${styled(state, "Uint8Contents", "special")}]: <${bytes}${rest}>`, `byteLength: ${primitive(state, value.byteLength)}`];
      } else if (value instanceof DataView) {
        braces[0] = `${objectPrefix("DataView")}{`;
        entries = () => ["byteLength", "byteOffset", "buffer"].map((key) => `${key}: ${indented(state, 2, () => show(state, value[key], depth + 1))}`);
      } else if (value instanceof Promise) {
        braces[0] = `${objectPrefix("Promise")}{`;
        entries = () => {
          const [status, result] = host.promiseState(value);
          if (status === "pending") return [styled(state, "<pending>", "special")];
          const text = indented(state, 2, () => show(state, result, depth + 1));
          return [status === "rejected" ? `${styled(state, "<rejected>", "special")} ${text}` : text];
        };
      } else if (value instanceof WeakSet || value instanceof WeakMap) {
        braces[0] = `${objectPrefix(kind)}{`;
        entries = () => [styled(state, "<items unknown>", "special")];
      } else if (value instanceof WeakRef) {
        braces[0] = `${objectPrefix("WeakRef")}{`;
        entries = () => [indented(state, 2, () => show(state, value.deref(), depth + 1))];
      } else if (kind === "Module" && name === null) {
        braces[0] = "[Module: null prototype] {";
      } else if (kind === "Map Iterator" || kind === "Set Iterator") {
        braces = [`[${kind}] {`, "}"];
      } else if (isNumberObject(value) || isStringObject(value) || isBooleanObject(value) || isBigIntObject(value) || isSymbolObject(value)) {
        const inner = value.valueOf();
        const boxed = { number: "Number", string: "String", boolean: "Boolean", bigint: "BigInt", symbol: "Symbol" }[typeof inner];
        if (boxed === "String") keys = keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
        base = `[${boxed}${boxed !== name ? ` (${name ?? "null prototype"})` : ""}: ${primitive({ ...state, colors: false }, inner)}]`;
        if (keys.length === 0) return styled(state, base, typeof inner);
      } else if (name === "Object" && tag === "") {
        if (keys.length === 0) return "{}";
      } else {
        braces[0] = `${objectPrefix("Object")}{`;
        if (keys.length === 0) return `${braces[0]}}`;
      }
    }
    if (state.depth !== null && depth > state.depth) {
      const shortName = prefixOf(name, tag, Array.isArray(value) ? "Array" : "Object").slice(0, -1);
      return styled(state, name === null ? shortName : `[${shortName}]`, "special");
    }
    state.seen.push(value);
    state.currentDepth = depth;
    const output = entries();
    for (const key of keys) output.push(property(state, value, depth + 1, key, type === ARRAY ? ARRAY : OBJECT));
    state.seen.pop();
    if (state.circular.has(value)) {
      const reference = styled(state, `<ref *${state.circular.get(value)}>`, "special");
      base = base === "" ? reference : `${reference} ${base}`;
    }
    if (state.sorted) output.sort(typeof state.sorted === "function" ? state.sorted : undefined);
    if (output.length === 0 && base !== "" && type === OBJECT && keys.length === 0) return base;
    if (output.length === 0) return `${base ? `${base} ` : ""}${braces[0]}${braces[1]}`;
    return joined(state, output, base, braces, type, depth, value);
  };

  function inspect(value, options, ...rest) {
    if (typeof options === "boolean") options = { showHidden: options, depth: rest[0], colors: rest[1] };
    const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, option]) => option !== undefined));
    const state = { ...DEFAULTS, ...inspect.defaultOptions, breakLength: 80, ...given, options: { ...DEFAULTS, ...given }, seen: [], circular: new Map(), indentation: 0, currentDepth: 0 };
    if (state.depth === Infinity) state.depth = null;
    if (state.maxArrayLength === null) state.maxArrayLength = Infinity;
    if (state.maxStringLength === null) state.maxStringLength = Infinity;
    if (state.compact === true) state.compact = 3;
    if (state.compact === false) state.compact = 0;
    return show(state, value, 0);
  }
  inspect.custom = custom;
  inspect.defaultOptions = {};
  inspect.styles = {};
  inspect.colors = { reset: [0, 0], bold: [1, 22], italic: [3, 23], underline: [4, 24], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39], cyan: [36, 39], white: [37, 39], gray: [90, 39] };

  const hasOwnText = (value) => {
    if (typeof value.toString !== "function") return false;
    if (Object.hasOwn(value, "toString")) return true;
    if (value instanceof Error || value instanceof Date) return true;
    for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
      if (Object.hasOwn(proto, "toString")) return ![Object, Array, Function, RegExp, Map, Set].some((Class) => Class.prototype === proto) && !ArrayBuffer.isView(value);
    }
    return false;
  };
  const asText = (value, options) => {
    if (typeof value === "string") return value;
    if (typeof value === "number") return number(value);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "function") return String(value);
    if (typeof value === "object" && value !== null && hasOwnText(value)) return String(value);
    return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
  };
  const asNumber = (value, convert) => (typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : number(convert(value)));
  const DIRECTIVES = {
    s: asText,
    d: (value) => asNumber(value, (value) => (typeof value === "object" && value !== null ? NaN : Number(value))),
    i: (value) => asNumber(value, (value) => (typeof value === "object" && value !== null ? NaN : Number.parseInt(value))),
    f: (value) => (typeof value === "symbol" ? "NaN" : number(Number.parseFloat(value))),
    j: (value) => {
      try {
        return JSON.stringify(value);
      } catch (error) {
        if (/circular/i.test(error.message)) return "[Circular]";
        throw error;
      }
    },
    O: (value, options) => inspect(value, options),
    o: (value, options) => inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 }),
    c: () => "",
  };
  const formatWithOptions = (options, ...args) => {
    if (args.length === 1) return typeof args[0] === "string" ? args[0] : inspect(args[0], options);
    let text = "";
    let next = 0;
    if (typeof args[0] === "string") {
      next = 1;
      text = args[0].replace(/%([sdifjoOc%])/g, (whole, directive) => {
        if (directive === "%") return "%";
        if (next >= args.length) return whole;
        return DIRECTIVES[directive](args[next++], options);
      });
    }
    const rest = args.slice(next).map((value) => (typeof value === "string" ? value : inspect(value, options)));
    return next === 0 ? rest.join(" ") : [text, ...rest].join(" ");
  };
  const format = (...args) => formatWithOptions({}, ...args);
  return { inspect, format, formatWithOptions, width, isPlainKind, isMap, isSet, isDate, isArrayBuffer, isNumberObject, isStringObject, isBooleanObject, isBigIntObject, isSymbolObject, quoted };
})
