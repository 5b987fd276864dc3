// The module `events`.
(function ({ part }) {
  const { argumentType, coded } = part("errors");
  const checked = (listener) => {
    if (typeof listener !== "function") throw argumentType("listener", "of type function", listener);
  };
  function EventEmitter(options) {
    EventEmitter.init.call(this, options);
  }
  EventEmitter.init = function () {
    if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
      this._events = Object.create(null);
      this._eventsCount = 0;
    }
    this._maxListeners = this._maxListeners ?? undefined;
  };
  const listenersOf = (emitter, name) => emitter._events?.[name] ?? [];
  const add = (emitter, name, listener, isFirst) => {
    checked(listener);
    if (emitter._events === undefined) EventEmitter.init.call(emitter);
    if (emitter._events.newListener) emitter.emit("newListener", name, listener.listener ?? listener);
    const known = (emitter._events[name] ??= (emitter._eventsCount++, []));
    // Copied: who is being told of an event is told in the order of its beginning.
    emitter._events[name] = isFirst ? [listener, ...known] : [...known, listener];
    return emitter;
  };
  const onceOnly = (emitter, name, listener) => {
    checked(listener);
    const once = function (...args) {
      emitter.removeListener(name, once);
      return listener.apply(emitter, args);
    };
    once.listener = listener;
    return once;
  };
  const methods = {
    on(name, listener) {
      return add(this, name, listener, false);
    },
    prependListener(name, listener) {
      return add(this, name, listener, true);
    },
    once(name, listener) {
      return this.on(name, onceOnly(this, name, listener));
    },
    prependOnceListener(name, listener) {
      return this.prependListener(name, onceOnly(this, name, listener));
    },
    off(name, listener) {
      checked(listener);
      const known = listenersOf(this, name);
      const index = known.findLastIndex((one) => one === listener || one.listener === listener);
      if (index < 0) return this;
      const rest = known.toSpliced(index, 1);
      if (rest.length > 0) this._events[name] = rest;
      else {
        delete this._events[name];
        this._eventsCount--;
      }
      if (this._events.removeListener) this.emit("removeListener", name, listener);
      return this;
    },
    removeAllListeners(name) {
      if (this._events === undefined) return this;
      if (name === undefined) {
        this._events = Object.create(null);
        this._eventsCount = 0;
      } else if (this._events[name]) {
        delete this._events[name];
        this._eventsCount--;
      }
      return this;
    },
    emit(name, ...args) {
      const listeners = listenersOf(this, name);
      if (listeners.length === 0) {
        if (name !== "error") return false;
        if (args[0] instanceof Error) throw args[0];
        const error = coded(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${typeof args[0] === "string" ? `'${args[0]}'` : part("inspect").inspect(args[0])})`);
        error.context = args[0];
        throw error;
      }
      for (const listener of listeners) listener.apply(this, args);
      return true;
    },
    listeners(name) {
      return listenersOf(this, name).map((listener) => listener.listener ?? listener);
    },
    rawListeners(name) {
      return [...listenersOf(this, name)];
    },
    listenerCount(name) {
      return listenersOf(this, name).length;
    },
    eventNames() {
      return Reflect.ownKeys(this._events ?? {});
    },
    setMaxListeners(count) {
      this._maxListeners = count;
      return this;
    },
    getMaxListeners() {
      return this._maxListeners ?? EventEmitter.defaultMaxListeners;
    },
  };
  methods.addListener = methods.on;
  methods.removeListener = methods.off;
  Object.assign(EventEmitter.prototype, methods);
  EventEmitter.prototype._events = undefined;
  EventEmitter.prototype._eventsCount = 0;
  EventEmitter.prototype._maxListeners = undefined;
  EventEmitter.defaultMaxListeners = 10;
  EventEmitter.EventEmitter = EventEmitter;
  EventEmitter.errorMonitor = Symbol("events.errorMonitor");
  EventEmitter.captureRejectionSymbol = Symbol.for("nodejs.rejection");
  EventEmitter.listenerCount = (emitter, name) => emitter.listenerCount(name);
  EventEmitter.once = (emitter, name, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(part("web").abortError(signal));
      if (typeof emitter.addEventListener === "function" && typeof emitter.on !== "function") {
        emitter.addEventListener(name, (event) => resolve([event]), { once: true });
        return;
      }
      const failed = (error) => {
        emitter.removeListener(name, arrived);
        reject(error);
      };
      const arrived = (...args) => {
        emitter.removeListener("error", failed);
        resolve(args);
      };
      emitter.once(name, arrived);
      if (name !== "error") emitter.once("error", failed);
      signal?.addEventListener("abort", () => failed(part("web").abortError(signal)));
    });
  EventEmitter.on = async function* (emitter, name) {
    const arrived = [];
    let wake = () => {};
    emitter.on(name, (...args) => {
      arrived.push(args);
      wake();
    });
    for (;;) {
      while (arrived.length > 0) yield arrived.shift();
      await new Promise((resolve) => (wake = resolve));
    }
  };
  return EventEmitter;
})
