// structuredClone.
(function ({ part }) {
  const refused = (value) => {
    const text = typeof value === "symbol" ? String(value) : typeof value === "function" ? Function.prototype.toString.call(value) : "#<Object>";
    return new (part("web").DOMException)(`${text} could not be cloned.`, "DataCloneError");
  };
  const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const copy = (value, seen) => {
    if (typeof value === "function" || typeof value === "symbol") throw refused(value);
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    const keep = (made) => {
      seen.set(value, made);
      return made;
    };
    const { isDate, isMap, isSet, isArrayBuffer } = part("inspect");
    if (isDate(value)) return keep(new Date(value.getTime()));
    if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
    if (isMap(value)) {
      const made = keep(new Map());
      for (const [key, item] of value) made.set(copy(key, seen), copy(item, seen));
      return made;
    }
    if (isSet(value)) {
      const made = keep(new Set());
      for (const item of value) made.add(copy(item, seen));
      return made;
    }
    if (isArrayBuffer(value)) return keep(value.slice(0));
    if (ArrayBuffer.isView(value)) {
      const Class = value instanceof DataView ? DataView : globalThis[value[Symbol.toStringTag]];
      return keep(new Class(copy(value.buffer, seen), value.byteOffset, value.length ?? value.byteLength));
    }
    if (value instanceof Error) {
      const made = keep(new (ERRORS[value.name] ?? Error)(value.message));
      Object.defineProperty(made, "stack", { value: value.stack, writable: true, configurable: true });
      if ("cause" in value) made.cause = copy(value.cause, seen);
      return made;
    }
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) {
      throw new (part("web").DOMException)(`#<${value.constructor.name}> could not be cloned.`, "DataCloneError");
    }
    const inner = value.valueOf?.();
    if (typeof inner !== "object" && typeof inner !== "function" && inner !== undefined) return keep(Object(inner));
    const made = keep(Array.isArray(value) ? new Array(value.length) : {});
    for (const key of Object.keys(value)) made[key] = copy(value[key], seen);
    return made;
  };
  return {
    structuredClone(...args) {
      if (args.length === 0) throw new TypeError("The \"value\" argument must be specified");
      return copy(args[0], new Map());
    },
  };
})
