import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inspectInThread } from "../../src/jobmanager/bundle-inspector.ts";
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
