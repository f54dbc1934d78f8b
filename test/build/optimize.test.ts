import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unpacked } from "../../src/build/binaryen.ts";
import { buildBundle } from "../../src/build/compile.ts";

const SOURCE = `
import { MapFunction } from "millrace/sdk";
@row class In { n: i64; }
@row class Out { twice: i64; }
@operator class Doubles extends MapFunction<In, Out> {
  map(r: In, out: Out): void {
    out.twice = r.n * 2;
  }
}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-optimize-"));
  writeFileSync(join(folder, "index.ts"), SOURCE);
});
afterAll(() => rmSync(folder, { recursive: true }));

const build = (optimize: "speed" | "none") =>
  buildBundle({ entry: join(folder, "index.ts"), name: "doubles", optimize });

test("a compiler that has run before gives the bytes of one that has not", async () => {
  const first = await build("speed");
  const plain = await build("none");
  const again = await build("speed");
  expect(again.report.hash).toBe(first.report.hash);
  expect(first.report.codeBytes).toBeLessThan(plain.report.codeBytes);
});

test("the WebAssembly module of a script is taken out of it, escapes and all", () => {
  const script = "async function f(){return g(decode(`\\0asm\\x01\\`\\\\\xb7`),1)}";
  const parts = unpacked(script)!;
  expect([...parts.wasm]).toEqual([0, ...Buffer.from("asm"), 1, 96, 92, 0xb7]);
  expect(parts.script).toContain(
    'return g(__readFile(new URL("./binaryen.wasm", import.meta.url)),1)}',
  );
});

test("a script that holds no module, or holds it in another way, is left as it is", () => {
  expect(unpacked("export default 1")).toBeUndefined();
  expect(unpacked("const a = `\\0asm`;")).toBeUndefined();
  expect(unpacked("decode(`\\0asm")).toBeUndefined();
});
