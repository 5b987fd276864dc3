// The module `path`, in its POSIX form.
(function ({ part }) {
  const text = (value, name) => {
    if (typeof value !== "string") throw part("errors").argumentType(name, "of type string", value);
    return value;
  };
  const normal = (path, isAbsolute) => {
    const parts = [];
    for (const name of path.split("/")) {
      if (name === "" || name === ".") continue;
      if (name !== "..") parts.push(name);
      else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
      else if (!isAbsolute) parts.push("..");
    }
    return parts.join("/");
  };
  const path = {
    sep: "/",
    delimiter: ":",
    isAbsolute: (path) => text(path, "path").startsWith("/"),
    normalize(path) {
      if (text(path, "path") === "") return ".";
      const isAbsolute = path.startsWith("/");
      let result = normal(path, isAbsolute);
      if (result === "" && !isAbsolute) return path.endsWith("/") ? "./" : ".";
      if (result !== "" && path.endsWith("/")) result += "/";
      return isAbsolute ? `/${result}` : result;
    },
    join(...paths) {
      const joined = paths.filter((part) => text(part, "path") !== "").join("/");
      return joined === "" ? "." : path.normalize(joined);
    },
    resolve(...paths) {
      let resolved = "";
      for (let index = paths.length - 1; index >= 0 && !resolved.startsWith("/"); index--) {
        if (text(paths[index], `paths[${index}]`) !== "") resolved = resolved === "" ? paths[index] : `${paths[index]}/${resolved}`;
      }
      if (!resolved.startsWith("/")) resolved = `${part("process").cwd()}/${resolved}`;
      return `/${normal(resolved, true)}`;
    },
    relative(from, to) {
      const source = path.resolve(text(from, "from")).split("/").filter(Boolean);
      const target = path.resolve(text(to, "to")).split("/").filter(Boolean);
      let shared = 0;
      while (shared < source.length && source[shared] === target[shared]) shared++;
      return [...source.slice(shared).map(() => ".."), ...target.slice(shared)].join("/");
    },
    dirname(path) {
      const trimmed = text(path, "path").replace(/(?<=.)\/+$/, "");
      const slash = trimmed.lastIndexOf("/");
      if (slash < 0) return ".";
      return trimmed.slice(0, slash).replace(/(?<=.)\/+$/, "") || "/";
    },
    basename(path, suffix) {
      const name = text(path, "path").replace(/\/+$/, "").split("/").at(-1);
      return suffix !== undefined && name !== suffix && name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;
    },
    extname(name) {
      const base = path.basename(name);
      const dot = base.lastIndexOf(".");
      return dot <= 0 || base === ".." ? "" : base.slice(dot);
    },
    parse(name) {
      const root = text(name, "path").startsWith("/") ? "/" : "";
      const base = path.basename(name);
      const ext = path.extname(name);
      const dir = path.dirname(name);
      return { root, dir: dir === "." && !name.startsWith(".") ? "" : name === base ? "" : dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
    },
    format({ root = "", dir, base, name = "", ext = "" }) {
      const file = base || name + (ext && !ext.startsWith(".") ? `.${ext}` : ext);
      if (!dir) return root + file;
      return dir === root ? dir + file : `${dir}/${file}`;
    },
    toNamespacedPath: (path) => path,
    matchesGlob: undefined,
  };
  delete path.matchesGlob;
  path.posix = path;
  path.win32 = path;
  return path;
})
