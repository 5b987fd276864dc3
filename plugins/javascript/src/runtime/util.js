// The module `util`.
(function ({ host, part }) {
  const shown = part("inspect");
  const { argumentType, coded } = part("errors");
  const promisified = Symbol.for("nodejs.util.promisify.custom");
  const promisify = (original) => {
    if (typeof original !== "function") throw argumentType("original", "of type function", original);
    if (original[promisified]) return original[promisified];
    const result = function (...args) {
      return new Promise((resolve, reject) => {
        original.call(this, ...args, (error, value) => (error ? reject(error) : resolve(value)));
      });
    };
    Object.setPrototypeOf(result, Object.getPrototypeOf(original));
    return Object.defineProperties(result, Object.getOwnPropertyDescriptors(original));
  };
  promisify.custom = promisified;
  const callbackify = (original) =>
    function (...args) {
      const callback = args.pop();
      Promise.resolve(original.apply(this, args)).then(
        (value) => part("process").nextTick(callback, null, value),
        (error) => part("process").nextTick(callback, error ?? coded(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value")),
      );
    };
  const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
  const isTagged = (name) => (value) => tag(value) === name;
  const types = {
    isDate: shown.isDate, isMap: shown.isMap, isSet: shown.isSet, isArrayBuffer: shown.isArrayBuffer, isAnyArrayBuffer: shown.isArrayBuffer,
    isRegExp: (value) => value instanceof RegExp, isPromise: (value) => value instanceof Promise, isNativeError: (value) => value instanceof Error,
    isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView), isArrayBufferView: ArrayBuffer.isView,
    isAsyncFunction: (value) => ["AsyncFunction", "AsyncGeneratorFunction"].includes(tag(value)),
    isGeneratorFunction: (value) => ["GeneratorFunction", "AsyncGeneratorFunction"].includes(tag(value)),
    isGeneratorObject: isTagged("Generator"), isWeakMap: isTagged("WeakMap"), isWeakSet: isTagged("WeakSet"), isDataView: (value) => value instanceof DataView,
    isNumberObject: (value) => typeof value === "object" && shown.isNumberObject(value), isStringObject: (value) => typeof value === "object" && shown.isStringObject(value),
    isBooleanObject: (value) => typeof value === "object" && shown.isBooleanObject(value), isSymbolObject: (value) => typeof value === "object" && shown.isSymbolObject(value),
    isBoxedPrimitive: (value) => typeof value === "object" && value !== null && Object(value.valueOf()) !== value.valueOf(), isProxy: () => false,
    isMapIterator: isTagged("Map Iterator"), isSetIterator: isTagged("Set Iterator"), isModuleNamespaceObject: isTagged("Module"), isArgumentsObject: isTagged("Arguments"),
  };
  for (const name of ["Uint8Array", "Uint8ClampedArray", "Uint16Array", "Uint32Array", "Int8Array", "Int16Array", "Int32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"]) {
    types[`is${name}`] = isTaggedBytes(name);
  }
  function isTaggedBytes(name) {
    return (value) => ArrayBuffer.isView(value) && value[Symbol.toStringTag] === name;
  }

  // Structural equality as `assert` and `util.isDeepStrictEqual` mean it.
  const equal = (one, other, isStrict, seen = new Map()) => {
    if (isStrict ? Object.is(one, other) : one == other || (Number.isNaN(one) && Number.isNaN(other))) return true;
    if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
    if (isStrict && Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
    if (tag(one) !== tag(other) || Array.isArray(one) !== Array.isArray(other)) return false;
    if (shown.isDate(one)) {
      if (!shown.isDate(other) || one.getTime() !== other.getTime()) return false;
    } else if (one instanceof RegExp) {
      if (String(one) !== String(other) || one.lastIndex !== other.lastIndex) return false;
    } else if (one instanceof Error) {
      if (one.message !== other.message || one.name !== other.name) return false;
      if ((Object.hasOwn(one, "cause") || Object.hasOwn(other, "cause")) && !equal(one.cause, other.cause, isStrict, seen)) return false;
    } else if (types.isBoxedPrimitive(one)) {
      if (!types.isBoxedPrimitive(other) || !Object.is(one.valueOf(), other.valueOf())) return false;
    } else if (types.isArrayBuffer(one)) {
      return equal(new Uint8Array(one), new Uint8Array(other), isStrict, seen);
    } else if (one instanceof WeakMap || one instanceof WeakSet || one instanceof Promise) return false;
    if (seen.get(one) === other) return true;
    seen.set(one, other);
    const same = equalParts(one, other, isStrict, seen);
    seen.delete(one);
    return same;
  };
  const ownKeys = (value) => [...Object.keys(value), ...Object.getOwnPropertySymbols(value).filter((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol))];
  const equalParts = (one, other, isStrict, seen) => {
    if (ArrayBuffer.isView(one) && !(one instanceof DataView)) {
      if (one.length !== other.length) return false;
      for (let index = 0; index < one.length; index++) if (isStrict ? !Object.is(one[index], other[index]) : one[index] != other[index]) return false;
      return true;
    }
    if (Array.isArray(one) && one.length !== other.length) return false;
    if (shown.isSet(one)) {
      if (!shown.isSet(other) || one.size !== other.size) return false;
      const rest = [...other];
      for (const item of one) {
        if (other.has(item)) {
          rest.splice(rest.findIndex((candidate) => Object.is(candidate, item) || candidate === item), 1);
          continue;
        }
        const index = rest.findIndex((candidate) => equal(item, candidate, isStrict, seen));
        if (index < 0) return false;
        rest.splice(index, 1);
      }
    } else if (shown.isMap(one)) {
      if (!shown.isMap(other) || one.size !== other.size) return false;
      const rest = [...other];
      for (const [key, item] of one) {
        const index = rest.findIndex(([candidate, value]) => equal(key, candidate, isStrict, seen) && equal(item, value, isStrict, seen));
        if (index < 0) return false;
        rest.splice(index, 1);
      }
    }
    const keys = ownKeys(one);
    if (keys.length !== ownKeys(other).length) return false;
    return keys.every((key) => Object.prototype.propertyIsEnumerable.call(other, key) && equal(one[key], other[key], isStrict, seen));
  };

  const parseArgs = ({ args = part("process").argv.slice(2), options = {}, strict = true, allowPositionals = !strict } = {}) => {
    const values = Object.create(null);
    const positionals = [];
    const fail = (code, message) => {
      throw coded(TypeError, code, message);
    };
    const put = (name, value, raw) => {
      const known = Object.hasOwn(options, name) ? options[name] : undefined;
      if (!known && strict) fail("ERR_PARSE_ARGS_UNKNOWN_OPTION", `Unknown option '${raw}'${allowPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${raw}"` : ""}`);
      if (known && strict) {
        if (known.type === "string" && value === undefined) fail("ERR_PARSE_ARGS_INVALID_OPTION_VALUE", `Option '${known.short ? `-${known.short}, ` : ""}--${name} <value>' argument missing`);
        if (known.type === "boolean" && value !== undefined) fail("ERR_PARSE_ARGS_INVALID_OPTION_VALUE", `Option '${known.short ? `-${known.short}, ` : ""}--${name}' does not take an argument`);
      }
      if (known?.multiple) (values[name] ??= []).push(value ?? true);
      else values[name] = value ?? true;
    };
    const rest = [...args];
    while (rest.length > 0) {
      const word = rest.shift();
      if (word === "--") {
        positionals.push(...rest.splice(0));
      } else if (word.startsWith("--")) {
        const [, name, value] = /^--([^=]+)(?:=([^]*))?$/.exec(word) ?? [, word.slice(2), undefined];
        const takes = options[name]?.type === "string" && value === undefined && rest.length > 0 && (!rest[0].startsWith("-") || rest[0] === "-");
        put(name, value ?? (takes ? rest.shift() : undefined), `--${name}`);
      } else if (word.startsWith("-") && word.length > 1) {
        const letters = word.slice(1);
        for (let index = 0; index < letters.length; index++) {
          const name = Object.keys(options).find((key) => options[key].short === letters[index]) ?? letters[index];
          if (options[name]?.type === "string") {
            const attached = letters.slice(index + 1);
            put(name, attached || (rest.length > 0 && !rest[0].startsWith("-") ? rest.shift() : undefined), `-${letters[index]}`);
            break;
          }
          put(name, undefined, `-${letters[index]}`);
        }
      } else {
        if (!allowPositionals) fail("ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL", `Unexpected argument '${word}'. This command does not take positional arguments`);
        positionals.push(word);
      }
    }
    for (const [name, option] of Object.entries(options)) {
      if (option.default !== undefined && values[name] === undefined) values[name] = option.default;
    }
    return { values, positionals };
  };

  return {
    inspect: shown.inspect, format: shown.format, formatWithOptions: shown.formatWithOptions, promisify, callbackify, types, parseArgs, equal,
    isDeepStrictEqual: (one, other) => equal(one, other, true),
    inherits(child, parent) {
      Object.defineProperty(child, "super_", { value: parent, writable: true, configurable: true });
      Object.setPrototypeOf(child.prototype, parent.prototype);
    },
    deprecate(original, message, code) {
      let isTold = false;
      return function (...args) {
        if (!isTold) part("process").emitWarning(message, "DeprecationWarning", code);
        isTold = true;
        return new.target ? Reflect.construct(original, args, new.target) : original.apply(this, args);
      };
    },
    debuglog: () => Object.assign(() => {}, { enabled: false }),
    debug: () => Object.assign(() => {}, { enabled: false }),
    stripVTControlCharacters: (text) => text.replace(/\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07)/g, ""),
    styleText: (styles, text) => [styles].flat().reduce((inner, style) => {
      const [open, close] = shown.inspect.colors[style] ?? [0, 0];
      return `\x1b[${open}m${inner}\x1b[${close}m`;
    }, text),
    toUSVString: (text) => `${text}`.toWellFormed(),
    isArray: Array.isArray,
    get TextEncoder() {
      return part("web").TextEncoder;
    },
    get TextDecoder() {
      return part("web").TextDecoder;
    },
  };
})
