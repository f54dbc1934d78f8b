/** A folder with the packed millrace in its node_modules, and processes that run from it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const QUIET = { stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };

/** Packs the checkout; answers the tarball. */
export function pack(folder: string): string {
  execFileSync("npm", ["pack", "--pack-destination", folder], { cwd: ROOT, ...QUIET });
  return join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz"))!);
}

export class Installation {
  readonly folder: string;
  readonly modules: string;
  readonly package: string;
  readonly bin: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly #children: ChildProcess[] = [];

  constructor(folder: string, home: string) {
    this.folder = folder;
    this.modules = join(folder, "node_modules");
    this.package = join(this.modules, "millrace");
    this.bin = join(this.package, "bin", "millrace.js");
    this.environment = { ...process.env, MILLRACE_HOME: home, NO_COLOR: "1" };
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), "{}");
  }

  install(tarball: string, ...options: readonly string[]): void {
    const all = ["--ignore-scripts", "--prefer-offline", "--no-audit", ...options];
    execFileSync("npm", ["install", ...all, tarball], { cwd: this.folder, ...QUIET });
  }

  /** What `npm install` of a project would bring beside millrace, without its minute. */
  borrow(...names: readonly string[]): void {
    for (const name of names)
      symlinkSync(join(ROOT, "node_modules", name), join(this.modules, name));
  }

  millrace(args: readonly string[], cwd = this.folder) {
    return this.run(this.bin, args, cwd);
  }

  tsc(project: string, cwd: string) {
    const args = ["-p", project, "--noEmit", "--pretty", "false"];
    return this.run(join(this.modules, "typescript/bin/tsc"), args, cwd);
  }

  vitest(cwd: string, ...args: readonly string[]) {
    return this.run(join(this.modules, "vitest/vitest.mjs"), ["run", ...args], cwd);
  }

  run(script: string, args: readonly string[], cwd: string) {
    const all = [script, ...args];
    const done = spawnSync(process.execPath, all, { cwd, env: this.environment, encoding: "utf8" });
    return { ...done, text: done.stdout + done.stderr };
  }

  /** Starts `millrace ARGS` and waits for a line that fits; answers its first group. */
  async start(args: readonly string[], awaited: RegExp): Promise<string> {
    const options = { cwd: this.folder, env: this.environment };
    const child = spawn(process.execPath, [this.bin, ...args], options);
    this.#children.push(child);
    let printed = "";
    return new Promise((resolve, reject) => {
      const read = (chunk: Buffer) => {
        printed += chunk.toString();
        const match = awaited.exec(printed);
        if (match !== null) resolve(match[1] ?? match[0]);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("exit", () => reject(new Error(`millrace ${args[0]} ended: ${printed}`)));
    });
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** Ends its processes, the youngest first, and removes it. */
  async remove(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
