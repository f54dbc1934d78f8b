import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { loadTextAlgorithms, type TextAlgorithms } from "./text-algorithms.ts";

let text: TextAlgorithms;
beforeAll(async () => {
  text = await loadTextAlgorithms();
}, 60_000);

type Case = readonly [string, string | { unit: string; times: number; rest: string }];
const suite = JSON.parse(
  readFileSync(new URL("./json-test-suite.golden.json", import.meta.url), "utf8"),
) as { cases: readonly Case[] };
const KINDS = [
  "missing",
  "null",
  "true",
  "false",
  "number",
  "string",
  "escaped",
  "object",
  "array",
];

function read(json: string | Uint8Array, ...paths: string[]): (string | undefined)[] | false {
  text.call.jsonReset!();
  const slots = paths.map((path) => text.over("jsonWant", path));
  if (slots.includes(-1)) throw new Error(`malformed path in ${paths.join(", ")}`);
  if (text.over("jsonRead", json) === 0) return false;
  return slots.map((slot) => {
    const kind = KINDS[text.call.jsonKind!(slot)!];
    if (kind === "missing") return undefined;
    const length = text.call.jsonText!(slot, text.output);
    return length < 0 ? "lone surrogate" : text.taken(length);
  });
}

describe("JSONTestSuite", () => {
  test("has all of its cases", () => {
    expect(suite.cases.length).toBe(318);
  });

  test.each(suite.cases.filter(([name]) => /^[yn]_/.test(name)))("%s", (name, content) => {
    const json =
      typeof content === "string" ? content : content.unit.repeat(content.times) + content.rest;
    expect(text.over("jsonRead", Buffer.from(json, "latin1"))).toBe(name.startsWith("y_") ? 1 : 0);
  });
});

describe("paths", () => {
  test("finds nested members, elements and quoted names in one pass", () => {
    const json = '{"a":{"b":[{"c":1},{"c":"x\\ny"}]},"x.y":true,"n":null,"e":{}}';
    expect(
      read(json, "a.b[1].c", "a.b[0].c", "['x.y']", "n", "a.b[2]", "e.f", "a.b", "$.e"),
    ).toEqual(["x\ny", "1", "true", "null", undefined, undefined, '[{"c":1},{"c":"x\\ny"}]', "{}"]);
  });

  test("a member that comes twice counts as its last value", () => {
    expect(read('{"a":{"b":1},"a":{"c":2}}', "a.b", "a.c")).toEqual([undefined, "2"]);
    expect(read('{"a":1,"a":2}', "a")).toEqual(["2"]);
  });

  test("names are compared without their escapes", () => {
    expect(read('{"\\u0061\\"":1}', "['a\"']")).toEqual(["1"]);
  });

  test.each(["", "a.", ".a", "a[", "a[x]", "a[-1]", "a['b", "a]b["])(
    "refuses the path %j",
    (path) => {
      text.call.jsonReset!();
      const slot = text.over("jsonWant", path);
      expect(slot === -1 || path === "a]b[").toBe(true);
    },
  );
});

describe("strings", () => {
  test("any string of code points comes back, however it is escaped", () => {
    const ascii = (json: string) =>
      json.replace(
        /[\u007f-\uffff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (value) => {
        const json = JSON.stringify(value);
        expect(read(json, "$")).toEqual([value]);
        expect(read(ascii(json), "$")).toEqual([value]);
        const end = text.put(value);
        expect(JSON.parse(text.print("writeJsonString", text.input, end))).toBe(value);
      }),
      { numRuns: 3_000 },
    );
  });

  test("writes what JSON.stringify writes", () => {
    const value = `${[...Array(128).keys()].map((code) => String.fromCharCode(code)).join("")}é😀`;
    const end = text.put(value);
    expect(text.print("writeJsonString", text.input, end)).toBe(
      JSON.stringify(value).replace("\u007f", "\u007f"),
    );
  });

  test("a surrogate without its other half is told, not replaced", () => {
    for (const json of ['"\\ud800"', '"\\ud800x"', '"\\udc00"', '"\\ud800\\u0041"']) {
      expect(read(json, "$")).toEqual(["lone surrogate"]);
    }
  });
});

describe("agreement with JSON.parse", () => {
  test("any JSON value is accepted, and refused with any byte cut off or changed as there", () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('"', "{", "]", ",", "0", "\\", ""),
        (json, at, put) => {
          const place = json.length === 0 ? 0 : at % json.length;
          for (const candidate of [json, json.slice(0, place) + put + json.slice(place + 1)]) {
            if (/[\ud800-\udfff]/.test(candidate)) continue;
            let valid = true;
            try {
              JSON.parse(candidate);
            } catch {
              valid = false;
            }
            expect(text.over("jsonRead", candidate), candidate).toBe(valid ? 1 : 0);
          }
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
