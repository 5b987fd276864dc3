// Starts the runtime: the registry of its parts, the globals, and the hooks that the engine calls.
// Every part is a function of `internal` that is evaluated when it is first asked for, so that a
// short program pays only for what it uses.
(function (host) {
  const parts = new Map();
  const internal = {
    host,
    part(name) {
      let part = parts.get(name);
      if (part === undefined) {
        part = { exports: undefined };
        parts.set(name, part);
        part.exports = host.source(name)(internal);
      }
      return part.exports;
    },
  };

  const lazily = (name, part, property = name) => {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get() {
        const value = property === null ? internal.part(part) : internal.part(part)[property];
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
        return value;
      },
      set(value) {
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
      },
    });
  };
  Object.defineProperty(globalThis, "global", { value: globalThis, writable: true, configurable: true, enumerable: false });
  for (const name of ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate", "queueMicrotask"]) {
    lazily(name, "timers");
  }
  for (const name of ["URL", "URLSearchParams"]) lazily(name, "url");
  for (const name of ["Buffer", "atob", "btoa"]) lazily(name, "buffer");
  for (const name of [
    "TextEncoder", "TextDecoder", "Event", "EventTarget", "AbortController", "AbortSignal", "performance", "DOMException", "crypto",
  ]) {
    lazily(name, "web");
  }
  for (const name of ["fetch", "Headers", "Request", "Response"]) lazily(name, "fetch");
  lazily("structuredClone", "clone");
  lazily("process", "process", null);
  lazily("console", "console", null);
  for (const name of ["WebAssembly", "WebSocket"]) delete globalThis[name];
  // QuickJS's own extensions to the global object, which Node does not have.
  for (const name of ["gc", "navigator", "print"]) delete globalThis[name];
  internal.part("locale");
  internal.part("errors");

  return {
    resolve: (base, name) => internal.part("modules").resolveImport(base, name),
    load: (name) => internal.part("modules").load(name),
    rejection: (promise, reason, isHandled) => internal.part("loop").noteRejection(promise, reason, isHandled),
    main: () => internal.part("main")(),
  };
})
