/** Situations whose output pages show, by the page and the first line of what is shown. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildBundle } from "../../src/build/compile.ts";
import { expectRows, formatRows, OperatorTestHarness } from "../../src/testing/index.ts";
import { runNode } from "./node-process.ts";
import { CHECKS } from "./page-project.ts";
import { ROOT } from "./pages.ts";

const SHARE = new URL("../testing/assembly/index.ts", import.meta.url);

/** The message of what a call throws. */
async function messageOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (thrown) {
    return (thrown as Error).message;
  }
  throw new Error("it did not fail");
}

function written(name: string, text: string): string {
  const file = join(CHECKS, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** A row class with a string field, at line 7. */
const STRING_FIELD = `// A file of operators.
import { FilterFunction } from "millrace/sdk";


@row
class Word {
  word!: string;
}
@operator class Short extends FilterFunction<Word> {
  filter(value: Word): bool {
    return true;
  }
}
`;

/** A regular expression at line 12. */
const REGULAR_EXPRESSION = `/** Keeps the lines of a log in which something stands. */
import { files, type JobContext, textLines } from "millrace";

export default function job({ env }: JobContext): void {
  const log = files("app.log");

  env
    .fromSource(textLines(log))
    .map((row) => ({
      line: row.line,
      words: row
        .line.split(/ +/).length,
    }))
    .collect();
}
`;

export const OUTPUTS: Readonly<Record<string, () => Promise<string>>> = {
  "docs/api-reference.md: word ": async () => formatRows([{ word: "the", n: 2n }]),
  "docs/testing.md: Rows differ": () =>
    messageOf(() =>
      expectRows(
        [
          { word: "the", n: 2n },
          { word: "sea", n: 1n },
        ],
        [
          { word: "the", n: 2 },
          { word: "whale", n: 10 },
        ],
      ),
    ),
  "docs/testing.md: Operator Share": () =>
    messageOf(async () => {
      const harness = await OperatorTestHarness.open(SHARE, "Share");
      harness.processElement({ name: "whale", n: 2 });
      harness.processElements([
        { name: "sea", n: 1 },
        { name: "ship", n: 7 },
      ]);
    }),
  "docs/sdk-operators.md: Cannot build": () =>
    messageOf(() =>
      buildBundle({ entry: written("bad/index.ts", STRING_FIELD), name: "bad", optimize: "none" }),
    ),
  "docs/one-file-jobs.md: Cannot compile": async () => {
    const file = written("bad/job.ts", REGULAR_EXPRESSION);
    const answers = JSON.parse(await runNode([join(ROOT, "test/docs/run-jobs.ts"), file]));
    return answers[file].error.message.replace(`${dirname(file)}/`, "");
  },
};
