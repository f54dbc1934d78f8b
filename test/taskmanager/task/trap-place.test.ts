import { strToU8, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { customSection } from "../../../src/build/bundle-writer.ts";
import { SOURCE_MAP_SECTION } from "../../../src/protocol/abi.ts";
import { authorPlace } from "../../../src/taskmanager/trap-place.ts";

/** Bytes 0 to 9 of the library's line 1, 10 to 19 of the author's line 3, from 20 to 29 of nobody. */
const MAP = {
  version: 3,
  sources: ["~lib/x.ts", "index.ts"],
  names: [],
  mappings: "AAAA,UCEA,U,UAAA",
};

function moduleWith(sections: readonly Uint8Array[]): WebAssembly.Module {
  const head = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  return new WebAssembly.Module(Buffer.concat([head, ...sections]) as Uint8Array<ArrayBuffer>);
}

function stack(...offsets: number[]): string {
  const frames = offsets.map(
    (at) => `    at f (wasm://wasm/x:wasm-function[9]:0x${at.toString(16)})`,
  );
  return ["RuntimeError: divide by zero", ...frames, "    at host (host.ts:1:1)"].join("\n");
}

describe("authorPlace", () => {
  const zip = zipSync({ "module.wasm.map": strToU8(JSON.stringify(MAP)) });
  const module = moduleWith([customSection(SOURCE_MAP_SECTION, zip)]);

  test("passes over the frames of the library, and of code nobody wrote", () => {
    expect(authorPlace(module, stack(12), 0)).toEqual({ file: "index.ts", line: 3 });
    expect(authorPlace(module, stack(25, 3, 12, 13), 0)).toEqual({ file: "index.ts", line: 3 });
    expect(authorPlace(module, stack(3, 25), 0)).toBeUndefined();
  });

  test("finds the line where an imposed memory maximum has moved the code", () => {
    expect(authorPlace(module, stack(12), 3)).toBeUndefined();
    expect(authorPlace(module, stack(22), 3)).toEqual({ file: "index.ts", line: 3 });
  });

  test("knows nothing without a source map or a stack", () => {
    expect(authorPlace(moduleWith([]), stack(12), 0)).toBeUndefined();
    expect(authorPlace(module, "", 0)).toBeUndefined();
  });
});
