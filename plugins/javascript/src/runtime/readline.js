// The module `readline`: lines of an input, and questions.
(function ({ part }) {
  const EventEmitter = part("events");
  class Interface extends EventEmitter {
    #rest = "";
    #lines = [];
    #questions = [];
    #isOver = false;
    #prompt = "> ";
    #wake = () => {};
    #hasIterator = false;
    constructor(input, output) {
      super();
      const options = input?.input !== undefined || input?.output !== undefined ? input : { input, output };
      this.input = options.input;
      this.output = options.output;
      this.terminal = false;
      this.line = "";
      this.closed = false;
      if (options.prompt !== undefined) this.#prompt = options.prompt;
      const decoder = new (part("string_decoder").StringDecoder)("utf8");
      this.input.on("data", (chunk) => {
        const text = this.#rest + (typeof chunk === "string" ? chunk : decoder.write(chunk));
        const lines = text.split(/\r\n|\n|\r(?!$)/);
        this.#rest = lines.pop();
        for (const line of lines) this.#arrive(line);
      });
      this.input.on("end", () => {
        const last = this.#rest + decoder.end();
        this.#rest = "";
        if (last !== "") this.#arrive(last);
        this.#isOver = true;
        this.close();
      });
      this.input.on("error", (error) => {
        if (this.listenerCount("error") > 0) this.emit("error", error);
        this.close();
      });
    }
    #arrive(line) {
      line = line.replace(/\r$/, "");
      const question = this.#questions.shift();
      if (question) return question(line);
      if (this.closed && !this.#hasIterator) return;
      if (this.#hasIterator) {
        this.#lines.push(line);
        this.#wake();
      } else if (this.listenerCount("line") > 0) this.emit("line", line);
      else this.#lines.push(line);
    }
    on(name, listener) {
      super.on(name, listener);
      if (name === "line" && this.#lines.length > 0) {
        part("process").nextTick(() => { while (this.#lines.length > 0) this.emit("line", this.#lines.shift()); });
      }
      return this;
    }
    setPrompt(prompt) {
      this.#prompt = prompt;
    }
    getPrompt() {
      return this.#prompt;
    }
    prompt() {
      this.output?.write(this.#prompt);
    }
    write(text) {
      this.output?.write(text);
    }
    question(query, options, callback = options) {
      this.output?.write(query);
      if (this.#lines.length > 0) return callback(this.#lines.shift());
      if (!this.closed) this.#questions.push(callback);
    }
    pause() {
      this.input.pause();
      return this;
    }
    resume() {
      this.input.resume();
      return this;
    }
    close() {
      if (this.closed) return;
      this.closed = true;
      if (!this.#isOver) this.input.pause();
      this.#wake();
      this.emit("close");
    }
    async *[Symbol.asyncIterator]() {
      this.#hasIterator = true;
      for (;;) {
        while (this.#lines.length > 0) yield this.#lines.shift();
        if (this.closed) return;
        await new Promise((resolve) => (this.#wake = resolve));
      }
    }
  }
  class PromiseInterface extends Interface {
    question(query) {
      return new Promise((resolve) => super.question(query, resolve));
    }
  }
  return {
    Interface,
    createInterface: (input, output) => new Interface(input, output),
    clearLine: () => true,
    cursorTo: () => true,
    moveCursor: () => true,
    emitKeypressEvents() {},
    promises: { Interface: PromiseInterface, createInterface: (input, output) => new PromiseInterface(input, output) },
  };
})
