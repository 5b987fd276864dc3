// Finding and loading modules: Node's two systems, over the files that the program may read.
(function (internal) {
  const { host, part } = internal;
  const loop = part("loop");
  const errors = part("errors");
  const files = host.files;
  const path = part("path");

  // Public names of the library's modules, and what gives them.
  const BUILTINS = {
    assert: () => part("assert"),
    "assert/strict": () => part("assert").strict,
    buffer: () => part("buffer"),
    child_process: () => part("child_process"),
    console: () => part("console"),
    constants: () => part("os").constants,
    crypto: () => part("crypto"),
    events: () => part("events"),
    fs: () => part("fs"),
    "fs/promises": () => part("fs_promises"),
    module: () => Module,
    os: () => part("os"),
    path: () => part("path"),
    "path/posix": () => part("path"),
    perf_hooks: () => ({ performance: part("web").performance }),
    process: () => part("process"),
    querystring: () => part("url").querystring,
    readline: () => part("readline"),
    "readline/promises": () => part("readline").promises,
    stream: () => part("stream"),
    "stream/promises": () => part("stream").promises,
    string_decoder: () => part("string_decoder"),
    timers: () => part("timers"),
    "timers/promises": () => part("timers").promises,
    url: () => part("url"),
    util: () => part("util"),
    "util/types": () => part("util").types,
    test: () => part("test"),
  };
  const ABSENT = {
    async_hooks: "there is one thread and no hook on its tasks", cluster: "there are no processes", dgram: "there are no sockets",
    dns: "names are looked up outside it", "dns/promises": "names are looked up outside it", http: "use fetch", http2: "use fetch",
    https: "use fetch", inspector: "there is no debugger", net: "there are no sockets; use fetch", repl: "there is no terminal",
    tls: "there are no sockets; use fetch", tty: "there is no terminal", v8: "the engine is QuickJS", vm: "there is one realm",
    worker_threads: "there are no threads", zlib: "it is not part of this runtime",
  };

  const builtin = (name) => {
    const isPrefixed = name.startsWith("node:");
    const plain = isPrefixed ? name.slice(5) : name;
    if (plain === "test" && !isPrefixed) return undefined;
    if (Object.hasOwn(BUILTINS, plain)) return `node:${plain}`;
    if (Object.hasOwn(ABSENT, plain)) {
      throw errors.coded(Error, "ERR_UNKNOWN_BUILTIN_MODULE", `The module '${plain}' is not available in the sandbox: ${ABSENT[plain]}`);
    }
    if (isPrefixed) throw errors.coded(Error, "ERR_UNKNOWN_BUILTIN_MODULE", `No such built-in module: ${name}`);
    return undefined;
  };
  const loadBuiltin = (name) => BUILTINS[name.slice(5)]();

  const kindOf = (file) => {
    try {
      return files.status(file, true).kind;
    } catch {
      return undefined;
    }
  };
  const readText = (file) => {
    try {
      const text = host.decode(new Uint8Array(files.read(file)));
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    } catch (code) {
      if (typeof code !== "string") throw code;
      throw part("fs").failure(code, "open", file);
    }
  };

  // package.json of a folder, if it has one.
  const packages = new Map();
  const packageAt = (folder) => {
    if (!packages.has(folder)) {
      let found = null;
      const file = path.join(folder, "package.json");
      if (kindOf(file) === "file") {
        try {
          found = JSON.parse(readText(file));
        } catch (error) {
          throw errors.coded(Error, "ERR_INVALID_PACKAGE_CONFIG", `Invalid package config ${file}. ${error.message}`);
        }
      }
      packages.set(folder, found);
    }
    return packages.get(folder);
  };
  // The nearest package.json at or above a file's folder: [folder, content].
  const packageOf = (file) => {
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
      const found = packageAt(folder);
      if (found) return [folder, found];
      if (folder === "/" || folder.endsWith("/node_modules")) return [folder, null];
    }
  };

  // The target of `exports` or `imports` for a subpath, under the conditions.
  const target = (entry, conditions, wildcard) => {
    if (typeof entry === "string") return wildcard === undefined ? entry : entry.replaceAll("*", wildcard);
    if (Array.isArray(entry)) {
      for (const option of entry) {
        const found = target(option, conditions, wildcard);
        if (found) return found;
      }
      return undefined;
    }
    if (entry && typeof entry === "object") {
      for (const [condition, value] of Object.entries(entry)) {
        if (!conditions.has(condition)) continue;
        const found = target(value, conditions, wildcard);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  const mapped = (map, key, conditions) => {
    if (Object.hasOwn(map, key) && !key.includes("*")) return target(map[key], conditions);
    const patterns = Object.keys(map).filter((name) => name.includes("*"));
    patterns.sort((one, other) => other.indexOf("*") - one.indexOf("*"));
    for (const pattern of patterns) {
      const [before, after] = pattern.split("*");
      if (key.startsWith(before) && key.endsWith(after) && key.length >= pattern.length) {
        return target(map[pattern], conditions, key.slice(before.length, key.length - after.length));
      }
    }
    return undefined;
  };
  const exported = (folder, content, subpath, conditions) => {
    const { exports } = content;
    const isMap = typeof exports === "object" && exports !== null && Object.keys(exports).some((key) => key.startsWith("."));
    const found = isMap ? mapped(exports, subpath, conditions) : subpath === "." ? target(exports, conditions) : undefined;
    if (!found) {
      const what = subpath === "." ? `No "exports" main defined in` : `Package subpath '${subpath}' is not defined by "exports" in`;
      throw errors.coded(Error, "ERR_PACKAGE_PATH_NOT_EXPORTED", `${what} ${folder}/package.json`);
    }
    return path.join(folder, found);
  };

  const EXTENSIONS = [".js", ".json", ".cjs", ".mjs"];
  const asFile = (file) => {
    if (kindOf(file) === "file") return file;
    return EXTENSIONS.slice(0, 2).map((extension) => file + extension).find((name) => kindOf(name) === "file");
  };
  const asFolder = (folder) => {
    if (kindOf(folder) !== "directory") return undefined;
    const main = packageAt(folder)?.main;
    const named = typeof main === "string" ? asFile(path.join(folder, main)) ?? asFile(path.join(folder, main, "index")) : undefined;
    return named ?? asFile(path.join(folder, "index"));
  };
  const inPackages = (name, base, conditions, completes) => {
    const [, owner, rest] = /^((?:@[^/]+\/)?[^/]+)(?:\/(.*))?$/.exec(name) ?? [];
    if (owner === undefined) return undefined;
    const subpath = rest === undefined ? "." : `./${rest}`;
    const [own, content] = packageOf(base);
    if (content?.name === owner && content.exports !== undefined) return exported(own, content, subpath, conditions);
    for (let folder = path.dirname(base); ; folder = path.dirname(folder)) {
      const candidate = path.join(folder, "node_modules", owner);
      if (!folder.endsWith("/node_modules") && kindOf(candidate) === "directory") {
        const found = packageAt(candidate);
        if (found?.exports != null) return exported(candidate, found, subpath, conditions);
        const file = path.join(candidate, rest ?? "");
        const result = rest === undefined || completes ? (rest !== undefined && asFile(file)) || asFolder(file) : kindOf(file) === "file" ? file : undefined;
        if (result) return result;
      }
      if (folder === "/") return undefined;
    }
  };
  const inImports = (name, base, conditions) => {
    const [folder, content] = packageOf(base);
    const found = content?.imports && mapped(content.imports, name, conditions);
    if (!found) {
      throw errors.coded(TypeError, "ERR_PACKAGE_IMPORT_NOT_DEFINED", `Package import specifier "${name}" is not defined imported from ${base}`);
    }
    return found.startsWith("./") ? path.join(folder, found) : inPackages(found, base, conditions, false);
  };
  const real = (file) => part("fs").realpathSync(file);

  // ---- CommonJS

  const REQUIRING = new Set(["node", "require", "module-sync", "default"]);
  const cache = Object.create(null);
  const compileErrors = /^(?:import declarations|unsupported keyword: (?:import|export)|.*(?:import\.meta|'import\.meta'|import|export|await))/;
  const MODULE_SYNTAX = /^\s*(?:import\s*(?:[\w$*{]|["'])|export\s*(?:[*{]|default\b|const\b|let\b|var\b|function\b|class\b|async\b))|\bimport\.meta\b|^\s*(?:(?:const|let|var)\s[^=\n]*=\s*)?await\s/m;
  const HEAD = "(function (exports, require, module, __filename, __dirname) { ";
  const wrap = (text) => `${HEAD}${text.replace(/^#!.*/, "")}\n})`;

  const compile = (text, file) => {
    errors.wrappers.set(file, HEAD.length);
    return host.script(wrap(text), file);
  };

  class Module {
    constructor(id, parent) {
      this.id = id;
      this.path = path.dirname(id);
      this.exports = {};
      this.filename = id;
      this.loaded = false;
      this.children = [];
      Object.defineProperty(this, "parent", { value: parent, enumerable: false, configurable: true });
      parent?.children?.push(this);
      this.paths = Module._nodeModulePaths(this.path);
    }
    require(name) {
      return requireFrom(this.filename, name, this);
    }
    _compile(text, file) {
      const run = compile(text, file);
      run.call(this.exports, this.exports, requireFor(this), this, file, path.dirname(file));
    }
  }
  Module.Module = Module;
  Module._cache = cache;
  Module._nodeModulePaths = (folder) => {
    const found = [];
    for (; ; folder = path.dirname(folder)) {
      if (!folder.endsWith("/node_modules")) found.push(path.join(folder, "node_modules"));
      if (folder === "/") return found;
    }
  };
  Module._load = (name, parent) => requireFrom(parent?.filename ?? `${part("process").cwd()}/`, name, parent);
  Module._resolveFilename = (name, parent) => resolveRequire(parent?.filename ?? `${part("process").cwd()}/`, name);
  Module._extensions = { ".js": undefined, ".json": undefined };
  Module.builtinModules = Object.keys(BUILTINS).filter((name) => name !== "test");
  Module.isBuiltin = (name) => {
    try {
      return builtin(name) !== undefined;
    } catch {
      return false;
    }
  };
  Module.createRequire = (from) => {
    const base = part("url").pathOf(from);
    return requireFor({ filename: base, children: [] });
  };
  Module.wrap = wrap;

  const resolveRequire = (base, name) => {
    if (typeof name !== "string") throw errors.argumentType("id", "of type string", name);
    if (name === "") throw errors.coded(TypeError, "ERR_INVALID_ARG_VALUE", "The argument 'id' must be a non-empty string. Received ''");
    const known = builtin(name);
    if (known) return known;
    let found;
    if (/^(?:\.{0,2}\/|\.{1,2}$)/.test(name)) {
      const full = path.resolve(base.endsWith("/") ? base : path.dirname(base), name);
      found = (name.endsWith("/") || /(?:^|\/)\.{1,2}$/.test(name) ? undefined : asFile(full)) ?? asFolder(full);
    } else if (name.startsWith("#")) found = inImports(name, base, REQUIRING);
    else found = inPackages(name, base.endsWith("/") ? `${base}x` : base, REQUIRING, true);
    if (!found || (kindOf(found) !== "file")) {
      const error = new Error(`Cannot find module '${name}'\nRequire stack:\n- ${base}`);
      error.code = "MODULE_NOT_FOUND";
      error.requireStack = [base];
      throw error;
    }
    return real(found);
  };

  const typeOf = (file, text) => {
    if (file.endsWith(".mjs")) return "module";
    if (file.endsWith(".cjs") || file.endsWith(".json")) return "commonjs";
    const declared = file.endsWith(".js") || !/\.[^/]+$/.test(file) ? packageOf(file)[1]?.type : undefined;
    if (declared === "module" || declared === "commonjs") return declared;
    // Nothing is declared: a text that only a module may hold is one, as Node has it since 20.19.
    if (text === undefined || !MODULE_SYNTAX.test(text)) return "commonjs";
    try {
      compile(text, file);
      return "commonjs";
    } catch (error) {
      return error instanceof SyntaxError ? "module" : "commonjs";
    }
  };

  const requireFrom = (base, name, parent) => {
    const file = resolveRequire(base, name);
    if (file.startsWith("node:")) return loadBuiltin(file);
    const known = cache[file];
    if (known) {
      parent?.children?.push(known);
      return known.exports;
    }
    return loadCommon(file, parent).exports;
  };
  const loadCommon = (file, parent) => {
    const module = new Module(file, parent);
    cache[file] = module;
    try {
      if (file.endsWith(".node")) throw errors.coded(Error, "ERR_DLOPEN_FAILED", `${file}: native add-ons cannot be loaded in the sandbox`);
      const text = readText(file);
      if (file.endsWith(".json")) {
        try {
          module.exports = JSON.parse(text);
        } catch (error) {
          error.message = `${file}: ${error.message}`;
          throw error;
        }
      } else if (typeOf(file, text) === "module") module.exports = requireModule(file);
      else module._compile(text, file);
    } catch (error) {
      delete cache[file];
      throw error;
    }
    module.loaded = true;
    return module;
  };
  // `require` of an ECMAScript module: its namespace, if it needs no waiting.
  const requireModule = (file) => {
    const promise = host.importModule(file);
    promise.catch(() => {});
    host.runJobs();
    const [state, value] = host.promiseState(promise);
    if (state === "rejected") throw value;
    if (state === "pending") {
      throw errors.coded(Error, "ERR_REQUIRE_ASYNC_MODULE", "require() cannot be used on an ESM graph with top-level await. Use import() instead.");
    }
    return value;
  };
  const requireFor = (module) => {
    const require = (name) => requireFrom(module.filename, name, module);
    require.resolve = (name) => {
      const file = resolveRequire(module.filename, name);
      return file.startsWith("node:") && !name.startsWith("node:") ? name : file;
    };
    require.resolve.paths = () => Module._nodeModulePaths(path.dirname(module.filename));
    require.cache = cache;
    require.main = mainModule;
    require.extensions = Module._extensions;
    return require;
  };
  let mainModule;

  // ---- ECMAScript modules

  const IMPORTING = new Set(["node", "import", "module-sync", "default"]);
  const virtual = new Map();
  const dataUrls = /^data:(text\/javascript|application\/json)[^,]*,/;

  const resolveImport = (base, name) => {
    if (virtual.has(name)) return name;
    const known = builtin(name);
    if (known) return known;
    if (dataUrls.test(name)) return name;
    if (base.startsWith("node:") || !base.startsWith("/")) base = `${part("process").cwd()}/[eval]`;
    let full;
    if (name.startsWith("file:")) full = part("url").fileURLToPath(name);
    else if (/^\.{0,2}\//.test(name) || name === "." || name === "..") {
      full = path.resolve(path.dirname(base), decodeURIComponent(name.replace(/[?#].*$/, "")));
    } else if (/^https?:/.test(name)) {
      throw errors.coded(Error, "ERR_UNSUPPORTED_ESM_URL_SCHEME", `Only URLs with a scheme in: file, data, and node are supported by the default ESM loader. Received protocol '${name.split(":")[0]}:'`);
    } else {
      const found = name.startsWith("#") ? inImports(name, base, IMPORTING) : inPackages(name, base, IMPORTING, false);
      if (found === undefined) {
        const owner = /^(?:@[^/]+\/)?[^/]+/.exec(name)[0];
        throw errors.coded(Error, "ERR_MODULE_NOT_FOUND", `Cannot find package '${owner}' imported from ${base}`);
      }
      full = found;
    }
    const kind = kindOf(full);
    if (kind === "directory") {
      throw errors.coded(Error, "ERR_UNSUPPORTED_DIR_IMPORT", `Directory import '${full}' is not supported resolving ES modules imported from ${base}`);
    }
    if (kind === undefined) {
      throw errors.coded(Error, "ERR_MODULE_NOT_FOUND", `Cannot find module '${full}' imported from ${base}`);
    }
    return real(full);
  };

  const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
  const RESERVED = new Set(
    "await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield eval arguments".split(" "),
  );
  // A module whose default export is `value()`, and whose named ones are that value's properties.
  const facade = (value, names) => {
    const usable = [...new Set(names)].filter((name) => IDENTIFIER.test(name) && name !== "default");
    let source = "const value = import.meta.value(); export default value;";
    usable.forEach((name, index) => {
      source += RESERVED.has(name)
        ? `const _${index}=value?.${name};export{_${index} as ${name}};`
        : `export const _${index}$=value?.${name};`.replace(`export const _${index}$`, `const _${index}$`) + `export{_${index}$ as ${name}};`;
    });
    return {
      source,
      describe(meta) {
        Object.defineProperty(meta, "value", { value, configurable: true });
      },
    };
  };
  // Names that a CommonJS text exports, read from the text as Node does.
  const exportedNames = (text, file, seen = new Set()) => {
    const names = new Set();
    if (seen.has(file)) return names;
    seen.add(file);
    for (const [, name] of text.matchAll(/\bexports\.([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=(?!=)/gu)) names.add(name);
    for (const [, , name] of text.matchAll(/Object\.defineProperty\(\s*(?:module\.)?exports\s*,\s*(["'])([^"']+)\1/g)) names.add(name);
    for (const [, body] of text.matchAll(/\bmodule\.exports\s*=\s*\{([^}]*)/g)) {
      for (const item of body.split(",")) {
        const [, name] = /^\s*(?:async\s+)?["']?([\p{ID_Start}$_][\p{ID_Continue}$]*)["']?\s*(?:[:(]|$)/u.exec(item) ?? [];
        if (name) names.add(name);
      }
    }
    for (const [, name] of text.matchAll(/\bmodule\.exports\s*=\s*require\(\s*["']([^"']+)["']\s*\)/g)) {
      try {
        const other = resolveRequire(file, name);
        if (!other.startsWith("node:")) for (const more of exportedNames(readText(other), other, seen)) names.add(more);
      } catch {
        // Running the module will say what is missing.
      }
    }
    return names;
  };

  const describe = (file) => (meta) => {
    meta.dirname = path.dirname(file);
    meta.filename = file;
    meta.resolve = (name) => {
      const found = resolveImport(file, name);
      return found.startsWith("/") ? part("url").pathToFileURL(found).href : found;
    };
    meta.url = file.startsWith("/") ? part("url").pathToFileURL(file).href : file;
  };

  const load = (name) => {
    if (virtual.has(name)) return { source: virtual.get(name), describe: describe(name) };
    if (name.startsWith("node:")) {
      const value = loadBuiltin(name);
      return facade(() => value, Object.keys(value));
    }
    const data = dataUrls.exec(name);
    if (data) {
      const body = name.slice(data[0].length);
      const text = /;base64,$/.test(data[0]) ? part("buffer").Buffer.from(body, "base64").toString() : decodeURIComponent(body);
      return data[1] === "application/json" ? facade(() => JSON.parse(text), []) : { source: text, describe: describe(name) };
    }
    const text = readText(name);
    if (name.endsWith(".json")) {
      return facade(() => {
        try {
          return JSON.parse(text);
        } catch (error) {
          error.message = `${name}: ${error.message}`;
          throw error;
        }
      }, []);
    }
    if (typeOf(name, text) === "commonjs") {
      return facade(() => (cache[name] ?? loadCommon(name)).exports, exportedNames(text, name));
    }
    loop.modules.add(name);
    return { source: text.replace(/^#!.*/, "").replace(ATTRIBUTES, ""), describe: describe(name) };
  };
  // The engine knows a module's kind by its file's name; the attribute only repeats it.
  const ATTRIBUTES = /(?<=\b(?:from|import)\s*(?:"[^"\n]*"|'[^'\n]*')\s*)(?:with|assert)\s*\{\s*type\s*:\s*["']json["']\s*,?\s*\}/g;

  // ---- programs

  const settleMain = (promise) => {
    promise.then(undefined, (error) => loop.fatal(error));
    loop.settle();
    part("process").once("beforeExit", () => {
      if (host.promiseState(promise)[0] === "pending") {
        host.write(2, "Warning: Detected unsettled top-level await\n");
        part("process").exit(13);
      }
    });
  };

  return {
    resolveImport,
    load,
    requireFrom,
    wrap,
    mainPath(file) {
      const full = path.resolve(file);
      const found = asFile(full) ?? asFolder(full);
      if (found) return real(found);
      const error = new Error(`Cannot find module '${full}'`);
      error.code = "MODULE_NOT_FOUND";
      error.requireStack = [];
      throw error;
    },
    runMain(file) {
      const text = readText(file);
      if (typeOf(file, text) === "module") return settleMain(host.importModule(file));
      mainModule = new Module(file);
      mainModule.id = ".";
      part("process").mainModule = mainModule;
      cache[file] = mainModule;
      mainModule._compile(text, file);
      mainModule.loaded = true;
    },
    runModuleText(text, name) {
      const full = `${part("process").cwd()}/${name}`;
      virtual.set(full, text.replace(ATTRIBUTES, ""));
      loop.sources.set(full, text);
      settleMain(host.importModule(full));
    },
    // Runs a text in the global scope, with `require` and `module`, and returns its value.
    runScriptText(text, name) {
      loop.sources.set(name, text);
      const module = new Module(path.join(part("process").cwd(), name));
      module.id = name;
      module.filename = path.join(part("process").cwd(), name);
      Object.assign(globalThis, { module, exports: module.exports, require: requireFor(module), __filename: name, __dirname: "." });
      for (const key of ["module", "exports", "require", "__filename", "__dirname"]) {
        Object.defineProperty(globalThis, key, { enumerable: false });
      }
      for (const known of Module.builtinModules) {
        if (/\W/.test(known) || known in globalThis) continue;
        Object.defineProperty(globalThis, known, {
          configurable: true,
          enumerable: false,
          get: () => loadBuiltin(`node:${known}`),
          set: (value) => Object.defineProperty(globalThis, known, { value, writable: true, configurable: true, enumerable: true }),
        });
      }
      try {
        return host.script(text, name);
      } catch (error) {
        if (!(error instanceof SyntaxError) || !MODULE_SYNTAX.test(text)) throw error;
        this.runModuleText(text, `${name}1`);
      }
    },
    check(file) {
      const text = readText(file);
      if (typeOf(file, text) === "module") host.checkModule(file, text.replace(/^#!.*/, ""));
      else compile(text, file);
    },
  };
})
