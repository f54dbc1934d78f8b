import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { bundleKey, cachedBundle } from "../../src/build/bundle-cache.ts";

const SOURCE = `
import { MapFunction } from "millrace/sdk";
@row class Row { n: i64; }
@operator class Twice extends MapFunction<Row, Row> {
  map(r: Row, out: Row): void {
    out.n = r.n * 2;
  }
}`;

const folder = mkdtempSync(join(tmpdir(), "millrace-cache-"));
const cache = join(folder, "node_modules/.cache/millrace/bundles");
const options = {
  entry: join(folder, "index.ts"),
  name: "twice",
  optimize: "none",
  notSource: [join(folder, "handles.ts")],
} as const;

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  writeFileSync(options.entry, SOURCE);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keptFiles = () => readdirSync(cache).filter((name) => name.endsWith(".wasm"));

test("a bundle that is kept is what the compiler gave, report included", async () => {
  const built = await cachedBundle(options);
  const kept = await cachedBundle(options);
  expect(kept.bytes).not.toBe(built.bytes);
  expect(Buffer.compare(kept.bytes, built.bytes)).toBe(0);
  expect(kept.report).toEqual(built.report);
  expect(kept.manifest).toEqual(built.manifest);
  expect(keptFiles()).toHaveLength(1);
});

test("a kept file that was changed is built again", async () => {
  const built = await cachedBundle(options);
  const changed = Uint8Array.from(built.bytes);
  // The last digit of the source map's zip: still a bundle.
  changed[changed.length - 1]! ^= 1;
  writeFileSync(join(cache, keptFiles()[0]!), changed);
  const again = await cachedBundle(options);
  expect(Buffer.compare(again.bytes, built.bytes)).toBe(0);
});

test("every source and option is part of the key; what the build writes itself is not", async () => {
  const key = await bundleKey(options);
  writeFileSync(options.notSource[0], "export {};");
  mkdirSync(join(folder, "node_modules/other"));
  writeFileSync(join(folder, "node_modules/other/index.ts"), "export {};");
  expect(await bundleKey(options)).toBe(key);
  expect(await bundleKey({ ...options, optimize: "speed" })).not.toBe(key);
  expect(await bundleKey({ ...options, name: "other" })).not.toBe(key);
  expect(await bundleKey({ ...options, source: false })).not.toBe(key);
  mkdirSync(join(folder, "more"));
  writeFileSync(join(folder, "more/rows.ts"), "export {};");
  expect(await bundleKey(options)).not.toBe(key);
});
