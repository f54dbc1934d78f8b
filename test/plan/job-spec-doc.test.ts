import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const doc = readFileSync(new URL("../../docs/job-spec.md", import.meta.url), "utf8");

describe("docs/job-spec.md", () => {
  test("lists every error code of src/plan", () => {
    const folder = new URL("../../src/plan/", import.meta.url);
    const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
    const thrown = /"((?:JOB|CONNECTOR|CHANGELOG|DURATION)_[A-Z_]+)"/g;
    const codes = new Set(sources.flatMap((text) => [...text.matchAll(thrown)].map((m) => m[1]!)));
    expect([...codes].filter((code) => !doc.includes(code))).toEqual([]);
  });
});
