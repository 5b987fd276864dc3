// The module `node:test`: tests and suites, reported as Node's `spec` reporter does on a pipe: in TAP.
(function ({ host, part }) {
  const loop = part("loop");
  const counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
  const root = { children: [], hooks: { before: [], after: [], beforeEach: [], afterEach: [] }, parent: null };
  let current = root;
  let isScheduled = false;
  const write = (depth, text) => host.write(1, `${text.split("\n").map((line) => " ".repeat(4 * depth) + line).join("\n")}\n`);

  const declared = (kind, settings = {}) => (...args) => {
    const work = args.find((one) => typeof one === "function");
    const options = { ...args.find((one) => typeof one === "object" && one !== null), ...settings };
    const name = typeof args[0] === "string" ? args[0] : work?.name || "<anonymous>";
    const node = { kind, name, work, options, parent: current, children: [], hooks: { before: [], after: [], beforeEach: [], afterEach: [] } };
    current.children.push(node);
    if (kind === "suite" && work && !options.skip) {
      const above = current;
      current = node;
      try {
        const result = work();
        if (typeof result?.then === "function") result.then(undefined, (error) => (node.error = { error }));
      } catch (error) {
        node.error = { error };
      }
      current = above;
    }
    schedule();
    return Promise.resolve();
  };
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    part("timers").setImmediate(() => runAll().catch(loop.fatal));
  };
  const hook = (name) => (work) => {
    current.hooks[name].push(work);
  };
  const call = (work, argument) =>
    work === undefined ? undefined : work.length > 1 ? new Promise((resolve, reject) => work(argument, (error) => (error ? reject(error) : resolve()))) : work(argument);

  const describe = (error, kind) => {
    const isError = error instanceof Error;
    const lines = ["---", "duration_ms: 0", `failureType: '${kind}'`, `error: ${JSON.stringify(isError ? error.message : String(error))}`];
    if (isError && error.code) lines.push(`code: '${error.code}'`);
    if (isError) lines.push("stack: |-", ...error.stack.split("\n").map((line) => `  ${line.trim()}`));
    return [...lines, "..."].join("\n");
  };
  const run = async (node, number, depth) => {
    const start = host.elapsed();
    const isSuite = node.kind === "suite";
    write(depth, `# Subtest: ${node.name}`);
    let failure = node.error;
    const isSkipped = node.options.skip || (node.kind === "test" && node.options.todo && !node.work);
    if (!isSkipped && !failure) {
      try {
        if (!isSuite) {
          const chain = [];
          for (let above = node.parent; above; above = above.parent) chain.unshift(above);
          for (const above of chain) for (const work of above.hooks.beforeEach) await work();
          try {
            const inner = { children: [], hooks: { before: [], after: [], beforeEach: [], afterEach: [] }, parent: node };
            let passed = 0;
            const context = {
              name: node.name, diagnostic: (text) => write(depth, `# ${text}`), skip: () => { node.options.skip = true; }, todo() {}, mock, assert: part("assert"),
              after: (work) => inner.hooks.after.push(work), before: (work) => work(), beforeEach: (work) => inner.hooks.beforeEach.push(work), afterEach: (work) => inner.hooks.afterEach.push(work),
              async test(name, ...rest) {
                const work = rest.find((one) => typeof one === "function");
                const child = { kind: "test", name, work, options: rest.find((one) => typeof one === "object") ?? {}, parent: inner, children: [], hooks: inner.hooks };
                const isGood = await run(child, ++passed, depth + 1);
                if (!isGood) failure ??= { error: new Error("1 subtest failed"), kind: "subtestsFailed" };
              },
            };
            await call(node.work, context);
            for (const work of inner.hooks.after) await work();
            if (passed > 0) write(depth + 1, `1..${passed}`);
          } finally {
            for (const above of chain.reverse()) for (const work of above.hooks.afterEach) await work();
          }
        }
      } catch (error) {
        failure = { error };
      }
    }
    if (isSuite && !isSkipped) {
      try {
        for (const work of node.hooks.before) await work();
        let bad = 0;
        for (const [index, child] of node.children.entries()) if (!(await run(child, index + 1, depth + 1))) bad++;
        for (const work of node.hooks.after) await work();
        write(depth + 1, `1..${node.children.length}`);
        if (bad > 0) failure ??= { error: new Error(`${bad} subtest${bad > 1 ? "s" : ""} failed`), kind: "subtestsFailed" };
      } catch (error) {
        failure = { error };
      }
    }
    const directive = node.options.skip ? " # SKIP" : node.options.todo ? " # TODO" : "";
    write(depth, `${failure ? "not ok" : "ok"} ${number} - ${node.name}${directive}`);
    const duration = `duration_ms: ${(host.elapsed() - start).toFixed(3)}`;
    write(depth, "  " + (failure ? describe(failure.error, failure.kind ?? "testCodeFailure").replace("duration_ms: 0", duration) : `---\n${duration}${isSuite ? "\ntype: 'suite'" : ""}\n...`).replaceAll("\n", "\n  "));
    if (isSuite) counts.suites++;
    else counts.tests++;
    if (!isSuite) {
      if (node.options.skip) counts.skipped++;
      else if (node.options.todo) counts.todo++;
      else if (failure) counts.fail++;
      else counts.pass++;
    }
    return !failure || Boolean(node.options.todo);
  };
  const runAll = async () => {
    const start = host.elapsed();
    host.write(1, "TAP version 13\n");
    let number = 0;
    let isBad = false;
    for (const work of root.hooks.before) await work();
    for (let index = 0; index < root.children.length; index++) if (!(await run(root.children[index], ++number, 0))) isBad = true;
    for (const work of root.hooks.after) await work();
    host.write(1, `1..${number}\n${Object.entries(counts).map(([name, count]) => `# ${name} ${count}`).join("\n")}\n# duration_ms ${(host.elapsed() - start).toFixed(3)}\n`);
    if (isBad) part("process").exitCode = 1;
  };

  const mockFn = (original = () => undefined, implementation = original) => {
    const calls = [];
    let once = [];
    const mocked = function (...args) {
      const entry = { arguments: args, this: this, result: undefined, error: undefined, target: new.target };
      calls.push(entry);
      const work = once.shift() ?? implementation;
      try {
        return (entry.result = work.apply(this, args));
      } catch (error) {
        entry.error = error;
        throw error;
      }
    };
    mocked.mock = {
      calls,
      callCount: () => calls.length,
      resetCalls: () => calls.splice(0),
      mockImplementation: (work) => (implementation = work),
      mockImplementationOnce: (work) => once.push(work),
      restore: () => (implementation = original),
    };
    return mocked;
  };
  const restored = [];
  const mock = {
    fn: mockFn,
    method(object, name, implementation) {
      const original = object[name];
      const mocked = mockFn(original, implementation ?? original);
      object[name] = mocked;
      const restore = () => (object[name] = original);
      mocked.mock.restore = restore;
      restored.push(restore);
      return mocked;
    },
    reset: () => mock.restoreAll(),
    restoreAll: () => restored.splice(0).forEach((restore) => restore()),
  };
  const variants = (kind) => Object.assign(declared(kind), { skip: declared(kind, { skip: true }), todo: declared(kind, { todo: true }), only: declared(kind) });
  const test = variants("test");
  const suite = variants("suite");
  return Object.assign(test, {
    test, it: variants("test"), describe: suite, suite, mock,
    before: hook("before"), after: hook("after"), beforeEach: hook("beforeEach"), afterEach: hook("afterEach"),
    // `node --test`: the named files, or those that look like tests, in one process.
    runFiles(names) {
      const process = part("process");
      const fs = part("fs");
      const path = part("path");
      const isTest = (file) => /(?:^|\/)(?:test|test-[^/]*|[^/]*[.\-_]test)\.[cm]?js$/.test(file) || /(?:^|\/)test\/.*\.[cm]?js$/.test(file);
      const found = names.length > 0 ? names : fs.readdirSync(process.cwd(), { recursive: true }).filter((file) => !file.includes("node_modules") && isTest(file));
      schedule();
      for (const file of found.sort()) part("modules").requireFrom(`${process.cwd()}/`, path.resolve(file));
    },
  });
})
