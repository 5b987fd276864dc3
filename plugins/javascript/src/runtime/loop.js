// The event loop: nextTick, timers, immediates, deferred operations and input, in Node's order.
(function ({ host, part }) {
  const ticks = [];
  const operations = [];
  let immediates = [];
  // Timers sorted by time and then by age.
  const timers = [];
  let age = 0;
  const unhandled = new Map();
  // Where input is wanted: called when nothing else is to be done.
  const waiting = new Set();
  // Requests whose answer has not begun: number and what is called with it.
  const requests = new Map();
  const sources = new Map();
  const modules = new Set();

  const rejectionsOf = () => {
    for (const [promise, reason] of [...unhandled]) {
      unhandled.delete(promise);
      const process = part("process");
      if (process.listenerCount("unhandledRejection") > 0) process.emit("unhandledRejection", reason, promise);
      else fatal(reason, true);
    }
  };

  const outOfMemory = () => {
    host.write(2, "FATAL ERROR: JavaScript heap out of memory\n");
    host.exit(134);
  };
  const fatal = (error, isPromise = false) => {
    if (error?.message === "out of memory") outOfMemory();
    const process = part("process");
    const origin = isPromise ? "unhandledRejection" : "uncaughtException";
    if (process.listenerCount("uncaughtException") > 0) {
      try {
        process.emit("uncaughtException", error, origin);
        return;
      } catch (another) {
        error = another;
      }
    }
    let text;
    try {
      text = part("errors").report(error, isPromise);
    } catch {
      outOfMemory();
    }
    host.write(2, text);
    process.exit(process.exitCode === undefined ? 1 : process.exitCode || 1);
  };

  // Ticks, then promises, until there are none; then what nobody caught.
  const settle = () => {
    do {
      while (ticks.length > 0) {
        const { callback, args } = ticks.shift();
        guarded(callback, args);
        if (ticks.length === 0) host.runJobs();
      }
      host.runJobs();
      if (ticks.length === 0 && unhandled.size > 0) rejectionsOf();
    } while (ticks.length > 0);
  };

  const guarded = (callback, args = []) => {
    try {
      callback(...args);
    } catch (error) {
      fatal(error);
    }
  };

  const addTimer = (timer) => {
    timer.order = age++;
    let low = 0, high = timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timers[middle].time <= timer.time) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
  };
  const removeTimer = (timer) => {
    const index = timers.indexOf(timer);
    if (index >= 0) timers.splice(index, 1);
  };

  const runTimers = () => {
    const now = host.elapsed();
    const until = age;
    while (timers.length > 0 && timers[0].time <= now && timers[0].order < until) {
      const timer = timers.shift();
      guarded(timer.fire);
      settle();
    }
  };

  const runRequests = () => {
    for (const [number, settled] of [...requests]) {
      let head, failure;
      try {
        head = host.network.answer(number);
      } catch (error) {
        failure = error;
      }
      if (head === undefined && failure === undefined) continue;
      requests.delete(number);
      guarded(settled, [failure, head]);
      settle();
    }
  };

  const turn = () => {
    runTimers();
    runRequests();
    for (let count = operations.length; count > 0; count--) {
      guarded(operations.shift());
      settle();
    }
    const batch = immediates;
    immediates = [];
    for (const immediate of batch) {
      if (immediate.isCleared) continue;
      immediate.isCleared = true;
      guarded(immediate.callback, immediate.args);
      settle();
    }
    if (operations.length > 0 || immediates.length > 0) return true;
    const next = timers.find((timer) => timer.isReferenced);
    const isDue = next !== undefined && timers[0].time <= host.elapsed();
    if (isDue) return true;
    if (requests.size > 0) {
      host.network.wait(timers.length > 0 ? timers[0].time - host.elapsed() : undefined);
      return true;
    }
    // A read of standard input waits for it: timers that are due meanwhile fire afterwards.
    for (const reader of [...waiting]) {
      guarded(reader);
      settle();
      return true;
    }
    if (next === undefined) return false;
    host.sleep(timers[0].time - host.elapsed());
    return true;
  };

  const run = () => {
    settle();
    const process = part("process");
    for (;;) {
      while (turn());
      process.emit("beforeExit", process.exitCode ?? 0);
      settle();
      if (operations.length === 0 && immediates.length === 0 && waiting.size === 0 && requests.size === 0 && !timers.some((timer) => timer.isReferenced)) break;
    }
    process.exit();
  };

  return {
    run,
    settle,
    fatal,
    addTimer,
    removeTimer,
    waiting,
    requests,
    // Texts of files that are not in the file system, such as `[eval]`.
    sources,
    // Files that were loaded as ECMAScript modules.
    modules,
    tick: (callback, args) => ticks.push({ callback, args }),
    immediate: (immediate) => immediates.push(immediate),
    // Does an operation in the next turn and settles a promise by it.
    later: (operation) =>
      new Promise((resolve, reject) => {
        operations.push(() => {
          try {
            resolve(operation());
          } catch (error) {
            reject(error);
          }
        });
      }),
    noteRejection(promise, reason, isHandled) {
      if (isHandled) unhandled.delete(promise);
      else unhandled.set(promise, reason);
    },
  };
})
