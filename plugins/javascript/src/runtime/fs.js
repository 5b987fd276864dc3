// The module `fs`: one table of operations, offered at once (`Sync`), to a callback, and as promises.
(function ({ host, part }) {
  const { argumentType, coded } = part("errors");
  const loop = part("loop");
  const path = part("path");
  const files = host.files;
  const buffer = () => part("buffer").Buffer;

  const TEXTS = {
    E2BIG: [7, "argument list too long"], EACCES: [13, "permission denied"], EBADF: [9, "bad file descriptor"], EBUSY: [16, "resource busy or locked"],
    EDQUOT: [122, "disk quota exceeded"], EEXIST: [17, "file already exists"], EFBIG: [27, "file too large"], EINVAL: [22, "invalid argument"],
    EIO: [5, "i/o error"], EISDIR: [21, "illegal operation on a directory"], ELOOP: [40, "too many symbolic links encountered"],
    EMFILE: [24, "too many open files"], EMLINK: [31, "too many links"], ENAMETOOLONG: [36, "name too long"], ENOENT: [2, "no such file or directory"],
    ENOSPC: [28, "no space left on device"], ENOSYS: [38, "function not implemented"], ENOTDIR: [20, "not a directory"],
    ENOTEMPTY: [39, "directory not empty"], ENOTSUP: [95, "operation not supported on socket"], EPERM: [1, "operation not permitted"],
    EPIPE: [32, "broken pipe"], EROFS: [30, "read-only file system"], ETXTBSY: [26, "text file is busy"], EXDEV: [18, "cross-device link not permitted"],
  };
  const failure = (code, syscall, from, to) => {
    const [number, text] = TEXTS[code] ?? [5, "i/o error"];
    let message = `${code}: ${text}, ${syscall}`;
    if (from !== undefined) message += ` '${from}'`;
    if (to !== undefined) message += ` -> '${to}'`;
    const error = new Error(message);
    error.errno = -number;
    error.code = code;
    error.syscall = syscall;
    if (from !== undefined) error.path = from;
    if (to !== undefined) error.dest = to;
    return error;
  };
  // Runs an operation of the host; its errors are strings.
  const attempt = (syscall, from, to, operation) => {
    try {
      return operation();
    } catch (code) {
      if (typeof code !== "string") throw code;
      throw failure(code, syscall, from, to);
    }
  };
  const named = (value, name = "path") => {
    if (typeof value === "string") {
      if (value.includes("\0")) throw coded(TypeError, "ERR_INVALID_ARG_VALUE", `The argument '${name}' must be a string, Uint8Array, or URL without null bytes. Received ${part("inspect").inspect(value)}`);
      return value;
    }
    if (value instanceof Uint8Array) return buffer().from(value).toString();
    if (value && typeof value === "object" && value.href !== undefined) return part("url").fileURLToPath(value);
    throw argumentType(name, "of type string or an instance of Buffer or URL", value);
  };
  // A trailing slash stays: it asks for a directory.
  const full = (name) => {
    if (name === "") return "";
    const resolved = path.resolve(name);
    return name.endsWith("/") && resolved !== "/" ? `${resolved}/` : resolved;
  };
  const bytesOf = (data, encoding) => {
    if (typeof data === "string") return buffer().from(data, encoding ?? "utf8");
    if (data instanceof Uint8Array) return data;
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    throw argumentType("data", "of type string or an instance of Buffer, TypedArray, or DataView", data);
  };
  const optionsOf = (options) => (typeof options === "string" ? { encoding: options } : options ?? {});
  const decoded = (bytes, encoding) => (encoding && encoding !== "buffer" ? bytes.toString(encoding) : bytes);

  class Stats {
    constructor(status, isBig) {
      const kinds = { file: 0o100644, directory: 0o40755, link: 0o120777, other: 0o20666 };
      const number = isBig ? (value) => BigInt(Math.trunc(value)) : (value) => value;
      const times = { atimeMs: status.accessed, mtimeMs: status.modified, ctimeMs: status.modified, birthtimeMs: status.modified };
      Object.assign(this, {
        dev: number(0), mode: number(kinds[status.kind]), nlink: number(1), uid: number(1000), gid: number(1000), rdev: number(0), blksize: number(4096), ino: number(0),
        size: number(status.size), blocks: number(Math.ceil(status.size / 512)),
      });
      for (const [key, value] of Object.entries(times)) this[key] = number(value);
      for (const [key, value] of Object.entries(times)) this[key.slice(0, -2)] = new Date(value);
      Object.defineProperty(this, "kind", { value: status.kind, enumerable: false });
    }
    isFile() {
      return this.kind === "file";
    }
    isDirectory() {
      return this.kind === "directory";
    }
    isSymbolicLink() {
      return this.kind === "link";
    }
    isBlockDevice() {
      return false;
    }
    isCharacterDevice() {
      return this.kind === "other";
    }
    isFIFO() {
      return false;
    }
    isSocket() {
      return false;
    }
  }
  class Dirent {
    constructor(name, parent, kind) {
      this.name = name;
      this.parentPath = parent;
      this.path = parent;
      this[Symbol("type")] = { file: 1, directory: 2, link: 3, other: 0 }[kind];
      Object.defineProperty(this, "kind", { value: kind, enumerable: false });
    }
  }
  for (const name of ["isFile", "isDirectory", "isSymbolicLink", "isBlockDevice", "isCharacterDevice", "isFIFO", "isSocket"]) {
    Object.defineProperty(Dirent.prototype, name, { value: Stats.prototype[name], writable: true, configurable: true });
  }

  const statusOr = (name, follows) => {
    try {
      return files.status(full(name), follows);
    } catch {
      return undefined;
    }
  };
  const stat = (syscall, follows) => (name, options = {}) => {
    name = named(name);
    try {
      return new Stats(files.status(full(name), follows), options?.bigint);
    } catch (code) {
      if (typeof code !== "string") throw code;
      if (options?.throwIfNoEntry === false && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
      throw failure(code, syscall, name);
    }
  };
  const descriptorOf = (value) => {
    if (typeof value !== "number") throw argumentType("fd", "of type number", value);
    return value;
  };
  const readAll = (descriptor) => {
    const chunks = [];
    for (;;) {
      const chunk = attempt("read", undefined, undefined, () => files.readAt(descriptor, 65536));
      if (chunk.byteLength === 0) return buffer().concat(chunks);
      chunks.push(buffer().from(chunk));
    }
  };
  const store = (target, data, options, flag) => {
    options = optionsOf(options);
    const bytes = bytesOf(data, options.encoding);
    if (typeof target === "number") return void attempt("write", undefined, undefined, () => files.writeAt(target, bytes));
    target = named(target);
    attempt("open", target, undefined, () => files.write(full(target), bytes, options.flag ?? flag));
  };
  const removeTree = (name) => {
    for (const [child, kind] of attempt("scandir", name, undefined, () => files.list(full(name)))) {
      const inner = path.join(name, child);
      if (kind === "directory") removeTree(inner);
      else attempt("unlink", inner, undefined, () => files.unlink(full(inner)));
    }
    attempt("rmdir", name, undefined, () => files.removeDirectory(full(name)));
  };
  const copyOne = (from, to, mode) => {
    if (mode & 1 && statusOr(to, false)) throw failure("EEXIST", "copyfile", from, to);
    const bytes = attempt("copyfile", from, to, () => files.read(full(from)));
    attempt("copyfile", from, to, () => files.write(full(to), new Uint8Array(bytes), "w"));
  };
  const copyTree = (from, to, options) => {
    const status = attempt("cp", from, to, () => files.status(full(from), Boolean(options.dereference)));
    if (options.filter && !options.filter(from, to)) return;
    if (status.kind === "directory") {
      if (!options.recursive) throw coded(Error, "ERR_FS_EISDIR", `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${from} is a directory (not copied)) ${from}`);
      operations.mkdir(to, { recursive: true });
      for (const [child] of files.list(full(from))) copyTree(path.join(from, child), path.join(to, child), options);
    } else if (statusOr(to, false) && options.force === false) {
      if (options.errorOnExist) throw coded(Error, "ERR_FS_CP_EEXIST", `Target already exists: cp returned EEXIST (${to} already exists) ${to}`);
    } else if (status.kind === "link") {
      operations.rm(to, { force: true });
      operations.symlink(operations.readlink(from), to);
    } else copyOne(from, to, 0);
  };
  const seconds = (time) => (time instanceof Date ? time.getTime() / 1e3 : Number(time));

  const operations = {
    readFile(target, options) {
      const { encoding, flag } = optionsOf(options);
      if (encoding && !buffer().isEncoding(encoding) && encoding !== "buffer") {
        throw coded(TypeError, "ERR_INVALID_ARG_VALUE", `The argument 'encoding' is invalid encoding. Received ${part("inspect").inspect(encoding)}`);
      }
      if (target?.constructor?.name === "FileHandle") target = target.fd;
      if (typeof target === "number") return decoded(readAll(target), encoding);
      target = named(target);
      if (flag && flag !== "r") {
        const descriptor = operations.open(target, flag);
        try {
          return decoded(readAll(descriptor), encoding);
        } finally {
          operations.close(descriptor);
        }
      }
      if (target === "/dev/stdin") return decoded(readAll(0), encoding);
      let content;
      try {
        content = files.read(full(target));
      } catch (code) {
        if (typeof code !== "string") throw code;
        throw code === "EISDIR" || statusOr(target, true)?.kind === "directory" ? failure("EISDIR", "read") : failure(code, "open", target);
      }
      return encoding === "utf8" || encoding === "utf-8" ? host.decode(new Uint8Array(content)) : decoded(buffer().from(content), encoding);
    },
    writeFile: (target, data, options) => store(target, data, options, "w"),
    appendFile: (target, data, options) => store(target, data, options, "a"),
    readdir(name, options) {
      name = named(name);
      const { recursive, withFileTypes } = optionsOf(options);
      const found = [];
      const visit = (folder, prefix) => {
        const inner = [];
        for (const [child, kind] of attempt("scandir", folder, undefined, () => files.list(full(folder)))) {
          found.push(withFileTypes ? new Dirent(child, folder, kind) : prefix + child);
          if (recursive && kind === "directory") inner.push(child);
        }
        for (const child of inner) visit(path.join(folder, child), `${prefix}${child}/`);
      };
      visit(name, "");
      return found;
    },
    mkdir(name, options) {
      name = named(name);
      const recursive = typeof options === "object" && options?.recursive;
      if (!recursive) return void attempt("mkdir", name, undefined, () => files.makeDirectory(full(name)));
      let first;
      const make = (folder) => {
        const known = statusOr(folder, true);
        if (known) {
          if (known.kind !== "directory") throw failure(folder === full(name) ? "EEXIST" : "ENOTDIR", "mkdir", name);
          return;
        }
        if (folder !== "/") make(path.dirname(folder));
        attempt("mkdir", name, undefined, () => files.makeDirectory(folder));
        first ??= folder;
      };
      make(path.resolve(name));
      return first;
    },
    rmdir(name, options) {
      name = named(name);
      if (options?.recursive) return removeTree(name);
      attempt("rmdir", name, undefined, () => files.removeDirectory(full(name)));
    },
    rm(name, options = {}) {
      name = named(name);
      let status;
      try {
        status = files.status(full(name), false);
      } catch (code) {
        if (typeof code !== "string") throw code;
        if (options?.force && code === "ENOENT") return;
        throw failure(code, "lstat", name);
      }
      if (status.kind !== "directory") return void attempt("unlink", name, undefined, () => files.unlink(full(name)));
      if (!options?.recursive) {
        const error = coded(Error, "ERR_FS_EISDIR", `Path is a directory: rm returned EISDIR (is a directory) ${name}`);
        error.name = "SystemError";
        throw Object.assign(error, { errno: 21, syscall: "rm", path: name });
      }
      removeTree(name);
    },
    unlink(name) {
      name = named(name);
      attempt("unlink", name, undefined, () => files.unlink(full(name)));
    },
    rename(from, to) {
      [from, to] = [named(from, "oldPath"), named(to, "newPath")];
      attempt("rename", from, to, () => files.rename(full(from), full(to)));
    },
    copyFile(from, to, mode = 0) {
      copyOne(named(from, "src"), named(to, "dest"), mode);
    },
    cp(from, to, options = {}) {
      copyTree(named(from, "src"), named(to, "dest"), options);
    },
    link(from, to) {
      [from, to] = [named(from, "existingPath"), named(to, "newPath")];
      attempt("link", from, to, () => files.hardLink(full(from), full(to)));
    },
    symlink(target, link) {
      [target, link] = [named(target, "target"), named(link)];
      attempt("symlink", target, link, () => files.symlink(target, full(link)));
    },
    readlink(name) {
      name = named(name);
      return attempt("readlink", name, undefined, () => files.readLink(full(name)));
    },
    realpath(name) {
      name = named(name);
      let rest = path.resolve(name).split("/").filter(Boolean);
      let found = "/";
      for (let links = 0; rest.length > 0; ) {
        const next = path.join(found, rest.shift());
        const status = attempt(links === 0 ? "lstat" : "realpath", next, undefined, () => files.status(next, false));
        if (status.kind !== "link") {
          found = next;
          continue;
        }
        if (++links > 40) throw failure("ELOOP", "realpath", name);
        const target = attempt("readlink", next, undefined, () => files.readLink(next));
        rest = [...path.resolve(found, target).split("/").filter(Boolean), ...rest];
        found = "/";
      }
      return found;
    },
    stat: stat("stat", true),
    lstat: stat("lstat", false),
    fstat: (descriptor, options) => new Stats(attempt("fstat", undefined, undefined, () => files.statusOf(descriptorOf(descriptor))), options?.bigint),
    access(name, mode = 0) {
      name = named(name);
      attempt("access", name, undefined, () => files.status(full(name), true));
      // WASI has no permission bits: writing is tried.
      if (mode & 2 && statusOr(name, true)?.kind === "file") {
        attempt("access", name, undefined, () => files.close(files.open(full(name), "r+")));
      }
    },
    mkdtemp(prefix) {
      prefix = named(prefix, "prefix");
      const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
      const name = prefix + [...new Uint8Array(host.random(6))].map((byte) => letters[byte % letters.length]).join("");
      attempt("mkdtemp", `${prefix}XXXXXX`, undefined, () => files.makeDirectory(full(name)));
      return name;
    },
    truncate(name, length = 0) {
      const descriptor = typeof name === "number" ? name : operations.open(name, "r+");
      try {
        operations.ftruncate(descriptor, length);
      } finally {
        if (typeof name !== "number") operations.close(descriptor);
      }
    },
    ftruncate: (descriptor, length = 0) => attempt("ftruncate", undefined, undefined, () => files.truncate(descriptorOf(descriptor), length)),
    utimes(name, accessed, modified) {
      name = named(name);
      attempt("utime", name, undefined, () => files.setTimes(full(name), seconds(accessed), seconds(modified)));
    },
    // WASI has neither permission bits nor owners.
    chmod(name) {
      operations.access(name);
    },
    chown(name) {
      operations.access(name);
    },
    open(name, flags = "r") {
      name = named(name);
      if (typeof flags === "number") {
        const base = flags & 3;
        const creates = flags & 0o100;
        flags = flags & 0o2000 ? (base === 2 ? "a+" : "a") : base === 0 ? "r" : creates ? (flags & 0o200 ? "wx" : "w") + (base === 2 ? "+" : "") : "r+";
      }
      return attempt("open", name, undefined, () => files.open(full(name), flags));
    },
    close: (descriptor) => attempt("close", undefined, undefined, () => files.close(descriptorOf(descriptor))),
    read(descriptor, target, offset, length, position) {
      if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
      offset ??= 0;
      length ??= target.byteLength - offset;
      const chunk = attempt("read", undefined, undefined, () => files.readAt(descriptorOf(descriptor), length, typeof position === "number" && position >= 0 ? position : undefined));
      new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(new Uint8Array(chunk), offset);
      return chunk.byteLength;
    },
    write(descriptor, data, offset, length, position) {
      let bytes;
      if (typeof data === "string") {
        position = offset;
        bytes = bytesOf(data, length);
      } else {
        if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
        bytes = bytesOf(data);
        bytes = bytes.subarray(offset ?? 0, (offset ?? 0) + (length ?? bytes.length));
      }
      return attempt("write", undefined, undefined, () => files.writeAt(descriptorOf(descriptor), bytes, typeof position === "number" ? position : undefined));
    },
    fsync: () => {},
    fdatasync: () => {},
    opendir(name) {
      const entries = operations.readdir(name, { withFileTypes: true });
      return {
        path: name,
        readSync: () => entries.shift() ?? null,
        read: async () => entries.shift() ?? null,
        closeSync() {},
        async close() {},
        async *[Symbol.asyncIterator]() {
          yield* entries;
        },
      };
    },
  };

  const fs = {};
  const promises = {};
  for (const [name, operation] of Object.entries(operations)) {
    Object.defineProperty(operation, "name", { value: `${name}Sync` });
    fs[`${name}Sync`] = operation;
    const later = { [name]: (...args) => {
      const callback = args.pop();
      if (typeof callback !== "function") throw argumentType("cb", "of type function", callback);
      loop.later(() => operation(...args)).then(
        (result) => part("timers").queueMicrotask(() => {
          if (name === "read" || name === "write") callback(null, result, args[1]);
          else if (result === undefined) callback(null);
          else callback(null, result);
        }),
        (error) => part("timers").queueMicrotask(() => callback(error)),
      );
    } }[name];
    fs[name] = later;
    promises[name] = { [name]: (...args) => loop.later(() => operation(...args)) }[name];
  }
  fs.realpathSync.native = fs.realpathSync;
  fs.realpath.native = fs.realpath;
  fs.existsSync = (name) => {
    try {
      return statusOr(named(name), true) !== undefined;
    } catch {
      return false;
    }
  };
  fs.exists = (name, callback) => loop.later(() => fs.existsSync(name)).then((result) => callback(result));
  fs.exists[Symbol.for("nodejs.util.promisify.custom")] = (name) => loop.later(() => fs.existsSync(name));
  for (const name of ["watch", "watchFile", "unwatchFile"]) {
    fs[name] = () => {
      throw coded(Error, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", `fs.${name} is not available in the sandbox: files are not watched`);
    };
  }
  for (const name of ["close", "read", "write", "fstat", "ftruncate", "fsync", "fdatasync"]) delete promises[name];

  class FileHandle {
    constructor(fd) {
      this.fd = fd;
    }
    readFile(options) {
      return loop.later(() => operations.readFile(this.fd, options));
    }
    writeFile(data, options) {
      return loop.later(() => operations.writeFile(this.fd, data, options));
    }
    appendFile(data, options) {
      return this.writeFile(data, options);
    }
    read(target, ...rest) {
      if (!ArrayBuffer.isView(target)) [target, rest] = [target?.buffer ?? buffer().alloc(16384), [target ?? {}]];
      return loop.later(() => ({ bytesRead: operations.read(this.fd, target, ...rest), buffer: target }));
    }
    write(data, ...rest) {
      return loop.later(() => ({ bytesWritten: operations.write(this.fd, data, ...rest), buffer: data }));
    }
    stat(options) {
      return loop.later(() => operations.fstat(this.fd, options));
    }
    truncate(length) {
      return loop.later(() => operations.ftruncate(this.fd, length));
    }
    async sync() {}
    async datasync() {}
    readLines(options) {
      return part("readline").createInterface({ input: this.createReadStream(options) });
    }
    createReadStream(options) {
      return fs.createReadStream(null, { ...options, fd: this.fd });
    }
    createWriteStream(options) {
      return fs.createWriteStream(null, { ...options, fd: this.fd });
    }
    close() {
      return loop.later(() => operations.close(this.fd));
    }
    async [Symbol.asyncDispose ?? Symbol("asyncDispose")]() {
      await this.close();
    }
  }
  promises.open = (name, flags) => loop.later(() => new FileHandle(operations.open(name, flags)));

  fs.createReadStream = (name, options) => {
    options = optionsOf(options);
    const { Readable } = part("stream");
    let fd = options.fd?.fd ?? options.fd;
    let position = options.start;
    const opened = () => {
      if (fd !== undefined || stream.destroyed) return;
      fd = operations.open(name, options.flags ?? "r");
      stream.fd = fd;
      stream.emit("open", fd);
      stream.emit("ready");
    };
    let left = options.end === undefined ? Infinity : options.end - (options.start ?? 0) + 1;
    const stream = new Readable({
      highWaterMark: options.highWaterMark ?? 65536,
      encoding: options.encoding,
      read() {
        loop
          .later(() => {
            opened();
            const length = Math.min(65536, left);
            if (length <= 0) return null;
            const chunk = attempt("read", undefined, undefined, () => files.readAt(fd, length, position));
            if (position !== undefined) position += chunk.byteLength;
            left -= chunk.byteLength;
            stream.bytesRead += chunk.byteLength;
            return chunk.byteLength === 0 ? null : buffer().from(chunk);
          })
          .then((chunk) => stream.push(chunk), (error) => stream.destroy(error));
      },
      destroy(error, done) {
        if (fd !== undefined && fd > 2 && options.autoClose !== false) {
          try {
            files.close(fd);
          } catch {
            // Closed by the program.
          }
        }
        done(error);
      },
    });
    loop.later(opened).catch((error) => stream.destroy(error));
    return Object.assign(stream, { path: name, bytesRead: 0 });
  };
  fs.createWriteStream = (name, options) => {
    options = optionsOf(options);
    const { Writable } = part("stream");
    let fd = options.fd?.fd ?? options.fd;
    const opened = () => {
      if (fd === undefined) {
        fd = operations.open(name, options.flags ?? options.flag ?? "w");
        stream.fd = fd;
        stream.emit("open", fd);
        stream.emit("ready");
      }
    };
    const stream = new Writable({
      decodeStrings: false,
      write(chunk, encoding, done) {
        loop.later(() => {
          opened();
          const bytes = bytesOf(chunk, encoding);
          attempt("write", undefined, undefined, () => files.writeAt(fd, bytes));
          stream.bytesWritten += bytes.length;
        }).then(() => done(), done);
      },
      final(done) {
        loop.later(opened).then(() => done(), done);
      },
      destroy(error, done) {
        if (fd !== undefined && fd > 2 && options.autoClose !== false) {
          try {
            files.close(fd);
          } catch {
            // Closed by the program.
          }
        }
        done(error);
      },
    });
    Object.assign(stream, { path: name, bytesWritten: 0 });
    if (fd === undefined) loop.later(() => { if (!stream.destroyed) opened(); }).catch((error) => stream.destroy(error));
    return stream;
  };
  const constants = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 0o100, O_EXCL: 0o200, O_TRUNC: 0o1000, O_APPEND: 0o2000, S_IFMT: 0o170000, S_IFREG: 0o100000, S_IFDIR: 0o40000, S_IFLNK: 0o120000 };
  promises.constants = constants;
  return Object.assign(fs, { Stats, Dirent, constants, promises, failure, F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 });
})
