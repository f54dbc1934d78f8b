import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectBundle } from "../../../src/protocol/bundle/inspect.ts";
import { ModuleCache } from "../../../src/taskmanager/module-cache.ts";
import { sampleModule } from "../../build/module-bytes.ts";

const BUDGET = 32;
/** One memory of 1 page without a maximum. */
const UNBOUNDED = sampleModule({ memory: [1, 0, 1] });
const { hash } = inspectBundle(UNBOUNDED, BUDGET);
const OTHER = "0".repeat(64);
const GONE = "f".repeat(64);
const STUCK = "5".repeat(64);

let server: Server;
let jobManager: string;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    if (request.url?.includes(GONE)) response.writeHead(404).end();
    else if (request.url?.includes(STUCK)) response.write(UNBOUNDED.subarray(0, 8));
    else response.end(UNBOUNDED);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  jobManager = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

describe("ModuleCache", () => {
  test("fetches a module once by its hash, with the worker token, and bounds its memory", async () => {
    const cache = new ModuleCache({ jobManager, token: "worker-token" });
    const [first, second] = await Promise.all([cache.get(hash, BUDGET), cache.get(hash, BUDGET)]);
    expect(second).toBe(first);
    expect(await cache.get(hash, BUDGET)).toBe(first);
    expect(asked).toEqual([`/v1/bundles/${hash}/download Bearer worker-token`]);
    expect(first.manifest.name).toBe("sample");
    // Its source map, if it had one, would be off by what the maximum takes.
    expect(first.codeShift).toBe(1);
    const instance = new WebAssembly.Instance(first.module, {});
    const memory = instance.exports.memory as WebAssembly.Memory;
    memory.grow(BUDGET - 1);
    expect(() => memory.grow(1)).toThrow();
  });

  test("refuses what has another content, or is not there, and asks again the next time", async () => {
    const cache = new ModuleCache({ jobManager, token: "t" });
    await expect(cache.get(OTHER, BUDGET)).rejects.toMatchObject({
      code: "MODULE_HASH_MISMATCH",
      value: hash,
      expected: OTHER,
    });
    asked.length = 0;
    for (let i = 0; i < 2; i++) {
      await expect(cache.get(GONE, BUDGET)).rejects.toMatchObject({
        code: "MODULE_FETCH_FAILED",
        message: expect.stringContaining("404"),
      });
    }
    expect(asked).toHaveLength(2);
  });

  test("gives a download up that goes silent, so that the next one can succeed", async () => {
    const cache = new ModuleCache({ jobManager, token: "t", silenceMs: 50 });
    for (let i = 0; i < 2; i++) {
      await expect(cache.get(STUCK, BUDGET)).rejects.toMatchObject({
        code: "MODULE_FETCH_FAILED",
        message: expect.stringContaining("no byte for 50 ms"),
      });
    }
  });

  test("names the next step when the built-in operators are not built", async () => {
    const cache = new ModuleCache({ jobManager, token: "t", builtinPath: "/nowhere/builtin.wasm" });
    await expect(cache.get("builtin", BUDGET)).rejects.toMatchObject({
      code: "BUILTIN_MISSING",
      value: "/nowhere/builtin.wasm",
      expected: "npm run build:operators",
    });
  });
});
