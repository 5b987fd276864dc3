// The module `string_decoder`: text from bytes that arrive in pieces.
(function ({ part }) {
  const { Buffer } = part("buffer");
  // How many bytes at the end begin a character that is not complete.
  const incomplete = (bytes) => {
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back];
      if ((byte & 0xc0) === 0x80) continue;
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      return size > back ? back : 0;
    }
    return 0;
  };
  class StringDecoder {
    #rest = Buffer.alloc(0);
    constructor(encoding = "utf8") {
      this.encoding = `${encoding}`.toLowerCase().replace("utf-8", "utf8");
      if (!Buffer.isEncoding(this.encoding)) throw part("errors").coded(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
    }
    write(chunk) {
      if (typeof chunk === "string") return chunk;
      const bytes = Buffer.concat([this.#rest, chunk]);
      let keep = 0;
      if (this.encoding === "utf8") keep = incomplete(bytes);
      else if (this.encoding.startsWith("base64")) keep = bytes.length % 3;
      else if (/^u(?:tf-?16le|cs-?2)$/.test(this.encoding)) keep = bytes.length % 2;
      this.#rest = bytes.subarray(bytes.length - keep);
      return bytes.toString(this.encoding, 0, bytes.length - keep);
    }
    end(chunk) {
      const text = chunk ? this.write(chunk) : "";
      const rest = this.#rest;
      this.#rest = Buffer.alloc(0);
      return rest.length > 0 ? text + rest.toString(this.encoding) : text;
    }
  }
  return { StringDecoder };
})
