import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { validateJob } from "../../src/plan/validate-job.ts";
import { manifestOf } from "./sample-manifest.ts";

const doc = readFileSync(new URL("../../docs/job-spec.md", import.meta.url), "utf8");

describe("docs/job-spec.md", () => {
  const examples = [...doc.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1]!);

  test("has examples that are accepted as printed", () => {
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) validateJob(JSON.parse(example), manifestOf);
  });

  test("lists every error code of src/plan", () => {
    const folder = new URL("../../src/plan/", import.meta.url);
    const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
    const thrown = /"((?:JOB|CONNECTOR|CHANGELOG|DURATION)_[A-Z_]+)"/g;
    const codes = new Set(sources.flatMap((text) => [...text.matchAll(thrown)].map((m) => m[1]!)));
    expect([...codes].filter((code) => !doc.includes(code))).toEqual([]);
  });
});
