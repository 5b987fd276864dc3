// process.
(function ({ host, part }) {
  const EventEmitter = part("events");
  const loop = part("loop");
  const { argumentType, coded } = part("errors");
  const VERSION = "v20.19.0";
  let cwd = host.startingDirectory;
  let exitCode;
  let isExiting = false;

  function process() {}
  const self = Object.create(Object.create(EventEmitter.prototype, { constructor: { value: process } }));
  Object.defineProperty(self, Symbol.toStringTag, { value: "process", configurable: true });
  EventEmitter.init.call(self);
  for (const name of ["_events", "_eventsCount", "_maxListeners"]) Object.defineProperty(self, name, { enumerable: false });

  const environment = new Proxy(host.environment, {
    set: (target, key, value) => Reflect.set(target, key, `${value}`),
    defineProperty: (target, key, descriptor) =>
      Reflect.defineProperty(target, key, "value" in descriptor ? { ...descriptor, value: `${descriptor.value}` } : descriptor),
  });

  const codeOf = (value) => {
    if (value === undefined || value === null) return undefined;
    const code = Number(value);
    if (!Number.isInteger(code)) throw argumentType("code", "an integer", value);
    return value;
  };
  const hrtime = (before) => {
    const now = host.elapsed();
    let seconds = Math.floor(now / 1e3);
    let nanoseconds = Math.floor((now % 1e3) * 1e6);
    if (before) {
      seconds -= before[0];
      nanoseconds -= before[1];
      if (nanoseconds < 0) [seconds, nanoseconds] = [seconds - 1, nanoseconds + 1e9];
    }
    return [seconds, nanoseconds];
  };
  hrtime.bigint = () => BigInt(Math.floor(host.elapsed() * 1e6));
  const memoryUsage = () => {
    const bytes = host.memory();
    return { rss: bytes, heapTotal: bytes, heapUsed: bytes, external: 0, arrayBuffers: 0 };
  };
  memoryUsage.rss = () => host.memory();

  const stream = (name, value) => {
    let made;
    Object.defineProperty(self, name, { configurable: true, enumerable: true, get: () => (made ??= value()) });
  };
  stream("stdout", () => part("stream").standardOutput(1));
  stream("stderr", () => part("stream").standardOutput(2));
  stream("stdin", () => part("stream").standardInput());

  Object.assign(self, {
    title: "node",
    version: VERSION,
    versions: { node: VERSION.slice(1), quickjs: "0.11.0", modules: "115" },
    release: { name: "node" },
    arch: "wasm32",
    platform: "linux",
    argv: ["/usr/bin/node"],
    argv0: host.arguments[0] ?? "node",
    execArgv: [],
    execPath: "/usr/bin/node",
    env: environment,
    pid: 1,
    ppid: 0,
    config: { variables: {} },
    features: {},
    allowedNodeEnvironmentFlags: new Set(),
    cwd: () => cwd,
    chdir(folder) {
      if (typeof folder !== "string") throw argumentType("directory", "of type string", folder);
      const full = part("path").resolve(folder);
      let code;
      try {
        if (host.files.status(full, true).kind !== "directory") code = "ENOTDIR";
      } catch (error) {
        code = error;
      }
      if (code !== undefined) {
        const error = part("fs").failure(code, "chdir", cwd, folder);
        throw error;
      }
      cwd = full;
    },
    exit(code) {
      if (code !== undefined) exitCode = codeOf(code);
      if (!isExiting) {
        isExiting = true;
        try {
          self.emit("exit", exitCode ?? 0);
        } catch (error) {
          loop.fatal(error);
        }
      }
      host.exit((Number(exitCode ?? 0) & 255) >>> 0);
    },
    reallyExit: (code) => host.exit(Number(code ?? 0) & 255),
    abort: () => host.exit(134),
    kill(pid) {
      throw coded(Error, "EPERM", `kill EPERM: process ${pid} cannot be signalled from the sandbox`);
    },
    nextTick(callback, ...args) {
      if (typeof callback !== "function") throw argumentType("callback", "of type function", callback);
      loop.tick(callback, args);
    },
    hrtime,
    uptime: () => host.elapsed() / 1e3,
    memoryUsage,
    cpuUsage: () => ({ user: Math.floor(host.elapsed() * 1e3), system: 0 }),
    resourceUsage: () => ({ maxRSS: host.memory() >> 10 }),
    umask: () => 0o22,
    getuid: () => 1000,
    geteuid: () => 1000,
    getgid: () => 1000,
    getegid: () => 1000,
    emitWarning(warning, type = "Warning", code) {
      if (type && typeof type === "object") ({ type = "Warning", code } = type);
      const name = warning instanceof Error ? warning.name : type;
      const message = warning instanceof Error ? warning.message : warning;
      host.write(2, `(node:1) ${code ? `[${code}] ` : ""}${name}: ${message}\n`);
      const error = warning instanceof Error ? warning : Object.assign(new Error(message), { name });
      self.nextTick(() => self.emit("warning", error));
    },
    binding() {
      throw coded(Error, "ERR_INVALID_MODULE", "process.binding is not available in the sandbox");
    },
    getBuiltinModule: (name) => {
      try {
        return part("modules").requireFrom("/", name.startsWith("node:") ? name : `node:${name}`);
      } catch {
        return undefined;
      }
    },
  });
  Object.defineProperty(self, "exitCode", {
    configurable: true,
    enumerable: true,
    get: () => exitCode,
    set: (value) => {
      exitCode = codeOf(value);
    },
  });
  return self;
})
