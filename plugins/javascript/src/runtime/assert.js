// The module `assert`.
(function ({ part }) {
  const { inspect } = part("inspect");
  const { argumentType, coded } = part("errors");
  const equal = (one, other, isStrict) => part("util").equal(one, other, isStrict);
  const shown = (value) => inspect(value, { compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, sorted: true, getters: true });

  // The lines of both values, marked where they differ: a longest common subsequence.
  const difference = (actual, expected) => {
    const [one, other] = [shown(actual).split("\n"), shown(expected).split("\n")];
    if (one.length * other.length > 1e6) return [...one.map((line) => `+ ${line}`), ...other.map((line) => `- ${line}`)].join("\n");
    const lengths = Array.from({ length: one.length + 1 }, () => new Uint32Array(other.length + 1));
    for (let i = one.length - 1; i >= 0; i--) {
      for (let j = other.length - 1; j >= 0; j--) lengths[i][j] = one[i] === other[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
    const lines = [];
    let i = 0, j = 0;
    while (i < one.length || j < other.length) {
      if (i < one.length && j < other.length && one[i] === other[j]) lines.push(`  ${one[i++]}`), j++;
      else if (i < one.length && (j >= other.length || lengths[i + 1][j] >= lengths[i][j + 1])) lines.push(`+ ${one[i++]}`);
      else lines.push(`- ${other[j++]}`);
    }
    return lines.join("\n");
  };
  const HEADS = {
    deepStrictEqual: "Expected values to be strictly deep-equal:", strictEqual: "Expected values to be strictly equal:",
    deepEqual: "Expected values to be loosely deep-equal:", equal: "Expected values to be loosely equal:",
    notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:', notStrictEqual: 'Expected "actual" to be strictly unequal to:',
    notEqual: 'Expected "actual" to be loosely unequal to:', notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  };
  const explain = (operator, actual, expected) => {
    const [one, other] = [inspect(actual), inspect(expected)];
    if (operator === "equal") return `${one} == ${other}`;
    if (operator === "notEqual") return `${one} != ${other}`;
    if (operator === "notStrictEqual" || operator === "notDeepStrictEqual") return `${HEADS[operator]}${one.includes("\n") ? `\n\n${one}` : ` ${one}`}`;
    if (operator === "deepEqual") return `${HEADS[operator]}\n\n${shown(actual)}\n\nshould loosely deep-equal\n\n${shown(expected)}`;
    if (operator === "notDeepEqual") return `${HEADS[operator]} ${one}`;
    const isPrimitive = (value) => (typeof value !== "object" || value === null) && typeof value !== "function";
    if (isPrimitive(actual) && isPrimitive(expected) && !one.includes("\n") && !other.includes("\n") && one.length + other.length <= 12 && (actual !== 0 || expected !== 0)) {
      return `${HEADS[operator]}\n\n${one} !== ${other}\n`;
    }
    if (operator === "strictEqual" && shown(actual) === shown(expected)) return `Values have same structure but are not reference-equal:\n\n${shown(actual)}\n`;
    return `${HEADS[operator]}\n+ actual - expected\n\n${difference(actual, expected)}`;
  };
  class AssertionError extends Error {
    constructor({ message, actual, expected, operator = "fail" }) {
      super(message === undefined ? explain(operator, actual, expected) : `${message}`);
      Object.defineProperty(this, "name", { value: "AssertionError", writable: true, configurable: true });
      Object.assign(this, { generatedMessage: message === undefined, code: "ERR_ASSERTION", actual, expected, operator });
      this.stack = this.stack.replace(/^(?:Assertion)?Error/, "AssertionError [ERR_ASSERTION]");
    }
    toString() {
      return `${this.name} [${this.code}]: ${this.message}`;
    }
  }
  const fail = (operator, actual, expected, message) => {
    if (message instanceof Error) throw message;
    throw new AssertionError({ message, actual, expected, operator });
  };
  const ok = (value, ...rest) => {
    if (value) return;
    if (rest[0] instanceof Error) throw rest[0];
    throw new AssertionError({ message: rest[0] ?? "The expression evaluated to a falsy value:\n\n  assert(" + inspect(value) + ")\n", actual: value, expected: true, operator: "==" });
  };
  const compared = (operator, test) => ({ [operator](actual, expected, message) {
    if (arguments.length < 2) throw coded(TypeError, "ERR_MISSING_ARGS", 'The "actual" and "expected" arguments must be specified');
    if (!test(actual, expected)) fail(operator, actual, expected, message);
  } })[operator];

  const matches = (error, expected, message) => {
    if (typeof expected === "function") {
      if (expected.prototype !== undefined && error instanceof expected) return;
      if (Error.isPrototypeOf(expected) || expected === Error) {
        if (!(error instanceof Error)) throw error;
        fail("throws", error, expected, message ?? `The error is expected to be an instance of "${expected.name}". Received "${error.constructor?.name}"\n\nError message:\n\n${error.message}`);
      }
      const result = expected.call({}, error);
      if (result !== true) fail("throws", error, expected, message ?? `The ${expected.name ? `"${expected.name}" ` : ""}validation function is expected to return "true". Received ${inspect(result)}\n\nCaught error:\n\n${inspect(error)}`);
    } else if (expected instanceof RegExp) {
      if (!expected.test(String(error))) fail("throws", error, expected, message ?? `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(error))}\n`);
    } else if (typeof expected === "object" && expected !== null) {
      const keys = Object.keys(expected);
      if (expected instanceof Error) keys.push("name", "message");
      for (const key of keys) {
        if (typeof error?.[key] === "string" && expected[key] instanceof RegExp && expected[key].test(error[key])) continue;
        if (key in Object(error) && equal(error[key], expected[key], true)) continue;
        const part = Object.fromEntries(keys.filter((name) => name in Object(error)).map((name) => [name, error[name]]));
        throw new AssertionError({ message: message ?? explain("deepStrictEqual", part, { ...expected }), actual: error, expected, operator: "throws" });
      }
    } else throw argumentType("expected", "of type function or an instance of Error, RegExp, or Object", expected);
  };
  const missing = (operator, expected, message) => {
    const name = typeof expected === "function" && expected.name ? ` (${expected.name})` : "";
    const kind = operator === "rejects" ? "rejection" : "exception";
    fail(operator, undefined, expected, message instanceof Error ? message : `Missing expected ${kind}${name}${message ? `: ${message}` : "."}`);
  };
  const split = (expected, message) => (typeof expected === "string" ? [undefined, expected] : [expected, message]);
  const promised = async (work) => {
    const promise = typeof work === "function" ? work() : work;
    if (typeof promise?.then !== "function") throw coded(TypeError, "ERR_INVALID_RETURN_VALUE", `Expected instance of Promise to be returned from the "promiseFn" function but got ${promise === undefined ? "undefined" : `type ${typeof promise}`}.`);
    return promise;
  };
  const unwanted = (operator, error, message) =>
    fail(operator, error, undefined, `Got unwanted ${operator === "doesNotReject" ? "rejection" : "exception"}${message ? `: ${message}` : "."}\nActual message: "${error?.message}"`);

  const assert = Object.assign((...args) => ok(...args), {
    AssertionError, ok,
    equal: compared("equal", (one, other) => one == other || (Number.isNaN(one) && Number.isNaN(other))),
    notEqual: compared("notEqual", (one, other) => one != other && !(Number.isNaN(one) && Number.isNaN(other))),
    strictEqual: compared("strictEqual", Object.is),
    notStrictEqual: compared("notStrictEqual", (one, other) => !Object.is(one, other)),
    deepEqual: compared("deepEqual", (one, other) => equal(one, other, false)),
    notDeepEqual: compared("notDeepEqual", (one, other) => !equal(one, other, false)),
    deepStrictEqual: compared("deepStrictEqual", (one, other) => equal(one, other, true)),
    notDeepStrictEqual: compared("notDeepStrictEqual", (one, other) => !equal(one, other, true)),
    fail(message = "Failed") {
      if (message instanceof Error) throw message;
      throw new AssertionError({ message, operator: "fail" });
    },
    throws(work, ...rest) {
      if (typeof work !== "function") throw argumentType("fn", "of type function", work);
      const [expected, message] = split(...rest);
      let error;
      try {
        work();
      } catch (thrown) {
        error = { thrown };
      }
      if (!error) missing("throws", expected, message);
      else if (expected !== undefined) matches(error.thrown, expected, message);
    },
    doesNotThrow(work, ...rest) {
      try {
        work();
      } catch (error) {
        unwanted("doesNotThrow", error, split(...rest)[1]);
      }
    },
    async rejects(work, ...rest) {
      const [expected, message] = split(...rest);
      const promise = promised(work);
      const error = await promise.then(() => undefined, (thrown) => ({ thrown }));
      if (!error) missing("rejects", expected, message);
      else if (error.thrown?.code === "ERR_INVALID_RETURN_VALUE") throw error.thrown;
      else if (expected !== undefined) matches(error.thrown, expected, message);
    },
    async doesNotReject(work, ...rest) {
      try {
        await promised(work);
      } catch (error) {
        unwanted("doesNotReject", error, split(...rest)[1]);
      }
    },
    match(text, pattern, message) {
      if (typeof text !== "string") fail("match", text, pattern, message ?? `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`);
      if (!pattern.test(text)) fail("match", text, pattern, message ?? `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`);
    },
    doesNotMatch(text, pattern, message) {
      if (pattern.test(text)) fail("doesNotMatch", text, pattern, message ?? `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`);
    },
    ifError(value) {
      if (value == null) return;
      fail("ifError", value, null, `ifError got unwanted exception: ${value.message ?? inspect(value)}`);
    },
  });
  assert.strict = Object.assign((...args) => ok(...args), assert, {
    equal: assert.strictEqual, notEqual: assert.notStrictEqual, deepEqual: assert.deepStrictEqual, notDeepEqual: assert.notDeepStrictEqual,
  });
  assert.strict.strict = assert.strict;
  return assert;
})
