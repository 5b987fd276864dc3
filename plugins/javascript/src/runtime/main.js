// The command line, and the start of the program that it names.
(function ({ host, part }) {
  const USAGE = `Usage: node [options] [ script.js ] [arguments]
       node [options] -e code [arguments]

Options:
  -                      read the script from standard input
  --                     end of options
  -c, --check            check the script's syntax without running it
  -e, --eval code        run the code
  -h, --help             print this text
  -i, --interactive      (not supported: there is no terminal)
  --input-type=type      commonjs or module, for -e and standard input
  -p, --print code       run the code and print its value
  -r, --require module   load the module first
  --test [files]         run test files
  -v, --version          print the version
`;
  // Options of Node that change nothing here.
  const IGNORED = /^--(?:no-)?(?:warnings|deprecation|trace-.*|enable-source-maps|preserve-symlinks.*|experimental-.*|max-old-space-size=.*|stack-size=.*|unhandled-rejections=.*|harmony.*|expose-gc|use_strict|use-strict|stack-trace-limit=.*|test-reporter=.*|test-only|test-concurrency=.*|throw-deprecation|pending-deprecation|title=.*|icu-data-dir=.*|conditions=.*)$/;

  const usageError = (text) => {
    host.write(2, `node: ${text}\n`);
    host.exit(9);
  };

  const parse = (words) => {
    const options = { required: [], tests: false };
    const valued = (word, rest) => {
      if (rest.length === 0) usageError(`${word} requires an argument`);
      return rest.shift();
    };
    const rest = [...words];
    while (rest.length > 0) {
      const word = rest[0];
      if (word === "-" || !word.startsWith("-")) break;
      rest.shift();
      if (word === "--") break;
      const [, key, value] = /^(--[^=]+)(?:=([^]*))?$/.exec(word) ?? [, word, undefined];
      if (key === "-e" || key === "--eval") options.code = value ?? valued(word, rest);
      else if (key === "-p" || key === "--print" || key === "-pe") {
        options.code = value ?? valued(word, rest);
        options.prints = true;
      } else if (key === "-c" || key === "--check") options.checks = true;
      else if (key === "-v" || key === "--version") options.version = true;
      else if (key === "-h" || key === "--help") options.help = true;
      else if (key === "-r" || key === "--require" || key === "--import") options.required.push(value ?? valued(word, rest));
      else if (key === "--input-type") {
        options.inputType = value ?? valued(word, rest);
        if (!["module", "commonjs"].includes(options.inputType)) usageError(`--input-type must be "module" or "commonjs"`);
      } else if (key === "--test") options.tests = true;
      else if (!IGNORED.test(word)) {
        if (key === "-i" || key === "--interactive") usageError(`there is no interactive mode here: give a script, or code with -e`);
        usageError(`bad option: ${word}`);
      }
    }
    return { options, rest };
  };

  const readAll = () => {
    const { Buffer } = part("buffer");
    const chunks = [];
    for (;;) {
      const chunk = host.readInput(65536);
      if (chunk.byteLength === 0) return Buffer.concat(chunks).toString();
      chunks.push(Buffer.from(chunk));
    }
  };

  const runText = (text, name, options) => {
    const modules = part("modules");
    if (options.inputType === "module") {
      if (options.prints) usageError("--print cannot be used with ESM input");
      modules.runModuleText(text, `${name}1`);
      return;
    }
    const value = modules.runScriptText(text, name);
    if (options.prints) part("console").log(value);
  };

  const start = (options, rest) => {
    const process = part("process");
    const modules = part("modules");
    for (const name of options.required) modules.requireFrom(`${process.cwd()}/`, name);
    if (options.code !== undefined) {
      process.argv = [process.execPath, ...rest];
      return runText(options.code, "[eval]", options);
    }
    if (options.tests) return part("test").runFiles(rest);
    const [file, ...args] = rest;
    if (file === undefined || file === "-") {
      process.argv = [process.execPath, ...(file === "-" ? ["-"] : []), ...args];
      const text = readAll();
      if (options.checks) return host.script(modules.wrap(text), "[stdin]");
      return runText(text, "[stdin]", options);
    }
    const path = modules.mainPath(file);
    process.argv = [process.execPath, path, ...args];
    if (options.checks) return modules.check(path);
    modules.runMain(path);
  };

  return () => {
    const { options, rest } = parse(host.arguments.slice(1));
    if (options.version || options.help) {
      host.write(1, options.help ? USAGE : `${part("process").version}\n`);
      host.exit(0);
    }
    const loop = part("loop");
    try {
      start(options, rest);
    } catch (error) {
      loop.fatal(error);
    }
    loop.run();
  };
})
