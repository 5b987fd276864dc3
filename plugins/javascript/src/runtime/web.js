// Globals that Node shares with browsers.
(function ({ host, part }) {
  class TextEncoder {
    get encoding() {
      return "utf-8";
    }
    encode(text = "") {
      text = `${text}`;
      return new Uint8Array(host.encode(text.isWellFormed() ? text : text.toWellFormed()));
    }
    encodeInto(text, target) {
      let read = 0, written = 0;
      for (const char of text) {
        const bytes = this.encode(char);
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        written += bytes.length;
        read += char.length;
      }
      return { read, written };
    }
  }
  class TextDecoder {
    #decoder;
    #isFresh = true;
    constructor(encoding = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
      const known = { "utf-8": "utf-8", utf8: "utf-8", "utf-16le": "utf-16le", latin1: "windows-1252", "iso-8859-1": "windows-1252", ascii: "windows-1252", "us-ascii": "windows-1252" };
      this.encoding = known[`${encoding}`.toLowerCase().trim()];
      if (!this.encoding) throw part("errors").coded(RangeError, "ERR_ENCODING_NOT_SUPPORTED", `The "${encoding}" encoding is not supported`);
      this.fatal = fatal;
      this.ignoreBOM = ignoreBOM;
    }
    decode(input = new Uint8Array(0), { stream = false } = {}) {
      const { Buffer } = part("buffer");
      let bytes = ArrayBuffer.isView(input) ? Buffer.from(input.buffer, input.byteOffset, input.byteLength) : Buffer.from(input);
      const name = { "utf-8": "utf8", "utf-16le": "utf16le", "windows-1252": "latin1" }[this.encoding];
      let text;
      if (stream || this.#decoder) {
        this.#decoder ??= new (part("string_decoder").StringDecoder)(name);
        text = stream ? this.#decoder.write(bytes) : this.#decoder.end(bytes);
        if (!stream) this.#decoder = undefined;
      } else text = bytes.toString(name);
      if (this.fatal && name === "utf8" && text.includes("\ufffd") && !bytes.includes("\ufffd")) {
        throw part("errors").coded(TypeError, "ERR_ENCODING_INVALID_ENCODED_DATA", `The encoded data was not valid for encoding ${this.encoding}`);
      }
      if (this.#isFresh && !this.ignoreBOM && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
      this.#isFresh = !stream;
      return text;
    }
  }
  class DOMException extends Error {
    #name;
    #code;
    constructor(message = "", options = "Error") {
      super(message);
      this.#name = typeof options === "object" ? options.name ?? "Error" : options;
      this.#code = { AbortError: 20, DataCloneError: 25, InvalidCharacterError: 5, TimeoutError: 23 }[this.#name] ?? 0;
      if (typeof options === "object" && "cause" in options) this.cause = options.cause;
      this.stack = this.stack.replace(/^Error/, this.#name);
    }
    get name() {
      return this.#name;
    }
    get code() {
      return this.#code;
    }
  }
  class Event {
    constructor(type, { cancelable = false, bubbles = false } = {}) {
      Object.assign(this, { type: `${type}`, cancelable, bubbles, defaultPrevented: false, target: null, currentTarget: null, timeStamp: host.elapsed() });
    }
    preventDefault() {
      if (this.cancelable) this.defaultPrevented = true;
    }
    stopPropagation() {}
    stopImmediatePropagation() {
      this.isStopped = true;
    }
  }
  class CustomEvent extends Event {
    constructor(type, options = {}) {
      super(type, options);
      this.detail = options.detail ?? null;
    }
  }
  globalThis.CustomEvent ??= CustomEvent;
  class EventTarget {
    #listeners = new Map();
    addEventListener(type, listener, options = {}) {
      if (!listener) return;
      const known = this.#listeners.get(type) ?? [];
      if (known.some((one) => one.listener === listener)) return;
      this.#listeners.set(type, [...known, { listener, once: typeof options === "object" && options.once }]);
    }
    removeEventListener(type, listener) {
      this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter((one) => one.listener !== listener));
    }
    dispatchEvent(event) {
      event.target = event.currentTarget = this;
      for (const { listener, once } of this.#listeners.get(event.type) ?? []) {
        if (once) this.removeEventListener(event.type, listener);
        try {
          if (typeof listener === "function") listener.call(this, event);
          else listener.handleEvent(event);
        } catch (error) {
          part("process").nextTick(() => { throw error; });
        }
        if (event.isStopped) break;
      }
      return !event.defaultPrevented;
    }
  }
  const secret = Symbol("abort");
  class AbortSignal extends EventTarget {
    aborted = false;
    reason = undefined;
    onabort = null;
    constructor(key) {
      super();
      if (key !== secret) throw part("errors").coded(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
    }
    throwIfAborted() {
      if (this.aborted) throw this.reason;
    }
    static abort(reason) {
      const controller = new AbortController();
      controller.abort(reason);
      return controller.signal;
    }
    static timeout(delay) {
      const controller = new AbortController();
      part("timers").setTimeout(() => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), delay).unref();
      return controller.signal;
    }
    static any(signals) {
      const controller = new AbortController();
      for (const signal of signals) {
        if (signal.aborted) controller.abort(signal.reason);
        else signal.addEventListener("abort", () => controller.abort(signal.reason));
      }
      return controller.signal;
    }
  }
  class AbortController {
    signal = new AbortSignal(secret);
    abort(reason = new DOMException("This operation was aborted", "AbortError")) {
      if (this.signal.aborted) return;
      this.signal.aborted = true;
      this.signal.reason = reason;
      const event = new Event("abort");
      this.signal.onabort?.(event);
      this.signal.dispatchEvent(event);
    }
  }
  const abortError = (signal) => {
    const error = part("errors").coded(Error, "ABORT_ERR", "The operation was aborted");
    error.name = "AbortError";
    error.cause = signal.reason;
    return error;
  };
  const marks = [];
  const performance = {
    timeOrigin: Date.now() - host.elapsed(),
    now: () => host.elapsed(),
    mark(name) {
      const mark = { name, entryType: "mark", startTime: host.elapsed(), duration: 0, detail: null };
      marks.push(mark);
      return mark;
    },
    measure(name, start, end) {
      const time = (mark, fallback) => (mark === undefined ? fallback : marks.findLast((one) => one.name === mark)?.startTime ?? fallback);
      const startTime = time(start, 0);
      const measure = { name, entryType: "measure", startTime, duration: time(end, host.elapsed()) - startTime, detail: null };
      marks.push(measure);
      return measure;
    },
    getEntries: () => [...marks],
    getEntriesByName: (name) => marks.filter((one) => one.name === name),
    getEntriesByType: (type) => marks.filter((one) => one.entryType === type),
    clearMarks() {
      marks.length = 0;
    },
    clearMeasures() {},
    toJSON: () => ({ timeOrigin: performance.timeOrigin }),
  };
  return {
    TextEncoder, TextDecoder, DOMException, Event, CustomEvent, EventTarget, AbortController, AbortSignal, abortError, performance,
    get crypto() {
      return part("crypto").webcrypto;
    },
  };
})
