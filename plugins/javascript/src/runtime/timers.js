// setTimeout and its relatives, and `timers/promises`.
(function ({ host, part }) {
  const loop = part("loop");
  const { argumentType } = part("errors");
  const byId = new Map();
  let lastId = 0;

  class Timeout {
    constructor(callback, delay, args, repeats) {
      if (typeof callback !== "function") throw argumentType("callback", "of type function", callback);
      delay = Number(delay);
      this._idleTimeout = delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1;
      this._repeat = repeats ? this._idleTimeout : null;
      const id = ++lastId;
      const entry = {
        time: host.elapsed() + this._idleTimeout,
        isReferenced: true,
        fire: () => {
          if (this._repeat === null) byId.delete(id);
          callback.apply(this, args);
          if (this._repeat !== null && byId.has(id)) {
            entry.time = host.elapsed() + this._repeat;
            loop.addTimer(entry);
          }
        },
      };
      Object.defineProperty(this, "entry", { value: entry, enumerable: false });
      Object.defineProperty(this, "id", { value: id, enumerable: false });
      byId.set(id, this);
      loop.addTimer(entry);
    }
    close() {
      byId.delete(this.id);
      loop.removeTimer(this.entry);
      return this;
    }
    ref() {
      this.entry.isReferenced = true;
      return this;
    }
    unref() {
      this.entry.isReferenced = false;
      return this;
    }
    hasRef() {
      return this.entry.isReferenced;
    }
    refresh() {
      loop.removeTimer(this.entry);
      this.entry.time = host.elapsed() + this._idleTimeout;
      byId.set(this.id, this);
      loop.addTimer(this.entry);
      return this;
    }
    [Symbol.toPrimitive]() {
      return this.id;
    }
  }
  class Immediate {
    constructor(callback, args) {
      if (typeof callback !== "function") throw argumentType("callback", "of type function", callback);
      Object.assign(this, { callback, args, isCleared: false });
      loop.immediate(this);
    }
  }
  const setTimeout = (callback, delay, ...args) => new Timeout(callback, delay, args, false);
  const setInterval = (callback, delay, ...args) => new Timeout(callback, delay, args, true);
  const clearTimeout = (timer) => {
    const timeout = timer instanceof Timeout ? timer : byId.get(Number(timer));
    timeout?.close();
  };
  const setImmediate = (callback, ...args) => new Immediate(callback, args);
  const clearImmediate = (immediate) => {
    if (immediate) immediate.isCleared = true;
  };
  const queueMicrotask = (callback) => {
    if (typeof callback !== "function") throw argumentType("callback", "of type function", callback);
    Promise.resolve().then(() => {
      try {
        callback();
      } catch (error) {
        loop.fatal(error);
      }
    });
  };
  const abortable = (signal, start) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(part("web").abortError(signal));
      const stop = start(resolve);
      signal?.addEventListener("abort", () => {
        stop();
        reject(part("web").abortError(signal));
      });
    });
  const promises = {
    setTimeout: (delay, value, { signal } = {}) =>
      abortable(signal, (resolve) => {
        const timer = setTimeout(resolve, delay, value);
        return () => timer.close();
      }),
    setImmediate: (value, { signal } = {}) =>
      abortable(signal, (resolve) => {
        const immediate = setImmediate(resolve, value);
        return () => clearImmediate(immediate);
      }),
    async *setInterval(delay, value) {
      for (;;) {
        await promises.setTimeout(delay);
        yield value;
      }
    },
    scheduler: { wait: (delay, options) => promises.setTimeout(delay, undefined, options), yield: () => promises.setImmediate() },
  };
  const promisified = Symbol.for("nodejs.util.promisify.custom");
  setTimeout[promisified] = promises.setTimeout;
  setImmediate[promisified] = promises.setImmediate;
  return { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval: clearTimeout, clearImmediate, queueMicrotask, promises };
})
