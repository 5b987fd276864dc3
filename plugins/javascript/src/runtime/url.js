// The module `url` (WHATWG URL Standard), and `querystring`.
(function ({ part }) {
  const { argumentType, coded } = part("errors");
  const PORTS = { "http:": "80", "https:": "443", "ftp:": "21", "ws:": "80", "wss:": "443", "file:": "" };
  const escaped = (text, unsafe) => text.replace(unsafe, (char) => [...part("buffer").Buffer.from(char.toWellFormed())].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""));
  const IN_PATH = /[\0-\x20"#<>?`{}\x7f]|[^\0-\x7f]/gu;
  const IN_QUERY = /[\0-\x20"#<>'\x7f]|[^\0-\x7f]/gu;
  const IN_OPAQUE = /[\0-\x1f\x7f]|[^\0-\x7f]/gu;
  const IN_HASH = /[\0-\x20"<>`\x7f]|[^\0-\x7f]/gu;
  const IN_USER = /[\0-\x20"#<>?`{}/:;=@[\\\]^|\x7f]|[^\0-\x7f]/gu;

  const formEncode = (text) => escaped(`${text}`, /[^*\-._A-Za-z0-9 ]/gu).replaceAll(" ", "+");
  const formDecode = (text) => {
    const spaced = text.replaceAll("+", " ");
    if (!spaced.includes("%")) return spaced;
    const bytes = [];
    const { Buffer } = part("buffer");
    for (const [piece] of spaced.matchAll(/%[0-9a-f]{2}|[^%]+|%/gi)) {
      if (piece.length === 3 && /^%[0-9a-f]{2}$/i.test(piece)) bytes.push(Number.parseInt(piece.slice(1), 16));
      else for (const byte of Buffer.from(piece)) bytes.push(byte);
    }
    return Buffer.from(bytes).toString();
  };

  class URLSearchParams {
    #list = [];
    #changed = () => {};
    constructor(init = "") {
      if (typeof init === "object" && init !== null) {
        const pairs = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
        this.#list = pairs.map((pair) => {
          const [key, value, ...rest] = [...pair];
          if (value === undefined || rest.length > 0) throw coded(TypeError, "ERR_INVALID_TUPLE", "Each query pair must be an iterable [name, value] tuple");
          return [`${key}`, `${value}`];
        });
      } else this.#parse(`${init}`);
    }
    #parse(text) {
      this.#list = text.replace(/^\?/, "").split("&").filter(Boolean).map((pair) => {
        const [, key, value = ""] = /^([^=]*)(?:=([^]*))?$/.exec(pair);
        return [formDecode(key), formDecode(value)];
      });
    }
    static attach(text, changed) {
      const made = new URLSearchParams(text);
      made.#changed = changed;
      return made;
    }
    static refill(params, text) {
      params.#parse(text);
    }
    get size() {
      return this.#list.length;
    }
    append(key, value) {
      this.#list.push([`${key}`, `${value}`]);
      this.#changed();
    }
    delete(key, value) {
      this.#list = this.#list.filter(([name, text]) => name !== `${key}` || (value !== undefined && text !== `${value}`));
      this.#changed();
    }
    get(key) {
      return this.#list.find(([name]) => name === `${key}`)?.[1] ?? null;
    }
    getAll(key) {
      return this.#list.filter(([name]) => name === `${key}`).map(([, value]) => value);
    }
    has(key, value) {
      return this.#list.some(([name, text]) => name === `${key}` && (value === undefined || text === `${value}`));
    }
    set(key, value) {
      const index = this.#list.findIndex(([name]) => name === `${key}`);
      if (index < 0) return this.append(key, value);
      this.#list = this.#list.filter(([name], at) => name !== `${key}` || at === index);
      this.#list[index] = [`${key}`, `${value}`];
      this.#changed();
    }
    sort() {
      this.#list.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
      this.#changed();
    }
    forEach(callback, self) {
      for (const [key, value] of this.#list) callback.call(self, value, key, this);
    }
    *entries() {
      yield* this.#list.map((pair) => [...pair]);
    }
    *keys() {
      for (const [key] of this.#list) yield key;
    }
    *values() {
      for (const [, value] of this.#list) yield value;
    }
    [Symbol.iterator]() {
      return this.entries();
    }
    toString() {
      return this.#list.map(([key, value]) => `${formEncode(key)}=${formEncode(value)}`).join("&");
    }
    [Symbol.for("nodejs.util.inspect.custom")](_depth, options, inspect) {
      if (this.#list.length === 0) return "URLSearchParams {}";
      return `URLSearchParams { ${this.#list.map(([key, value]) => `${inspect(key)} => ${inspect(value)}`).join(", ")} }`;
    }
  }

  const invalid = (input, base) => {
    const error = coded(TypeError, "ERR_INVALID_URL", "Invalid URL");
    error.input = input;
    if (base !== undefined) error.base = base;
    return error;
  };
  const cleanPath = (path) => {
    const parts = [];
    const names = path.split("/").slice(1);
    names.forEach((name, index) => {
      const plain = name.replace(/%2e/gi, ".");
      const isLast = index === names.length - 1;
      if (plain === "..") {
        parts.pop();
        if (isLast) parts.push("");
      } else if (plain === ".") {
        if (isLast) parts.push("");
      } else parts.push(name);
    });
    return `/${parts.join("/")}`;
  };
  const hostOf = (text, isSpecial) => {
    if (text.startsWith("[")) return /^\[[0-9a-f:.]+\]$/i.test(text) ? text.toLowerCase() : undefined;
    if (!isSpecial) return /[\0 #/<>?@[\\\]^|]/.test(text) ? undefined : escaped(text, IN_OPAQUE);
    let host;
    try {
      host = decodeURIComponent(text).toLowerCase();
    } catch {
      return undefined;
    }
    if (host === "" || /[\0-\x20#%/:<>?@[\\\]^`{|}\x7f]/.test(host)) return undefined;
    const numbers = host.split(".");
    if (/^\d+$/.test(numbers.at(-1)) && (numbers.length !== 4 || numbers.some((number) => !/^\d+$/.test(number) || Number(number) > 255))) return undefined;
    return host;
  };
  const parse = (input, base) => {
    let text = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
    const [, fragment] = /#([^]*)$/.exec(text) ?? [];
    if (fragment !== undefined) text = text.slice(0, text.indexOf("#"));
    const hash = text.length === input.length || input.indexOf("#") < 0 ? "" : input.slice(input.indexOf("#") + 1);
    const url = { protocol: "", username: "", password: "", host: "", port: "", path: "", query: null, fragment: input.includes("#") ? escaped(hash.replace(/[\0-\x20]+$/, ""), IN_HASH) : null, isOpaque: false, hasHost: false };
    let [, scheme] = /^([a-z][a-z0-9+.-]*:)/i.exec(text) ?? [];
    scheme = scheme?.toLowerCase();
    if (scheme === undefined && !base) return undefined;
    const isSpecial = (scheme ?? base.protocol) in PORTS;
    let rest = scheme === undefined ? text : text.slice(scheme.length);
    let query = null;
    const mark = rest.indexOf("?");
    if (mark >= 0) [rest, query] = [rest.slice(0, mark), rest.slice(mark + 1)];
    if (isSpecial) rest = rest.replaceAll("\\", "/");
    url.query = query === null ? null : escaped(query, isSpecial ? IN_QUERY : /[\0-\x20"#<>\x7f]|[^\0-\x7f]/gu);
    url.protocol = scheme ?? base.protocol;
    const isRelative = scheme === undefined || (scheme === base?.protocol && isSpecial && !rest.startsWith("/"));
    if (isRelative && !rest.startsWith("//")) {
      if (base.isOpaque) return rest === "" && query === null && url.fragment !== null ? { ...base, fragment: url.fragment } : undefined;
      Object.assign(url, { username: base.username, password: base.password, host: base.host, port: base.port, hasHost: base.hasHost });
      if (rest === "") {
        url.path = base.path;
        if (query === null) url.query = base.query;
      } else url.path = cleanPath(escaped(rest.startsWith("/") ? rest : base.path.replace(/[^/]*$/, "") + rest, IN_PATH));
      return url;
    }
    if (isSpecial && url.protocol !== "file:") rest = `//${rest.replace(/^\/*/, "")}`;
    if (rest.startsWith("//")) {
      const [, authority, path] = /^\/\/([^/]*)([^]*)$/.exec(rest);
      const at = authority.lastIndexOf("@");
      if (at >= 0) {
        const [, user, password = ""] = /^([^:]*)(?::([^]*))?$/.exec(authority.slice(0, at));
        url.username = escaped(user, IN_USER);
        url.password = escaped(password, IN_USER);
      }
      const [, host, port = ""] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority.slice(at + 1)) ?? [];
      if (host === undefined || !/^\d*$/.test(port) || Number(port) > 65535) return undefined;
      url.hasHost = true;
      if (host === "" && (url.protocol === "file:" || !isSpecial)) url.host = "";
      else {
        url.host = hostOf(host, isSpecial);
        if (url.host === undefined) return undefined;
      }
      if (url.protocol === "file:" && url.host === "localhost") url.host = "";
      url.port = port === "" || `${Number(port)}` === PORTS[url.protocol] ? "" : `${Number(port)}`;
      url.path = path === "" && !isSpecial ? "" : cleanPath(escaped(path || "/", IN_PATH));
    } else if (rest.startsWith("/") || url.protocol === "file:") {
      url.hasHost = url.protocol === "file:";
      url.path = cleanPath(escaped(rest.startsWith("/") ? rest : `/${rest}`, IN_PATH));
    } else {
      url.isOpaque = true;
      url.path = escaped(rest, IN_OPAQUE);
    }
    return url;
  };

  class URL {
    #url;
    #params;
    constructor(input, base) {
      input = `${input}`;
      let parsedBase;
      if (base !== undefined) {
        parsedBase = parse(`${base}`);
        if (!parsedBase) throw invalid(input, `${base}`);
      }
      this.#url = parse(input, parsedBase);
      if (!this.#url) throw invalid(input, base === undefined ? undefined : `${base}`);
    }
    static canParse(input, base) {
      try {
        return Boolean(new URL(input, base));
      } catch {
        return false;
      }
    }
    static parse(input, base) {
      return URL.canParse(input, base) ? new URL(input, base) : null;
    }
    get href() {
      const url = this.#url;
      const user = url.username || url.password ? `${url.username}${url.password ? `:${url.password}` : ""}@` : "";
      return `${url.protocol}${url.hasHost ? `//${user}${this.host}` : ""}${url.path}${url.query === null ? "" : `?${url.query}`}${url.fragment === null ? "" : `#${url.fragment}`}`;
    }
    set href(value) {
      const url = parse(`${value}`);
      if (!url) throw invalid(`${value}`);
      this.#url = url;
      if (this.#params) URLSearchParams.refill(this.#params, url.query ?? "");
    }
    get origin() {
      const { protocol } = this.#url;
      return protocol in PORTS && protocol !== "file:" ? `${protocol}//${this.host}` : "null";
    }
    get protocol() {
      return this.#url.protocol;
    }
    set protocol(value) {
      this.#change(this.href.replace(/^[^:]*:/, `${value}`.replace(/:?$/, ":")));
    }
    #change(href) {
      const url = parse(href);
      if (url) this.#url = url;
    }
    get username() {
      return this.#url.username;
    }
    set username(value) {
      this.#url.username = escaped(`${value}`, IN_USER);
    }
    get password() {
      return this.#url.password;
    }
    set password(value) {
      this.#url.password = escaped(`${value}`, IN_USER);
    }
    get host() {
      return this.#url.host + (this.#url.port === "" ? "" : `:${this.#url.port}`);
    }
    set host(value) {
      const [, host, port] = /^(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?/.exec(`${value}`);
      this.hostname = host;
      if (port !== undefined) this.port = port;
    }
    get hostname() {
      return this.#url.host;
    }
    set hostname(value) {
      const host = hostOf(`${value}`, this.#url.protocol in PORTS);
      if (host !== undefined && !this.#url.isOpaque) this.#url.host = host;
    }
    get port() {
      return this.#url.port;
    }
    set port(value) {
      const [digits] = /^\d*/.exec(`${value}`);
      if (digits !== "" || `${value}` === "") this.#url.port = digits === PORTS[this.#url.protocol] ? "" : digits;
    }
    get pathname() {
      return this.#url.path;
    }
    set pathname(value) {
      if (!this.#url.isOpaque) this.#url.path = cleanPath(escaped(`/${`${value}`.replace(/^\//, "")}`, IN_PATH));
    }
    get search() {
      return this.#url.query ? `?${this.#url.query}` : "";
    }
    set search(value) {
      const text = `${value}`.replace(/^\?/, "");
      this.#url.query = text === "" ? null : escaped(text, IN_QUERY);
      if (this.#params) URLSearchParams.refill(this.#params, text);
    }
    get searchParams() {
      this.#params ??= URLSearchParams.attach(this.#url.query ?? "", () => {
        this.#url.query = this.#params.size === 0 ? null : this.#params.toString();
      });
      return this.#params;
    }
    get hash() {
      return this.#url.fragment ? `#${this.#url.fragment}` : "";
    }
    set hash(value) {
      const text = `${value}`.replace(/^#/, "");
      this.#url.fragment = text === "" ? null : escaped(text, IN_HASH);
    }
    toString() {
      return this.href;
    }
    toJSON() {
      return this.href;
    }
    [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
      const shown = {};
      for (const key of ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"]) shown[key] = this[key];
      return `URL ${inspect(shown, options)}`;
    }
  }
  const fileURLToPath = (url) => {
    if (typeof url === "string") url = new URL(url);
    else if (!url || url.href === undefined) throw argumentType("path", "of type string or an instance of URL", url);
    if (url.protocol !== "file:") throw coded(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
    if (url.hostname !== "") throw coded(TypeError, "ERR_INVALID_FILE_URL_HOST", `File URL host must be "localhost" or empty on linux`);
    if (/%2f/i.test(url.pathname)) throw coded(TypeError, "ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters");
    return decodeURIComponent(url.pathname);
  };
  const pathToFileURL = (path) => {
    const resolved = part("path").resolve(path) + (path.endsWith("/") && path !== "/" ? "/" : "");
    return new URL(`file://${escaped(resolved, /[%\\\n\r\t?#\0-\x20"<>`{}\x7f]|[^\0-\x7f]/gu)}`);
  };
  const querystring = {
    escape: encodeURIComponent,
    unescape: formDecode,
    parse(text, separator = "&", equals = "=") {
      const result = Object.create(null);
      for (const pair of text.split(separator).filter(Boolean)) {
        const at = pair.indexOf(equals);
        const key = formDecode(at < 0 ? pair : pair.slice(0, at));
        const value = at < 0 ? "" : formDecode(pair.slice(at + equals.length));
        result[key] = key in result ? [result[key], value].flat() : value;
      }
      return result;
    },
    stringify: (object, separator = "&", equals = "=") =>
      Object.entries(object ?? {}).flatMap(([key, value]) => [value].flat().map((one) => `${encodeURIComponent(key)}${equals}${one == null || typeof one === "object" ? "" : encodeURIComponent(one)}`)).join(separator),
  };
  querystring.decode = querystring.parse;
  querystring.encode = querystring.stringify;
  return {
    URL, URLSearchParams, fileURLToPath, pathToFileURL, querystring,
    // A file's path from a path or a file URL.
    pathOf: (value) => (typeof value === "string" && !value.startsWith("file:") ? value : fileURLToPath(value)),
    urlToHttpOptions: (url) => ({ protocol: url.protocol, hostname: url.hostname, path: url.pathname + url.search, href: url.href, ...(url.port && { port: Number(url.port) }) }),
    domainToASCII: (name) => name.toLowerCase(),
    domainToUnicode: (name) => name,
    format: (url) => (typeof url === "string" ? url : url.href ?? `${url.protocol ?? ""}${url.slashes || url.host || url.hostname ? "//" : ""}${url.host ?? `${url.hostname ?? ""}${url.port ? `:${url.port}` : ""}`}${url.pathname ?? ""}${url.search ?? (url.query ? `?${querystring.stringify(url.query)}` : "")}${url.hash ?? ""}`),
    resolve: (from, to) => new URL(to, new URL(from, "resolve:///")).href.replace(/^resolve:\/\//, ""),
    parse(text, parsesQuery) {
      const [, protocol = null, slashes, auth = null, host = null, pathname = null, search = null, hash = null] = /^([a-z][a-z0-9+.-]*:)?(\/\/)?(?:([^@/?#]*)@)?([^/?#]*)?([^?#]*)?(\?[^#]*)?(#.*)?$/i.exec(text) ?? [];
      const [, hostname, port] = /^(.*?)(?::(\d+))?$/.exec(host ?? "");
      const query = search?.slice(1) ?? null;
      return { protocol, slashes: slashes ? true : null, auth, host: slashes ? host : null, port: port ?? null, hostname: slashes ? hostname : null, hash, search, query: parsesQuery ? querystring.parse(query ?? "") : query, pathname: (slashes ? pathname : `${host ?? ""}${pathname ?? ""}`) || null, path: `${pathname ?? ""}${search ?? ""}` || null, href: text };
    },
  };
})
