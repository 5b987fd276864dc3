// The module `child_process`: there are no processes to start.
(function ({ part }) {
  const refuse = (name) => (command) => {
    throw Object.assign(
      part("errors").coded(Error, "ENOSYS", `child_process.${name} is not available: JavaScript in the sandbox cannot start other programs. Run ${JSON.stringify(command) ?? "them"} from the shell instead`),
      { syscall: `spawn ${command}`, path: command },
    );
  };
  return Object.fromEntries(["exec", "execSync", "execFile", "execFileSync", "spawn", "spawnSync", "fork"].map((name) => [name, refuse(name)]));
})
