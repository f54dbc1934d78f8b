import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { sourceParts } from "./source-text.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Files and packages that a module loads, each with the file that first imports it. */
function loaded(entries: readonly string[]): Map<string, string> {
  const found = new Map(entries.map((entry) => [entry, "(entry)"]));
  for (const path of found.keys()) {
    if (!path.startsWith("src/")) continue;
    // What is left without types is what runs.
    const code = stripTypeScriptTypes(readFileSync(ROOT + path, "utf8"));
    for (const { specifier } of sourceParts(code).imports) {
      const inside = specifier.startsWith(".");
      const target = inside ? posix.join(posix.dirname(path), specifier) : specifier;
      if (!found.has(target)) found.set(target, path);
    }
  }
  return found;
}

describe("what is loaded into", () => {
  test("a slot's isolate has no package: each slot would pay for it again", () => {
    const imports = loaded(["src/taskmanager/slot-worker.ts"]);
    expect([...imports.keys()]).toContain("src/taskmanager/operator-chain.ts");
    const packages = [...imports].filter(([name]) => !/^(src\/|node:)/.test(name));
    expect(packages).toEqual([]);
  });

  test("a worker's main isolate has its packages, and the rule sees them", () => {
    const imports = loaded(["src/taskmanager/task-manager-process.ts"]);
    const packages = [...imports.keys()].filter((name) => !/^(src\/|node:)/.test(name));
    expect(packages.sort()).toEqual(["ws", "zod"]);
    expect([...imports.keys()], "see src/protocol/node-http.ts").not.toContain("node:http");
  });
});
