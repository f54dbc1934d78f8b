import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { jobSpecJsonSchema } from "../../src/plan/job-spec-json.ts";

const path = new URL("../../schemas/job-spec.json", import.meta.url);

describe("schemas/job-spec.json", () => {
  test("is what src/plan/job-spec.ts says (MILLRACE_UPDATE=1 writes it anew)", () => {
    const text = `${JSON.stringify(jobSpecJsonSchema(), null, 2)}\n`;
    if (process.env.MILLRACE_UPDATE === "1") writeFileSync(path, text);
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});
