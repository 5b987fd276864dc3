// The module `buffer`.
(function ({ host, part }) {
  const { argumentType, coded } = part("errors");
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const VALUES = new Int8Array(128).fill(-1);
  [...ALPHABET].forEach((char, value) => (VALUES[char.charCodeAt(0)] = value));
  VALUES["-".charCodeAt(0)] = 62;
  VALUES["_".charCodeAt(0)] = 63;
  const CHUNK = 8192;
  const latin = (bytes) => {
    let text = "";
    for (let start = 0; start < bytes.length; start += CHUNK) text += String.fromCharCode.apply(null, bytes.subarray(start, start + CHUNK));
    return text;
  };
  const toBase64 = (bytes, isUrl) => {
    let text = "";
    let parts = [];
    for (let index = 0; index < bytes.length; index += 3) {
      const bits = (bytes[index] << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
      text += ALPHABET[bits >> 18] + ALPHABET[(bits >> 12) & 63];
      text += index + 1 < bytes.length ? ALPHABET[(bits >> 6) & 63] : "=";
      text += index + 2 < bytes.length ? ALPHABET[bits & 63] : "=";
      if (text.length > 16384) {
        parts.push(text);
        text = "";
      }
    }
    text = parts.join("") + text;
    return isUrl ? text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") : text;
  };
  const fromBase64 = (text) => {
    const bytes = [];
    let bits = 0, count = 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code === 61) break;
      const value = code < 128 ? VALUES[code] : -1;
      if (value < 0) continue;
      bits = ((bits << 6) | value) & 0xffffff;
      count += 6;
      if (count >= 8) {
        count -= 8;
        bytes.push((bits >> count) & 255);
      }
    }
    return Uint8Array.from(bytes);
  };
  const codec = (encode, decode) => ({ encode, decode });
  const hex = codec(
    (text) => {
      const bytes = [];
      for (let index = 0; index + 1 < text.length; index += 2) {
        const pair = text.slice(index, index + 2);
        if (!/^[0-9a-f]{2}$/i.test(pair)) break;
        bytes.push(Number.parseInt(pair, 16));
      }
      return Uint8Array.from(bytes);
    },
    (bytes) => {
      let text = "";
      for (let index = 0; index < bytes.length; index++) text += (bytes[index] < 16 ? "0" : "") + bytes[index].toString(16);
      return text;
    },
  );
  const utf8 = codec((text) => new Uint8Array(host.encode(text.isWellFormed() ? text : text.toWellFormed())), (bytes) => host.decode(bytes));
  const latin1 = codec((text) => Uint8Array.from(text, (char) => char.charCodeAt(0)), latin);
  const utf16 = codec(
    (text) => {
      const bytes = new Uint8Array(text.length * 2);
      for (let index = 0; index < text.length; index++) {
        bytes[2 * index] = text.charCodeAt(index);
        bytes[2 * index + 1] = text.charCodeAt(index) >> 8;
      }
      return bytes;
    },
    (bytes) => {
      let text = "";
      for (let index = 0; index + 1 < bytes.length; index += 2) text += String.fromCharCode(bytes[index] | (bytes[index + 1] << 8));
      return text;
    },
  );
  const CODECS = {
    utf8, "utf-8": utf8, hex, latin1, binary: latin1, ascii: codec(latin1.encode, (bytes) => latin(bytes.map((byte) => byte & 127))),
    base64: codec(fromBase64, (bytes) => toBase64(bytes, false)), base64url: codec(fromBase64, (bytes) => toBase64(bytes, true)),
    utf16le: utf16, "utf-16le": utf16, ucs2: utf16, "ucs-2": utf16,
  };
  const codecOf = (encoding) => {
    if (encoding === undefined || encoding === null || encoding === "utf8") return utf8;
    const found = CODECS[`${encoding}`.toLowerCase()];
    if (!found) throw coded(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
    return found;
  };
  const view = (bytes) => {
    Object.setPrototypeOf(bytes, Buffer.prototype);
    return bytes;
  };
  const needed = (value, name = "value") => {
    if (!(value instanceof Uint8Array)) throw argumentType(name, "an instance of Buffer or Uint8Array", value);
    return value;
  };

  // Callable without `new`, as the original.
  function Buffer(value, encoding, length) {
    return typeof value === "number" ? Buffer.alloc(value) : Buffer.from(value, encoding, length);
  }
  Object.setPrototypeOf(Buffer, Uint8Array);
  Object.setPrototypeOf(Buffer.prototype, Uint8Array.prototype);
  Object.defineProperty(Buffer, Symbol.species, { get: () => Species });
  // Methods inherited from Uint8Array, such as `map`, make buffers.
  function Species(...args) {
    return view(new Uint8Array(...args));
  }
  Object.assign(Buffer, {
    poolSize: 8192,
    from(value, encoding, length) {
      if (typeof value === "string") return view(codecOf(encoding).encode(value));
      if (value instanceof ArrayBuffer || tagOf(value) === "SharedArrayBuffer") return view(new Uint8Array(value, encoding, length));
      if (value instanceof Uint8Array || Array.isArray(value)) return view(Uint8Array.from(value));
      if (ArrayBuffer.isView(value)) return view(Uint8Array.from(value));
      if (value && value.type === "Buffer" && Array.isArray(value.data)) return view(Uint8Array.from(value.data));
      if (value !== null && typeof value === "object") {
        const inner = value.valueOf?.();
        if (inner !== undefined && inner !== value) return Buffer.from(inner, encoding, length);
        if (typeof value.length === "number") return view(Uint8Array.from(value));
      }
      throw argumentType("first argument", "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object", value);
    },
    alloc(size, fill, encoding) {
      if (typeof size !== "number") throw argumentType("size", "of type number", size);
      if (!(size >= 0 && size <= 2 ** 31)) throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "size" is out of range. It must be >= 0 && <= ${2 ** 31}. Received ${size}`);
      const made = view(new Uint8Array(size));
      return fill === undefined ? made : made.fill(fill, encoding);
    },
    allocUnsafe: (size) => Buffer.alloc(size),
    allocUnsafeSlow: (size) => Buffer.alloc(size),
    isBuffer: (value) => value instanceof Buffer,
    isEncoding: (encoding) => typeof encoding === "string" && Object.hasOwn(CODECS, encoding.toLowerCase()),
    byteLength: (value, encoding) => (typeof value === "string" ? codecOf(encoding).encode(value).length : value.byteLength),
    concat(list, total = list.reduce((sum, one) => sum + one.length, 0)) {
      const result = Buffer.alloc(total);
      let offset = 0;
      for (const one of list) {
        if (offset >= total) break;
        result.set(needed(one, "list[0]").subarray(0, total - offset), offset);
        offset += one.length;
      }
      return result;
    },
    compare(one, other) {
      const shared = Math.min(needed(one).length, needed(other).length);
      for (let index = 0; index < shared; index++) if (one[index] !== other[index]) return one[index] < other[index] ? -1 : 1;
      return Math.sign(one.length - other.length);
    },
  });
  const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

  const range = (buffer, offset, size) => {
    if (typeof offset !== "number") throw argumentType("offset", "of type number", offset);
    if (!Number.isInteger(offset) || offset < 0 || offset + size > buffer.length) {
      if (buffer.length < size) throw coded(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", "Attempt to access memory outside buffer bounds");
      throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "offset" is out of range. It must be >= 0 and <= ${buffer.length - size}. Received ${offset}`);
    }
    return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  };
  const methods = {
    toString(encoding, start = 0, end = this.length) {
      return codecOf(encoding).decode(start === 0 && end === this.length ? this : this.subarray(Math.max(0, start), end));
    },
    toLocaleString(encoding, start, end) {
      return this.toString(encoding, start, end);
    },
    toJSON() {
      return { type: "Buffer", data: [...this] };
    },
    equals(other) {
      return Buffer.compare(this, needed(other, "otherBuffer")) === 0;
    },
    compare(other, start = 0, end = other.length, from = 0, to = this.length) {
      return Buffer.compare(this.subarray(from, to), other.subarray(start, end));
    },
    write(text, offset = 0, length, encoding) {
      if (typeof offset === "string") [offset, encoding] = [0, offset];
      else if (typeof length === "string") [length, encoding] = [undefined, length];
      const bytes = codecOf(encoding).encode(text);
      const count = Math.min(bytes.length, length ?? Infinity, this.length - offset);
      this.set(bytes.subarray(0, count), offset);
      return count;
    },
    fill(value, offset = 0, end = this.length, encoding) {
      if (typeof offset === "string") [offset, end, encoding] = [0, this.length, offset];
      const pattern = typeof value === "string" ? codecOf(encoding).encode(value) : value instanceof Uint8Array ? value : undefined;
      if (pattern === undefined || pattern.length === 0) return Uint8Array.prototype.fill.call(this, pattern ? 0 : Number(value) & 255, offset, end);
      for (let index = offset; index < end; index++) this[index] = pattern[(index - offset) % pattern.length];
      return this;
    },
    slice(start, end) {
      return this.subarray(start, end);
    },
    subarray(start, end) {
      return view(Uint8Array.prototype.subarray.call(asBytes(this), start, end));
    },
    copy(target, at = 0, start = 0, end = this.length) {
      const part = this.subarray(start, Math.min(end, start + target.length - at));
      target.set(part, at);
      return part.length;
    },
    indexOf(value, from = 0, encoding) {
      if (typeof value === "number") return Uint8Array.prototype.indexOf.call(this, value & 255, from);
      const wanted = typeof value === "string" ? codecOf(encoding).encode(value) : value;
      if (from < 0) from = Math.max(0, this.length + from);
      for (let start = from; start + wanted.length <= this.length; start++) {
        let index = 0;
        while (index < wanted.length && this[start + index] === wanted[index]) index++;
        if (index === wanted.length) return start;
      }
      return -1;
    },
    lastIndexOf(value, from = this.length, encoding) {
      const wanted = typeof value === "number" ? [value & 255] : typeof value === "string" ? codecOf(encoding).encode(value) : value;
      for (let start = Math.min(from, this.length - wanted.length); start >= 0; start--) {
        if ([...wanted].every((byte, index) => this[start + index] === byte)) return start;
      }
      return -1;
    },
    includes(value, from, encoding) {
      return this.indexOf(value, from, encoding) >= 0;
    },
    swap16() {
      for (let index = 0; index + 1 < this.length; index += 2) [this[index], this[index + 1]] = [this[index + 1], this[index]];
      return this;
    },
    [Symbol.for("nodejs.util.inspect.custom")]() {
      const shown = [...this.subarray(0, 50)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      const rest = this.length > 50 ? ` ... ${this.length - 50} more byte${this.length > 51 ? "s" : ""}` : "";
      return `<Buffer${shown ? ` ${shown}` : ""}${rest}>`;
    },
  };
  const asBytes = (buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  const KINDS = { UInt8: ["Uint8", 1], Int8: ["Int8", 1], UInt16: ["Uint16", 2], Int16: ["Int16", 2], UInt32: ["Uint32", 4], Int32: ["Int32", 4], Float: ["Float32", 4], Double: ["Float64", 8], BigInt64: ["BigInt64", 8], BigUInt64: ["BigUint64", 8] };
  const LIMITS = { UInt8: [0, 255], Int8: [-128, 127], UInt16: [0, 65535], Int16: [-32768, 32767], UInt32: [0, 4294967295], Int32: [-2147483648, 2147483647] };
  for (const [name, [kind, size]] of Object.entries(KINDS)) {
    for (const order of size === 1 ? [""] : ["LE", "BE"]) {
      const isLittle = order === "LE";
      methods[`read${name}${order}`] = function (offset = 0) {
        return range(this, offset, size)[`get${kind}`](offset, isLittle);
      };
      methods[`write${name}${order}`] = function (value, offset = 0) {
        const limits = LIMITS[name];
        if (limits && !(value >= limits[0] && value <= limits[1])) {
          throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "value" is out of range. It must be >= ${limits[0]} and <= ${limits[1]}. Received ${value}`);
        }
        range(this, offset, size)[`set${kind}`](offset, value, isLittle);
        return offset + size;
      };
      for (const verb of ["read", "write"]) {
        if (name.includes("UInt")) methods[`${verb}${name.replace("UInt", "Uint")}${order}`] = methods[`${verb}${name}${order}`];
      }
    }
  }
  for (const order of ["LE", "BE"]) {
    methods[`readUInt${order}`] = function (offset, count) {
      const bytes = [...this.subarray(offset, offset + count)];
      if (order === "LE") bytes.reverse();
      return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    };
    methods[`writeUInt${order}`] = function (value, offset, count) {
      for (let index = 0; index < count; index++) {
        this[offset + (order === "LE" ? index : count - 1 - index)] = value % 256;
        value = Math.floor(value / 256);
      }
      return offset + count;
    };
  }
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true });
  Object.defineProperty(Buffer.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: methods[Symbol.for("nodejs.util.inspect.custom")], writable: true, configurable: true });
  Object.defineProperty(Buffer.prototype, "constructor", { value: Buffer, writable: true, configurable: true });
  Object.defineProperty(Buffer.prototype, "parent", { get() { return this.buffer; } });

  const invalid = () => new (part("web").DOMException)("The string to be decoded is not correctly encoded.", "InvalidCharacterError");
  const atob = (text) => {
    text = `${text}`.replace(/[\t\n\f\r ]/g, "");
    if (text.length % 4 === 0) text = text.replace(/={1,2}$/, "");
    if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw invalid();
    return latin(fromBase64(text));
  };
  const btoa = (text) => {
    text = `${text}`;
    if (/[^\0-\xff]/.test(text)) throw new (part("web").DOMException)("Invalid character", "InvalidCharacterError");
    return toBase64(latin1.encode(text), false);
  };
  class Blob {
    #bytes;
    constructor(parts = [], { type = "" } = {}) {
      this.#bytes = Buffer.concat(parts.map((one) => (typeof one === "string" ? Buffer.from(one) : one instanceof Blob ? one.#bytes : Buffer.from(one))));
      this.type = type;
    }
    get size() {
      return this.#bytes.length;
    }
    async text() {
      return this.#bytes.toString();
    }
    async arrayBuffer() {
      return Uint8Array.from(this.#bytes).buffer;
    }
    slice(start, end, type) {
      return new Blob([this.#bytes.subarray(start, end)], { type });
    }
  }
  return { Buffer, SlowBuffer: Buffer, atob, btoa, Blob, kMaxLength: 2 ** 31, kStringMaxLength: 2 ** 29 - 24, constants: { MAX_LENGTH: 2 ** 31, MAX_STRING_LENGTH: 2 ** 29 - 24 } };
})
