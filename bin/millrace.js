#!/usr/bin/env node
// Runs the command line from source. The sources are TypeScript, which Node 20 cannot run, so an
// older Node hands over to the binary of the `node` package.
import { spawn } from "node:child_process";
import module, { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const self = fileURLToPath(import.meta.url);
if (Number(process.versions.node.split(".")[0]) >= 24 || process.versions.deno) {
  // Before the first TypeScript: a file that the cache does not have loads the type stripper (16 MB,
  // 80 ms). Deno keeps a cache of its own and has no such function.
  module.enableCompileCache?.();
  await import("../src/cli/program.ts");
} else {
  let node;
  try {
    node = createRequire(import.meta.url).resolve("node/bin/node");
  } catch {
    console.error("millrace: needs Node 24 or newer; the package `node` is not installed.");
    console.error("Run `npm install` (without --ignore-scripts), or install Node 24.");
    process.exit(2);
  }
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: "inherit" });
  // Whoever stops this process means the other one, which ends it when it has ended.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
