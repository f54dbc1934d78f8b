#!/usr/bin/env node
// The command line: `dist/` of a package, or `src/` of a checkout. Both need Node 24 (a checkout is
// TypeScript as it stands, job files always are), so an older Node hands over to the binary of the
// `node` package, which is a dependency.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED = 24;
const self = fileURLToPath(import.meta.url);
const source = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const packed = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const main = existsSync(source) ? source : packed;

if (Number(process.versions.node.split(".")[0]) >= NEEDED || process.versions.deno) {
  // Before the first TypeScript: a file that the cache does not have loads the type stripper (16 MB,
  // 80 ms). Deno keeps a cache of its own and has no such function.
  module.enableCompileCache?.();
  await import(pathToFileURL(main).href);
} else {
  handOver(findNode());
}

function findNode() {
  const require = createRequire(import.meta.url);
  for (const name of ["node/bin/node", "node/bin/node.exe"]) {
    try {
      return require.resolve(name);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  console.error(
    `millrace: this is Node ${process.versions.node}, and Millrace needs Node ${NEEDED}.`,
  );
  console.error("The package `node` would bring it, but its install script has not run.");
  console.error("  either:  npm rebuild node --ignore-scripts=false   (where you ran npm install)");
  console.error(`  or:      install Node ${NEEDED} or newer and run the same command again`);
  process.exit(2);
}

function handOver(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: "inherit" });
  // Whoever stops this process means the other one, which ends it when it has ended. Ctrl-C on a
  // terminal reaches both anyway, and a second one would end the child at once.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`millrace: cannot run ${node}: ${error.message}`);
    console.error("  try:  npm rebuild node --ignore-scripts=false");
    process.exit(2);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
