/** A project folder for tests, whose `millrace` is this checkout. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const MAIN = join(ROOT, "src/cli/main.ts");

export class ProjectFiles {
  readonly folder: string;

  constructor(name: string) {
    this.folder = join(ROOT, "build", `${name}-${process.pid}`);
    mkdirSync(join(this.folder, "node_modules"), { recursive: true });
    symlinkSync(ROOT, join(this.folder, "node_modules/millrace"));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Prints the words of lines.txt that are long enough. */
export const OPERATOR = `
import { Collector, FlatMapFunction, Text } from "millrace/sdk";
@row class Line { line!: Text; }
@row class Word { word!: Text; }
/** Splits a line. */
@operator class SplitWords extends FlatMapFunction<Line, Word> {
  @parameter minLength: i32 = 1;
  flatMap(line: Line, out: Collector<Word>): void {
    const words = line.line.words();
    while (words.next()) {
      if (words.value.length < this.minLength) continue;
      out.row().word = words.value;
      out.collect();
    }
  }
}
`;
export const JOB = `
import { collectSink } from "millrace";
import * as ops from "./operators/handles.ts";
export default function words({ env, path }: any) {
  env.readTextFile(path("lines.txt")).flatMap(ops.splitWords({ minLength: 2 })).sinkTo(collectSink());
}
`;
export const PACKAGE = JSON.stringify({
  name: "words",
  type: "module",
  millrace: { job: "job.ts", operators: "operators/index.ts" },
});
