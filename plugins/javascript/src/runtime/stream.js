// The module `stream`: readable, writable and transforming streams, without their rarer options.
(function ({ host, part }) {
  const EventEmitter = part("events");
  const loop = part("loop");
  const { coded } = part("errors");
  const tick = (callback, ...args) => part("process").nextTick(callback, ...args);

  class Stream extends EventEmitter {
    destroyed = false;
    errored = null;
    closed = false;
    destroy(error) {
      if (this.destroyed) return this;
      this.destroyed = true;
      const finish = (failed = error) => {
        tick(() => {
          this.errored = failed ?? null;
          if (failed) this.emit("error", failed);
          this.closed = true;
          this.emit("close");
        });
      };
      this._destroy(error ?? null, (failed) => finish(failed ?? undefined));
      return this;
    }
    _destroy(error, done) {
      done(error);
    }
  }

  class Readable extends Stream {
    constructor(options = {}) {
      super();
      const state = { buffer: [], isReading: false, isFlowing: null, hasEnded: false, isOver: false, decoder: null, pipes: [], isObject: options.objectMode ?? options.readableObjectMode ?? false, isScheduled: false, highWaterMark: options.highWaterMark ?? 16 };
      Object.defineProperty(this, "readableState", { value: state });
      this.readable = true;
      if (options.read) this._read = options.read;
      if (options.destroy) this._destroy = options.destroy;
      if (options.encoding) this.setEncoding(options.encoding);
    }
    _read() {}
    get readableEnded() {
      return this.readableState.isOver;
    }
    get readableFlowing() {
      return this.readableState.isFlowing;
    }
    get readableLength() {
      return this.readableState.buffer.length;
    }
    setEncoding(encoding) {
      this.readableState.decoder = new (part("string_decoder").StringDecoder)(encoding);
      return this;
    }
    push(chunk, encoding) {
      const state = this.readableState;
      state.isReading = false;
      if (chunk === null) {
        if (state.decoder) {
          const rest = state.decoder.end();
          if (rest) state.buffer.push(rest);
        }
        state.hasEnded = true;
      } else {
        if (!state.isObject && typeof chunk === "string" && !state.decoder) chunk = part("buffer").Buffer.from(chunk, encoding);
        else if (!state.isObject && typeof chunk !== "string" && state.decoder) chunk = state.decoder.write(chunk);
        if (chunk.length !== 0 || state.isObject) state.buffer.push(chunk);
      }
      this.#schedule();
      return state.buffer.length < state.highWaterMark;
    }
    unshift(chunk) {
      this.readableState.buffer.unshift(chunk);
    }
    #schedule() {
      const state = this.readableState;
      if (state.isScheduled) return;
      state.isScheduled = true;
      tick(() => {
        state.isScheduled = false;
        this.#flow();
      });
    }
    #flow() {
      const state = this.readableState;
      while (state.isFlowing && state.buffer.length > 0 && !this.destroyed) this.emit("data", state.buffer.shift());
      if (this.destroyed) return;
      if (!state.isFlowing && this.listenerCount("readable") > 0 && (state.buffer.length > 0 || state.hasEnded)) this.emit("readable");
      if (state.hasEnded && state.buffer.length === 0) {
        if (!state.isOver && (state.isFlowing || this.listenerCount("readable") > 0 || state.isConsumed)) {
          state.isOver = true;
          this.readable = false;
          this.emit("end");
          if (!(this instanceof Duplex) || this.writableFinished) this.destroy();
        }
      } else if ((state.isFlowing || this.listenerCount("readable") > 0) && !state.isReading && !state.hasEnded) {
        state.isReading = true;
        this._read(65536);
      }
    }
    read() {
      const state = this.readableState;
      if (state.buffer.length === 0) {
        if (state.hasEnded || !state.isReading) this.#schedule();
        return null;
      }
      const chunks = state.isObject ? state.buffer.shift() : state.buffer.splice(0);
      this.#schedule();
      if (state.isObject) return chunks;
      return typeof chunks[0] === "string" ? chunks.join("") : part("buffer").Buffer.concat(chunks);
    }
    on(name, listener) {
      super.on(name, listener);
      if (name === "data" && this.readableState.isFlowing !== false) this.resume();
      if (name === "readable") this.#schedule();
      return this;
    }
    addListener(name, listener) {
      return this.on(name, listener);
    }
    resume() {
      this.readableState.isFlowing = true;
      this.#schedule();
      return this;
    }
    pause() {
      this.readableState.isFlowing = false;
      return this;
    }
    isPaused() {
      return this.readableState.isFlowing === false;
    }
    pipe(target, { end = true } = {}) {
      this.on("data", (chunk) => {
        if (target.write(chunk) === false) {
          this.pause();
          target.once("drain", () => this.resume());
        }
      });
      if (end && target !== part("process").stdout && target !== part("process").stderr) this.once("end", () => target.end());
      target.emit("pipe", this);
      return target;
    }
    unpipe() {
      this.removeAllListeners("data");
      return this;
    }
    async *[Symbol.asyncIterator]() {
      const state = this.readableState;
      let wake = () => {};
      let failure;
      const woken = () => wake();
      super.on("readable", woken);
      super.on("end", woken);
      super.on("error", (error) => {
        failure = { error };
        wake();
      });
      super.on("close", woken);
      try {
        for (;;) {
          if (failure) throw failure.error;
          if (state.buffer.length > 0) {
            yield state.buffer.shift();
            continue;
          }
          if (state.isOver || this.destroyed) return;
          const waited = new Promise((resolve) => (wake = resolve));
          this.#schedule();
          await waited;
        }
      } finally {
        this.destroy();
      }
    }
    async toArray() {
      const items = [];
      for await (const item of this) items.push(item);
      return items;
    }
    static from(source, options) {
      const isText = typeof source === "string" || source instanceof Uint8Array;
      const iterator = isText ? [source][Symbol.iterator]() : source[Symbol.asyncIterator]?.() ?? source[Symbol.iterator]();
      return new Readable({
        objectMode: true,
        ...options,
        async read() {
          try {
            const { value, done } = await iterator.next();
            this.push(done ? null : await value);
          } catch (error) {
            this.destroy(error);
          }
        },
      });
    }
  }

  // The writing half, shared by Writable and Duplex.
  const writing = {
    startWriting(options) {
      const state = { queue: [], isWriting: false, isEnding: false, isFinished: false, needsDrain: false, length: 0, isObject: options.objectMode ?? options.writableObjectMode ?? false, highWaterMark: options.writableHighWaterMark ?? options.highWaterMark ?? (options.objectMode ? 16 : 16384), decodes: options.decodeStrings !== false, encoding: options.defaultEncoding };
      Object.defineProperty(this, "writableState", { value: state });
      this.writable = true;
      if (options.write) this._write = options.write;
      if (options.writev && !options.write) this._write = (chunk, encoding, done) => options.writev.call(this, [{ chunk, encoding }], done);
      if (options.final) this._final = options.final;
      if (options.destroy) this._destroy = options.destroy;
    },
    setDefaultEncoding(encoding) {
      this.writableState.encoding = encoding;
      return this;
    },
    cork() {},
    uncork() {},
    _final(done) {
      done();
    },
    write(chunk, encoding, done) {
      if (typeof encoding === "function") [encoding, done] = [undefined, encoding];
      const state = this.writableState;
      if (chunk === null) throw coded(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream");
      if (!state.isObject && typeof chunk !== "string" && !ArrayBuffer.isView(chunk)) {
        throw part("errors").argumentType("chunk", "of type string or an instance of Buffer, TypedArray, or DataView", chunk);
      }
      if (state.isEnding || this.destroyed) {
        const error = state.isEnding ? coded(Error, "ERR_STREAM_WRITE_AFTER_END", "write after end") : coded(Error, "ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed");
        tick(() => {
          done?.(error);
          if (!this.destroyed) this.destroy(error);
        });
        return false;
      }
      encoding ??= state.encoding ?? "utf8";
      if (!state.isObject && typeof chunk === "string" && state.decodes) [chunk, encoding] = [part("buffer").Buffer.from(chunk, encoding), "buffer"];
      else if (typeof chunk !== "string") encoding = "buffer";
      state.length += state.isObject ? 1 : chunk.length;
      state.queue.push({ chunk, encoding, done });
      const hasRoom = state.length < state.highWaterMark;
      if (!hasRoom) state.needsDrain = true;
      this.writeNext();
      return hasRoom;
    },
    writeNext() {
      const state = this.writableState;
      if (state.isWriting || this.destroyed) return;
      const next = state.queue.shift();
      if (next === undefined) {
        if (state.needsDrain && !state.isEnding) {
          state.needsDrain = false;
          this.emit("drain");
        }
        if (state.isEnding && !state.isFinished) {
          state.isFinished = state.isWriting = true;
          this._final((error) => {
            if (error) return this.destroy(error);
            tick(() => {
              this.writable = false;
              this.writableFinished = true;
              this.emit("finish");
              if (!(this instanceof Readable) || this.readableState.isOver) this.destroy();
            });
          });
        }
        return;
      }
      state.isWriting = true;
      let isSync = true;
      const done = (error) => {
        const settle = () => {
          state.isWriting = false;
          state.length -= state.isObject ? 1 : next.chunk.length;
          next.done?.(error ?? null);
          if (error) this.destroy(error);
          else this.writeNext();
        };
        if (isSync) tick(settle);
        else settle();
      };
      try {
        this._write(next.chunk, next.encoding, done);
      } catch (error) {
        this.destroy(error);
      }
      isSync = false;
    },
    end(chunk, encoding, done) {
      if (typeof chunk === "function") [chunk, done] = [undefined, chunk];
      else if (typeof encoding === "function") [encoding, done] = [undefined, encoding];
      if (chunk !== undefined && chunk !== null) this.write(chunk, encoding);
      if (done) {
        if (this.writableFinished) tick(done);
        else this.once("finish", done);
      }
      this.writableState.isEnding = true;
      this.writeNext();
      return this;
    },
  };
  class Writable extends Stream {
    writableFinished = false;
    constructor(options = {}) {
      super();
      this.startWriting(options);
    }
    get writableEnded() {
      return this.writableState.isEnding;
    }
    get writableLength() {
      return this.writableState.length;
    }
    pipe() {
      throw coded(Error, "ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable");
    }
  }
  class Duplex extends Readable {
    writableFinished = false;
    constructor(options = {}) {
      super(options);
      this.startWriting(options);
    }
    get writableEnded() {
      return this.writableState.isEnding;
    }
  }
  for (const Class of [Writable, Duplex]) {
    for (const [name, value] of Object.entries(writing)) Object.defineProperty(Class.prototype, name, { value, writable: true, configurable: true });
  }
  class Transform extends Duplex {
    constructor(options = {}) {
      super(options);
      if (options.transform) this._transform = options.transform;
      if (options.flush) this._flush = options.flush;
    }
    _transform(chunk, encoding, done) {
      done(null, chunk);
    }
    _flush(done) {
      done();
    }
    _write(chunk, encoding, done) {
      this._transform(chunk, encoding, (error, result) => {
        if (!error && result !== undefined && result !== null) this.push(result);
        done(error);
      });
    }
    _final(done) {
      this._flush((error, result) => {
        if (!error && result !== undefined && result !== null) this.push(result);
        if (!error) this.push(null);
        done(error);
      });
    }
  }
  class PassThrough extends Transform {}

  const finished = (stream, options, callback = options) => {
    let isTold = false;
    const tell = (error) => {
      if (isTold) return;
      isTold = true;
      callback(error);
    };
    stream.on("error", tell);
    const isReadable = stream instanceof Readable;
    if (isReadable) stream.on("end", () => { if (!(stream instanceof Duplex) || stream.writableFinished) tell(); });
    if (!isReadable || stream instanceof Duplex) stream.on("finish", () => { if (!isReadable || stream.readableEnded) tell(); });
    stream.on("close", () => tell(stream.errored ?? undefined));
    return () => { isTold = true; };
  };
  const pipeline = (...streams) => {
    const callback = typeof streams.at(-1) === "function" && streams.length > 1 && streams.at(-1).length <= 2 && !(streams.at(-1)[Symbol.toStringTag] ?? "").includes("Generator") ? streams.pop() : () => {};
    streams = streams.flat();
    let current = streams[0];
    if (typeof current === "function") current = Readable.from(current());
    else if (!(current instanceof Stream)) current = Readable.from(current);
    const all = [current];
    let isTold = false;
    const tell = (error) => {
      if (isTold) return;
      isTold = true;
      if (error) for (const stream of all) stream.destroy();
      callback(error ?? undefined);
    };
    for (const next of streams.slice(1)) {
      let stream = next;
      if (typeof next === "function") {
        const result = next(current);
        if (typeof result?.then === "function") {
          result.then(() => tell(), tell);
          return current;
        }
        stream = Readable.from(result);
      } else current.pipe(stream);
      current = stream;
      all.push(current);
    }
    for (const stream of all.slice(0, -1)) stream.on("error", tell);
    finished(current, tell);
    return current;
  };
  const promises = {
    pipeline: (...streams) => new Promise((resolve, reject) => pipeline(...streams.filter((one) => !(one && one.signal)), (error) => (error ? reject(error) : resolve()))),
    finished: (stream) => new Promise((resolve, reject) => finished(stream, (error) => (error ? reject(error) : resolve()))),
  };

  const standardOutput = (descriptor) => {
    const stream = new Writable({
      decodeStrings: false,
      write(chunk, encoding, done) {
        done();
      },
    });
    // Written at once: what follows, such as an exit, must not overtake it.
    stream.write = (chunk, encoding, done) => {
      if (typeof encoding === "function") [encoding, done] = [undefined, encoding];
      if (typeof chunk === "string") {
        if (encoding && !/^utf-?8$/i.test(encoding)) chunk = part("buffer").Buffer.from(chunk, encoding);
        else if (!chunk.isWellFormed()) chunk = chunk.toWellFormed();
      } else if (!(chunk instanceof Uint8Array)) throw part("errors").argumentType("chunk", "of type string or an instance of Buffer or Uint8Array", chunk);
      host.write(descriptor, chunk);
      if (done) tick(done);
      return true;
    };
    stream.end = (chunk, encoding, done) => {
      if (typeof chunk === "string" || chunk instanceof Uint8Array) stream.write(chunk, encoding);
      const callback = [chunk, encoding, done].find((one) => typeof one === "function");
      if (callback) tick(callback);
      return stream;
    };
    return Object.assign(stream, { fd: descriptor, isTTY: false, columns: undefined, getColorDepth: () => 1, hasColors: () => false });
  };
  const standardInput = () => {
    const reader = () => {
      loop.waiting.delete(reader);
      const chunk = host.readInput(65536);
      stream.push(chunk.byteLength === 0 ? null : part("buffer").Buffer.from(chunk));
    };
    const stream = new Readable({
      read() {
        loop.waiting.add(reader);
      },
    });
    const { pause } = stream;
    stream.pause = () => {
      loop.waiting.delete(reader);
      stream.readableState.isReading = false;
      return pause.call(stream);
    };
    return Object.assign(stream, { fd: 0, isTTY: false, setRawMode: () => stream, ref: () => stream, unref() {
      loop.waiting.delete(reader);
      return stream;
    } });
  };
  return Object.assign(Stream, { Stream, Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished, promises, standardInput, standardOutput });
})
