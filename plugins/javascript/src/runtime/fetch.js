// fetch (WHATWG Fetch Standard), as far as programs use it: Headers, Request, Response, redirects, abort.
// The host sends the requests, and decides where they may go.
(function ({ host, part }) {
  const { coded } = part("errors");
  const { Buffer } = part("buffer");
  const { URL, URLSearchParams } = part("url");
  const loop = part("loop");
  const { network } = host;

  const MOST_REDIRECTS = 20;
  const REDIRECTS = new Set([301, 302, 303, 307, 308]);
  const NULL_BODY = new Set([101, 103, 204, 205, 304]);
  // Names that a program does not set (Fetch §2.2.2); the connection is the host's.
  const FORBIDDEN = new Set(["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);
  const METHODS = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

  const failed = (thrown) => {
    const [, code, words] = /^([A-Z]+): ([^]*)$/.exec(`${thrown}`) ?? [undefined, "EIO", `${thrown}`];
    return Object.assign(new TypeError(`fetch failed: ${words}`), { cause: coded(Error, code, words) });
  };

  const name = (text) => {
    text = `${text}`;
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) throw new TypeError(`Headers: ${JSON.stringify(text)} is an invalid header name`);
    return text.toLowerCase();
  };
  const value = (text) => {
    text = `${text}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
    if (/[\0\n\r]|[^\0-\xff]/.test(text)) throw new TypeError(`Headers: ${JSON.stringify(text)} is an invalid header value`);
    return text;
  };

  class Headers {
    #fields = new Map();
    constructor(init = undefined) {
      if (init === undefined || init === null) return;
      if (typeof init !== "object") throw new TypeError("Headers: the argument is neither pairs nor an object");
      const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
      for (const pair of pairs) {
        const [key, content, ...rest] = [...pair];
        if (content === undefined || rest.length > 0) throw new TypeError("Headers: expected name/value pair to be length 2");
        this.append(key, content);
      }
    }
    append(key, content) {
      const known = this.#fields.get(name(key));
      if (known) known.push(value(content));
      else this.#fields.set(name(key), [value(content)]);
    }
    set(key, content) {
      this.#fields.set(name(key), [value(content)]);
    }
    get(key) {
      return this.#fields.get(name(key))?.join(", ") ?? null;
    }
    has(key) {
      return this.#fields.has(name(key));
    }
    delete(key) {
      this.#fields.delete(name(key));
    }
    getSetCookie() {
      return [...(this.#fields.get("set-cookie") ?? [])];
    }
    forEach(callback, receiver) {
      for (const [key, content] of this) callback.call(receiver, content, key, this);
    }
    *entries() {
      for (const key of [...this.#fields.keys()].sort()) {
        if (key === "set-cookie") for (const content of this.#fields.get(key)) yield [key, content];
        else yield [key, this.get(key)];
      }
    }
    *keys() {
      for (const [key] of this) yield key;
    }
    *values() {
      for (const [, content] of this) yield content;
    }
    [Symbol.iterator]() {
      return this.entries();
    }
    get [Symbol.toStringTag]() {
      return "Headers";
    }
  }

  // A body as it is given: its bytes and its media type.
  const given = (body) => {
    if (body === undefined || body === null) return {};
    if (body instanceof URLSearchParams) return { bytes: Buffer.from(`${body}`), type: "application/x-www-form-urlencoded;charset=UTF-8" };
    if (body instanceof part("buffer").Blob) return { blob: body, type: body.type || undefined };
    if (ArrayBuffer.isView(body)) return { bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
    if (body instanceof ArrayBuffer) return { bytes: Buffer.from(body) };
    if (typeof body === "object" && typeof body[Symbol.asyncIterator] === "function") return { pieces: body };
    return { bytes: Buffer.from(`${body}`.toWellFormed()), type: "text/plain;charset=UTF-8" };
  };

  // Where the bytes of a body come from: the network, an iterable, or memory.
  const fromNetwork = (number) => ({
    async next() {
      try {
        const piece = await loop.later(() => network.read(number));
        return piece === undefined ? { done: true } : { done: false, value: new Uint8Array(piece) };
      } catch (thrown) {
        throw typeof thrown === "string" ? failed(thrown) : thrown;
      }
    },
    async return() {
      network.forget(number);
      return { done: true };
    },
  });
  const fromMemory = ({ bytes, blob, pieces }) => {
    if (pieces) return pieces[Symbol.asyncIterator]();
    let rest = blob ?? bytes;
    return {
      async next() {
        const value = rest === blob && blob ? new Uint8Array(await blob.arrayBuffer()) : rest;
        rest = undefined;
        return value === undefined || value.length === 0 ? { done: true } : { done: false, value };
      },
      async return() {
        rest = undefined;
        return { done: true };
      },
    };
  };

  // What `body` gives: an iterable with a reader, as streams of the web have it.
  class BodyStream {
    #pieces;
    #locked = false;
    #body;
    constructor(pieces, body) {
      this.#pieces = pieces;
      this.#body = body;
    }
    get locked() {
      return this.#locked;
    }
    getReader() {
      if (this.#locked) throw coded(TypeError, "ERR_INVALID_STATE", "Invalid state: ReadableStream is locked");
      this.#locked = true;
      return {
        read: async () => {
          this.#body.use();
          const { done, value } = await this.#pieces.next();
          return { done: Boolean(done), value };
        },
        cancel: () => this.#pieces.return?.(),
        releaseLock: () => {
          this.#locked = false;
        },
      };
    }
    async cancel() {
      await this.#pieces.return?.();
    }
    [Symbol.asyncIterator]() {
      this.#locked = true;
      this.#body.use();
      return this.#pieces;
    }
  }

  class Body {
    #pieces;
    #stream = null;
    #isUsed = false;
    constructor(pieces) {
      this.#pieces = pieces;
      const body = { use: () => { this.#isUsed = true; } };
      if (pieces) this.#stream = new BodyStream(pieces, body);
    }
    get body() {
      return this.#stream;
    }
    get bodyUsed() {
      return this.#isUsed;
    }
    async #all() {
      if (this.#isUsed) throw new TypeError("Body is unusable: Body has already been read");
      if (!this.#pieces) return Buffer.alloc(0);
      this.#isUsed = true;
      const pieces = [];
      for await (const piece of { [Symbol.asyncIterator]: () => this.#pieces }) {
        pieces.push(typeof piece === "string" ? Buffer.from(piece) : piece);
      }
      return Buffer.concat(pieces);
    }
    async bytes() {
      return new Uint8Array(await this.arrayBuffer());
    }
    async arrayBuffer() {
      const all = await this.#all();
      return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
    }
    async text() {
      return new (part("web").TextDecoder)().decode(await this.#all());
    }
    async json() {
      return JSON.parse(await this.text());
    }
    async blob() {
      return new (part("buffer").Blob)([await this.#all()], { type: this.headers.get("content-type") ?? "" });
    }
  }

  const place = (url) => {
    let parsed;
    try {
      parsed = new URL(`${url}`);
    } catch (cause) {
      throw Object.assign(new TypeError(`Failed to parse URL from ${url}`), { cause });
    }
    if (parsed.username || parsed.password) throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${url}`);
    return parsed;
  };

  class Request extends Body {
    #signal;
    constructor(input, init = {}) {
      const from = input instanceof Request ? input : undefined;
      const body = init.body === undefined && from ? from.given : given(init.body);
      super(body.bytes || body.blob || body.pieces ? fromMemory(body) : null);
      this.given = body;
      Object.defineProperty(this, "given", { enumerable: false });
      this.url = from ? from.url : place(input).href;
      const method = `${init.method ?? from?.method ?? "GET"}`;
      this.method = METHODS.has(method.toUpperCase()) ? method.toUpperCase() : method;
      this.headers = new Headers(init.headers ?? from?.headers);
      this.redirect = init.redirect ?? from?.redirect ?? "follow";
      this.#signal = init.signal ?? from?.signal;
      if (this.body && (this.method === "GET" || this.method === "HEAD")) throw new TypeError("Request with GET/HEAD method cannot have body.");
      if (body.type && !this.headers.has("content-type")) this.headers.set("content-type", body.type);
    }
    get signal() {
      return this.#signal;
    }
    clone() {
      return new Request(this);
    }
  }

  class Response extends Body {
    constructor(body = null, init = {}) {
      const { pieces, url = "", redirected = false } = init[Response.internal] ?? {};
      const content = given(body);
      super(pieces ?? (body === null || body === undefined ? null : fromMemory(content)));
      this.status = init.status ?? 200;
      this.statusText = `${init.statusText ?? ""}`;
      this.headers = new Headers(init.headers);
      Object.assign(this, { url, redirected, type: pieces ? "basic" : "default" });
      if (!pieces && content.type && !this.headers.has("content-type")) this.headers.set("content-type", content.type);
    }
    static internal = Symbol("internal");
    get ok() {
      return this.status >= 200 && this.status <= 299;
    }
    static json(data, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has("content-type")) headers.set("content-type", "application/json");
      return new Response(JSON.stringify(data), { ...init, headers });
    }
    static error() {
      return Object.assign(new Response(), { type: "error", status: 0 });
    }
  }

  // The bytes of a request's body, whole: the host is told their length.
  const whole = async ({ bytes, blob, pieces }) => {
    if (blob) return Buffer.from(await blob.arrayBuffer());
    if (!pieces) return bytes;
    const read = [];
    for await (const piece of pieces) read.push(typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece));
    return Buffer.concat(read);
  };

  // Sends one request; the promise is settled with its number and the head of its answer.
  const exchange = (method, url, headers, body, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const fields = [];
      for (const [key, content] of headers) if (!FORBIDDEN.has(key)) fields.push(key, content);
      let number;
      try {
        number = network.send(method, [url.protocol.slice(0, -1), url.host, url.pathname + url.search], fields, body);
      } catch (thrown) {
        return reject(failed(thrown));
      }
      const abort = () => {
        loop.requests.delete(number);
        network.forget(number);
        reject(signal.reason);
      };
      signal?.addEventListener("abort", abort);
      loop.requests.set(number, (failure, head) => {
        signal?.removeEventListener("abort", abort);
        if (failure !== undefined) return reject(failed(failure));
        resolve({ number, status: head[0], words: head[1] });
      });
    });

  const fetch = async (input, init = {}) => {
    const request = new Request(input, init);
    const { signal } = request;
    let url = place(request.url);
    if (url.protocol !== "http:" && url.protocol !== "https:") throw failed(`EINVAL: ${url.protocol} is not a protocol that goes out`);
    let method = request.method;
    const headers = new Headers(request.headers);
    for (const [key, content] of [["accept", "*/*"], ["accept-language", "*"], ["user-agent", "node"]]) {
      if (!headers.has(key)) headers.set(key, content);
    }
    let body = await whole(request.given);
    if (body === undefined && (method === "POST" || method === "PUT")) body = Buffer.alloc(0);
    for (let redirects = 0; ; redirects++) {
      const { number, status, words } = await exchange(method, url, headers, body, signal);
      const fields = [];
      for (let at = 0; at < words.length; at += 2) fields.push([words[at], words[at + 1]]);
      const location = fields.find(([key]) => key === "location")?.[1];
      if (!REDIRECTS.has(status) || location === undefined || request.redirect === "manual") {
        const hasBody = method !== "HEAD" && !NULL_BODY.has(status);
        if (!hasBody) network.forget(number);
        return new Response(null, {
          status,
          statusText: host.reason(status),
          headers: fields,
          [Response.internal]: { pieces: hasBody ? fromNetwork(number) : undefined, url: url.href, redirected: redirects > 0 },
        });
      }
      network.forget(number);
      if (request.redirect === "error") throw failed("EINVAL: unexpected redirect");
      if (redirects >= MOST_REDIRECTS) throw failed("EINVAL: redirect count exceeded");
      const next = new URL(location, url);
      if (status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST") {
        method = "GET";
        body = undefined;
        for (const key of ["content-encoding", "content-language", "content-location", "content-type"]) headers.delete(key);
      }
      if (next.origin !== url.origin) for (const key of ["authorization", "cookie", "host", "proxy-authorization"]) headers.delete(key);
      url = next;
    }
  };

  return { fetch, Headers, Request, Response };
})
