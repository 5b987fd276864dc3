// The module `os`.
(function ({ host, part }) {
  const signals = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 };
  return {
    EOL: "\n",
    devNull: "/dev/null",
    arch: () => "wasm32",
    platform: () => "linux",
    type: () => "Linux",
    release: () => "0.0.0",
    version: () => "WASI 0.2",
    machine: () => "wasm32",
    hostname: () => "sandbox",
    endianness: () => "LE",
    homedir: () => part("process").env.HOME ?? part("process").cwd(),
    tmpdir: () => part("process").env.TMPDIR ?? "/tmp",
    uptime: () => host.elapsed() / 1e3,
    loadavg: () => [0, 0, 0],
    totalmem: () => 4 * 2 ** 30,
    freemem: () => 4 * 2 ** 30 - host.memory(),
    availableParallelism: () => 1,
    cpus: () => [{ model: "wasm32", speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
    networkInterfaces: () => ({}),
    userInfo: () => ({ uid: 1000, gid: 1000, username: part("process").env.USER ?? "agent", homedir: part("process").env.HOME ?? "/", shell: null }),
    constants: { signals, errno: {} },
  };
})
