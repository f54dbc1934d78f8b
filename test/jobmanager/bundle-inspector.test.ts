import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inspectInThread } from "../../src/jobmanager/bundle-inspector.ts";
import { BundleStore } from "../../src/jobmanager/bundle-store.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../../src/protocol/limits.ts";
import { sampleModule } from "../build/module-bytes.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-inspector-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a parser that takes too long is killed, and the next one is not hurt", async () => {
  const path = join(folder, "sample.wasm");
  writeFileSync(path, sampleModule());
  await expect(inspectInThread(path, MODULE_MEMORY_MAX_PAGES, 1)).rejects.toMatchObject({
    code: "BUNDLE_PARSE_TIMEOUT",
    message: expect.stringContaining("more than 1 ms"),
  });
  const { manifest } = await inspectInThread(path, MODULE_MEMORY_MAX_PAGES);
  expect(manifest.name).toBe("sample");
});

test("a damaged file in the bundle folder is left out; the others are there", async () => {
  const dir = join(folder, "bundles");
  mkdirSync(dir);
  const inspect = (path: string) => inspectInThread(path, MODULE_MEMORY_MAX_PAGES);
  const store = await BundleStore.open(dir, inspect);
  const { hash } = await store.store(
    (async function* () {
      yield sampleModule();
    })(),
  );
  const damaged = "a".repeat(64);
  writeFileSync(join(dir, `${damaged}.wasm`), sampleModule().subarray(0, 20));
  const refused: string[] = [];
  const again = await BundleStore.open(dir, inspect, (name, error) => {
    refused.push(name, error.code);
  });
  expect(refused).toEqual([damaged, "BUNDLE_TRUNCATED"]);
  expect([again.has(hash), again.has(damaged)]).toEqual([true, false]);
  expect(existsSync(join(dir, `${damaged}.wasm`))).toBe(true);
  await expect(BundleStore.open(dir, inspect)).rejects.toMatchObject({ code: "BUNDLE_TRUNCATED" });
});
