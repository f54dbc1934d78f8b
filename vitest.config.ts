import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // What `import "millrace"` means in examples and pages; Node itself would look in dist/.
    alias: [
      { find: /^millrace$/, replacement: source("index.ts") },
      { find: /^millrace\/testing$/, replacement: source("testing/index.ts") },
      { find: /^millrace\/text$/, replacement: source("inline/text.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
