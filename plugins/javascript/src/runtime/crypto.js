// The module `crypto`: digests and random values.
(function ({ host, part }) {
  const { Buffer } = part("buffer");
  const { coded, argumentType } = part("errors");
  const HASHES = ["md5", "sha1", "sha256", "sha384", "sha512"];
  const bytesOf = (data, encoding) => {
    if (typeof data === "string") return Buffer.from(data, encoding);
    if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (data instanceof ArrayBuffer) return Buffer.from(data);
    throw argumentType("data", "of type string or an instance of Buffer, TypedArray, or DataView", data);
  };
  const normal = (name) => `${name}`.toLowerCase().replace(/^sha-/, "sha");
  const digest = (name, bytes) => {
    const result = host.digest(name, bytes);
    if (result == null) throw new Error("Digest method not supported");
    return Buffer.from(result);
  };
  class Hash {
    #name;
    #chunks = [];
    #isDone = false;
    constructor(name) {
      this.#name = normal(name);
      if (!HASHES.includes(this.#name)) throw coded(Error, "ERR_OSSL_EVP_UNSUPPORTED", `Digest method not supported: ${name}. Known are ${HASHES.join(", ")}`);
    }
    update(data, encoding) {
      if (this.#isDone) throw coded(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
      this.#chunks.push(Buffer.from(bytesOf(data, encoding)));
      return this;
    }
    digest(encoding) {
      if (this.#isDone) throw coded(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
      this.#isDone = true;
      const result = digest(this.#name, Buffer.concat(this.#chunks));
      return encoding && encoding !== "buffer" ? result.toString(encoding) : result;
    }
    copy() {
      const copy = new Hash(this.#name);
      copy.#chunks = [...this.#chunks];
      return copy;
    }
  }
  // RFC 2104.
  class Hmac {
    #inner;
    #outer;
    #name;
    constructor(name, key) {
      this.#name = normal(name);
      const size = /^sha(?:384|512)$/.test(this.#name) ? 128 : 64;
      key = bytesOf(key);
      if (key.length > size) key = digest(this.#name, key);
      const padded = Buffer.concat([key, Buffer.alloc(size - key.length)]);
      this.#inner = new Hash(name).update(padded.map((byte) => byte ^ 0x36));
      this.#outer = padded.map((byte) => byte ^ 0x5c);
    }
    update(data, encoding) {
      this.#inner.update(data, encoding);
      return this;
    }
    digest(encoding) {
      return new Hash(this.#name).update(this.#outer).update(this.#inner.digest()).digest(encoding);
    }
  }
  const randomBytes = (count, callback) => {
    const bytes = Buffer.from(host.random(count));
    if (!callback) return bytes;
    part("process").nextTick(callback, null, bytes);
  };
  const randomUUID = () => {
    const bytes = randomBytes(16);
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  const getRandomValues = (target) => {
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(randomBytes(target.byteLength));
    return target;
  };
  const randomInt = (least, most, callback) => {
    if (most === undefined || typeof most === "function") [least, most, callback] = [0, least, most];
    if (!(Number.isSafeInteger(least) && Number.isSafeInteger(most) && most > least)) {
      throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "max" is out of range. It must be greater than the value of "min" (${least}). Received ${most}`);
    }
    const span = most - least;
    const limit = 2 ** 48 - (2 ** 48 % span);
    let value;
    do value = randomBytes(6).readUIntBE(0, 6);
    while (value >= limit);
    const result = least + (value % span);
    if (!callback) return result;
    part("process").nextTick(callback, null, result);
  };
  const webcrypto = {
    getRandomValues,
    randomUUID,
    subtle: { digest: async (name, data) => Uint8Array.from(digest(normal(name.name ?? name), bytesOf(data))).buffer },
  };
  return {
    createHash: (name) => new Hash(name), createHmac: (name, key) => new Hmac(name, key), hash: (name, data, encoding = "hex") => new Hash(name).update(data).digest(encoding),
    getHashes: () => [...HASHES], randomBytes, randomUUID, randomInt, getRandomValues, webcrypto,
    randomFillSync: getRandomValues,
    timingSafeEqual(one, other) {
      if (one.byteLength !== other.byteLength) throw coded(RangeError, "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length");
      return bytesOf(one).reduce((sum, byte, index) => sum | (byte ^ bytesOf(other)[index]), 0) === 0;
    },
  };
})
