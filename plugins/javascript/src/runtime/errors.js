// Errors as Node shows them: stack traces with a headline, engine messages in V8's words, and the
// report of an uncaught error.
(function ({ host, part }) {
  // Columns that a wrapper adds to a file's first line, by file name.
  const wrappers = new Map();
  const lines = new WeakMap();
  let userHook;

  const inV8sWords = (message) => {
    let found;
    if ((found = /^cannot read property '(.*)' of (undefined|null)$/.exec(message))) {
      return `Cannot read properties of ${found[2]} (reading '${found[1]}')`;
    }
    if ((found = /^cannot set property '(.*)' of (undefined|null)$/.exec(message))) {
      return `Cannot set properties of ${found[2]} (setting '${found[1]}')`;
    }
    if ((found = /^'(.*)' is read-only$/.exec(message))) return "Assignment to constant variable.";
    if ((found = /^(.*) is not initialized$/.exec(message))) return `Cannot access '${found[1].replace(/^'|'$/g, "")}' before initialization`;
    if ((found = /^'(.*)' is not defined$/.exec(message))) return `${found[1]} is not defined`;
    if (message === "circular reference") return "Converting circular structure to JSON";
    return message;
  };

  const headline = (error) => {
    let name, message;
    try {
      name = error.name === undefined ? "Error" : String(error.name);
      message = error.message === undefined ? "" : String(error.message);
    } catch {
      return "Error";
    }
    return message === "" ? name : name === "" ? message : `${name}: ${message}`;
  };

  const place = (site) => {
    const file = site.getFileName();
    if (file == null) return null;
    const line = site.getLineNumber();
    let column = site.getColumnNumber();
    if (line === 1 && wrappers.has(file)) column = Math.max(1, column - wrappers.get(file));
    return { file, line, column };
  };

  Error.prepareStackTrace = (error, sites) => {
    if (error instanceof TypeError || error instanceof ReferenceError) {
      const message = Object.getOwnPropertyDescriptor(error, "message");
      if (message && typeof message.value === "string") {
        const better = inV8sWords(message.value);
        if (better !== message.value) Object.defineProperty(error, "message", { ...message, value: better });
      }
    }
    if (typeof userHook === "function") return userHook(error, sites);
    let text = "";
    let top;
    for (const site of sites) {
      const at = place(site);
      if (at === null || at.file.startsWith("node:internal/")) continue;
      top ??= at;
      const name = site.getFunctionName();
      const where = `${at.file.startsWith("/") && part("loop").modules.has(at.file) ? "file://" : ""}${at.file}:${at.line}:${at.column}`;
      const isNamed = name && name !== "<anonymous>" && name !== "<eval>";
      text += `\n    at ${isNamed ? `${name} (${where})` : where}`;
    }
    if (top !== undefined && typeof error === "object") lines.set(error, top);
    return headline(error) + text;
  };
  Object.defineProperty(Error, "prepareStackTrace", {
    configurable: true,
    enumerable: false,
    get: () => userHook,
    set: (hook) => {
      userHook = hook;
    },
  });

  const sourceLine = (at) => {
    try {
      const text = part("loop").sources.get(at.file) ?? part("fs").readFileSync(at.file, "utf8");
      return text.split("\n")[at.line - 1];
    } catch {
      return undefined;
    }
  };

  // The text for an error that nobody caught.
  const report = (error, isPromise) => {
    const inspect = part("inspect").inspect;
    const isError = error instanceof Error;
    let text = "";
    const at = isError ? lines.get(error) : undefined;
    const line = at && sourceLine(at);
    if (at && line !== undefined) {
      const thrown = line.lastIndexOf("throw ", at.column - 1);
      const column = thrown >= 0 ? thrown : Math.min(at.column - 1, line.length);
      text += `${at.file}:${at.line}\n${line}\n${" ".repeat(column)}^\n\n`;
    } else if (!isError || !isPromise) {
      text += `node:internal/process\n${isPromise ? "" : "Uncaught:\n"}`;
    }
    if (isError) {
      text += inspect(error);
    } else if (isPromise) {
      const reason = typeof error === "object" && error !== null ? `#<${error.constructor?.name ?? "Object"}>` : String(error);
      text +=
        `UnhandledPromiseRejection: This error originated either by throwing inside of an async function without a catch block, ` +
        `or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${reason}". {\n` +
        `  code: 'ERR_UNHANDLED_REJECTION'\n}`;
    } else {
      text += typeof error === "string" ? error : inspect(error);
      text += `\n(Use \`node --trace-uncaught ...\` to show where the exception was thrown)`;
    }
    return `${text}\n\nNode.js ${part("process").version}\n`;
  };

  // An error with one of Node's codes, which its stack's headline shows.
  const coded = (Class, code, message) => {
    const error = new Class(message);
    const name = error.name;
    Object.defineProperty(error, "code", { value: code, enumerable: true, configurable: true, writable: true });
    error.stack = error.stack.replace(name, () => `${name} [${code}]`);
    return error;
  };
  const typeName = (value) => {
    if (value == null) return `${value}`;
    if (typeof value === "function") return `function ${value.name}`;
    if (typeof value === "object") {
      return value.constructor?.name ? `an instance of ${value.constructor.name}` : part("inspect").inspect(value, { depth: -1 });
    }
    return `type ${typeof value} (${part("inspect").inspect(value).slice(0, 28)})`;
  };
  const argumentType = (name, expected, value) =>
    coded(
      TypeError,
      "ERR_INVALID_ARG_TYPE",
      `The "${name}" ${name.includes(".") ? "property" : "argument"} must be ${expected}. Received ${typeName(value)}`,
    );

  if (Error.captureStackTrace === undefined) {
    Error.captureStackTrace = (target) => {
      Object.defineProperty(target, "stack", { value: new Error().stack, writable: true, configurable: true });
    };
  }
  return { wrappers, report, coded, argumentType, headline };
})
