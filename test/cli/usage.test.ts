/** Help, wrong usage, and what is said when something is not there. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { startMillrace } from "../../src/cli/demo/processes.ts";
import { Closers, inTime, temporaryFolder } from "../cluster/cluster.ts";
import { LAUNCHER, millrace, runProgram } from "./millrace.ts";

const closers = new Closers();
afterEach(() => closers.close());

const COMMANDS = ["jobmanager", "taskmanager", "cluster", "run", "list", "cancel", "upload"];

/** A listener on a free port. */
async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

describe("millrace", () => {
  test("--help names every command and shows an example", async () => {
    const { code, out } = await millrace(["--help"]);
    expect(code).toBe(0);
    expect(out).toContain("Example");
    for (const command of [...COMMANDS, "build"])
      expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  test.each([...COMMANDS, "build"])("%s --help shows an example", async (command) => {
    const { code, out } = await millrace([command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\n  millrace ${command}`));
  });

  const label = ["taskmanager", "--token", "x", "--label", "nonsense"];
  const halfTls = ["jobmanager", "--port", "0", "--tls-cert", "cert.pem"];
  test.each([
    ["an unknown command", ["nonsense"], /unknown command 'nonsense'/],
    ["a missing argument", ["cancel"], /missing required argument 'job'/],
    ["an unknown option", ["list", "--nonsense"], /unknown option '--nonsense'/],
    ["an option that is no number", ["cluster", "--workers", "two"], /a whole number/],
    ["a label without a value", label, /--label nonsense: key=value/],
    ["half of a pair of options", halfTls, /--tls-cert and --tls-key go together/],
  ])("ends with 2 and says why: %s", async (_, args, reason) => {
    const { code, out, err } = await millrace(args);
    expect(err).toMatch(reason);
    expect([code, out]).toEqual([2, ""]);
  });

  test("says what to do when no cluster is there", async () => {
    const { server, port } = await listening();
    server.close();
    await once(server, "close");
    const url = `http://127.0.0.1:${port}`;
    const { code, err } = await millrace(["list", "--url", url, "--token", "x"]);
    expect(code).toBe(1);
    expect(err).toContain("[CLUSTER_UNREACHABLE]");
    expect(err).toContain(url);
    expect(err).toContain("millrace jobmanager");
    const json = await millrace(["list", "--url", url, "--token", "x", "--json"]);
    expect(JSON.parse(json.out).errors[0]).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  });

  test("says what to do when no token is known", async () => {
    const home = temporaryFolder(closers);
    const { code, err } = await millrace(["list"], { MILLRACE_HOME: home });
    expect(code).toBe(1);
    expect(err).toContain("[TOKEN_MISSING]");
    expect(err).toContain("MILLRACE_TOKEN");
  });

  test("says that the port is in use", async () => {
    const { server, port } = await listening();
    closers.add(() => void server.close());
    const home = temporaryFolder(closers);
    const { code, err } = await millrace(["cluster", "--port", String(port), "--data-dir", home]);
    expect(code).toBe(1);
    expect(err).toContain("[PORT_IN_USE]");
    expect(err).toContain(String(port));
  });
});

describe("millrace cluster", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("ends clean on %s", async (signal) => {
    const home = temporaryFolder(closers);
    const args = ["cluster", "--port", "0", "--data-dir", home, "--workers", "2"];
    const { child } = await startMillrace(args, /worker-2 registered/);
    expect(await endOf(child, signal)).toEqual([0, null]);
    expect(existsSync(join(home, "tokens.json"))).toBe(true);
  });
});

async function endOf(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown[]> {
  const exit = once(child, "exit");
  child.kill(signal);
  return inTime(`exit after ${signal}`, exit, 10_000);
}

/** A Node of this machine that is too old to run the sources. */
function olderNode(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const own = folders.filter((folder) => !folder.includes("node_modules"));
  return own
    .map((folder) => join(folder, "node"))
    .find((file) => {
      if (!existsSync(file)) return false;
      const version = spawnSync(file, ["--version"], { encoding: "utf8" }).stdout ?? "";
      const major = Number(/^v(\d+)/.exec(version)?.[1]);
      return major >= 20 && major < 24;
    });
}

const older = olderNode();
if (older === undefined) console.log("SKIPPED: this machine has no Node 20 to 23 to start from");

describe.skipIf(older === undefined)("bin/millrace.js under an older Node", () => {
  test("hands over to the Node of the package, and its exit code back", async () => {
    const path = fileURLToPath(new URL("../../package.json", import.meta.url));
    const { version } = JSON.parse(readFileSync(path, "utf8"));
    expect(await runProgram(older!, [LAUNCHER, "--version"])).toMatchObject({
      code: 0,
      out: `${version}\n`,
    });
    expect((await runProgram(older!, [LAUNCHER, "nonsense"])).code).toBe(2);
  });

  test("hands signals over, too", async () => {
    const home = temporaryFolder(closers);
    const args = [LAUNCHER, "cluster", "--port", "0", "--data-dir", home];
    const child = spawn(older!, args, { stdio: ["ignore", "inherit", "pipe"] });
    closers.add(() => void child.kill("SIGKILL"));
    let printed = "";
    const registered = new Promise<void>((resolve) => {
      child.stderr.on("data", (chunk: Buffer) => {
        printed += chunk;
        if (printed.includes("registered")) resolve();
      });
    });
    await inTime("a worker", registered);
    expect(await endOf(child, "SIGTERM")).toEqual([0, null]);
  });
});
