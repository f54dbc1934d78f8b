/**
 * How long builds take: of an operator of 200 lines (first-hour/assembly) and of a bundle of one-file
 * functions (those of one-file/), beside two references of the same minute: `node -e 0`, and the bare
 * compiler (`asc -O3 --converge`) over what it is given of the same operator.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { SDK_FOLDER } from "../src/build/sdk.ts";
import { readSourceTree } from "../src/build/source-tree.ts";
import { ENTRY_FILE, transformSources } from "../src/build/transform.ts";
import { spread } from "./harness.ts";

const OPERATOR = fileURLToPath(new URL("./first-hour/assembly/", import.meta.url));
const COMPILER_SCRIPT = fileURLToPath(new URL("./first-hour/warm-builds.js", import.meta.url));
/** Builds in one process before its compiler counts as warm. */
const WARM_UP_BUILDS = 3;

/** Seconds of a command. */
interface Times {
  readonly wall: number;
  /** User and system time. */
  readonly cpu: number;
}

export interface BuildTimesOptions {
  /** Folder of a project whose node_modules holds millrace and its optional packages. */
  readonly project: string;
  /** Text of a module of one-file functions. */
  readonly inlineModule: string;
  readonly rounds: number;
  readonly log: (line: string) => void;
}

/** All figures, medians of the rounds. */
export async function buildTimes(options: BuildTimesOptions): Promise<Record<string, Times>> {
  const { project, rounds, log } = options;
  const folder = mkdtempSync(join(project, "build-times-"));
  try {
    cpSync(OPERATOR, join(folder, "operator"), { recursive: true });
    mkdirSync(join(folder, "inline"));
    writeFileSync(join(folder, "inline/index.ts"), options.inlineModule);
    const asc = await bareCompiler(project, join(folder, "asc"));
    const figures: Record<string, Times> = {};
    const measure = (name: string, run: (round: number) => Times) => {
      figures[name] = medianTimes(Array.from({ length: rounds }, (_, round) => run(round)));
      const { wall, cpu } = figures[name];
      log(`  ${name.padEnd(36)} ${wall.toFixed(2)} s, CPU ${cpu.toFixed(2)} s`);
    };
    measure("reference: node -e 0", () => timed("node -e 0", folder));
    measure("reference: asc of the operator", () => timed(asc, folder));
    for (const kind of ["operator", "inline"]) {
      const build = new Builds(project, join(folder, kind, "index.ts"));
      measure(`${kind}: cold`, (round) => build.cold(round));
      measure(`${kind}: new process, edited`, (round) => build.edited(round));
      measure(`${kind}: new process, unchanged`, () => build.unchanged());
      const warm = build.warm(rounds);
      measure(`${kind}: running compiler, edited`, (round) => warm[round]!);
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Builds of one entry by the command line. */
class Builds {
  readonly #project: string;
  readonly #entry: string;
  #edits = 0;

  constructor(project: string, entry: string) {
    this.#project = project;
    this.#entry = entry;
  }

  /** Neither Node nor Millrace has kept anything. */
  cold(round: number): Times {
    for (const name of [".cache", `.compile-${round}`]) {
      rmSync(join(this.#project, "node_modules", name), { recursive: true, force: true });
    }
    return this.#build(round);
  }

  edited(round: number): Times {
    this.#edit();
    return this.#build(round);
  }

  unchanged(): Times {
    return this.#build(0);
  }

  /** Builds of one process, each after an edit. */
  warm(rounds: number): readonly Times[] {
    const compiler = join(this.#project, "node_modules/millrace/dist/build/compile.js");
    const args = [pathToFileURL(compiler).href, this.#entry, String(rounds + WARM_UP_BUILDS)];
    const { stdout, status } = spawnSync(process.execPath, [COMPILER_SCRIPT, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) throw new Error(`Cannot build ${this.#entry} in one process`);
    return JSON.parse(stdout.toString()).slice(WARM_UP_BUILDS);
  }

  #edit(): void {
    const text = `// edit ${++this.#edits} of ${process.pid}\n`;
    writeFileSync(this.#entry, text, { flag: "a" });
  }

  #build(round: number): Times {
    const bin = join(this.#project, "node_modules/millrace/bin/millrace.js");
    const out = join(dirname(this.#entry), "out.wasm");
    const command = `node ${bin} build ${this.#entry} -o ${out} --no-handles --name bench`;
    const cache = join(this.#project, "node_modules", `.compile-${round}`);
    return timed(command, dirname(this.#entry), { NODE_COMPILE_CACHE: cache });
  }
}

/** The command of the compiler alone, over the sources as the build would hand them to it. */
async function bareCompiler(project: string, folder: string): Promise<string> {
  const { texts } = transformSources(await readSourceTree(join(OPERATOR, "index.ts"), []), []);
  mkdirSync(join(folder, "lib/millrace"), { recursive: true });
  symlinkSync(SDK_FOLDER, join(folder, "lib/millrace/sdk"));
  for (const [name, text] of texts) writeFileSync(join(folder, name), text);
  const options = "-O3 --converge --runtime minimal --exportStart _initialize";
  const features = "--enable simd --enable bulk-memory --lib lib --outFile out.wasm";
  const asc = join(project, "node_modules/assemblyscript/bin/asc.js");
  return `cd ${folder} && node ${asc} ./${ENTRY_FILE} ${options} ${features}`;
}

/** Runs a command of the shell, whose `time` counts its children's CPU, too. */
function timed(command: string, cwd: string, env: Readonly<Record<string, string>> = {}): Times {
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const script = `TIMEFORMAT='%3R %3U %3S'; time { ${command}; } >/dev/null`;
  const { stderr, status } = spawnSync("bash", ["-c", script], {
    cwd,
    env: { ...process.env, PATH: path, ...env },
  });
  const text = stderr.toString().trim();
  if (status !== 0) throw new Error(`${command}: ${text}`);
  const [wall, user, system] = text.split("\n").at(-1)!.split(" ").map(Number);
  return { wall: wall!, cpu: user! + system! };
}

function medianTimes(times: readonly Times[]): Times {
  const median = (of: (each: Times) => number) => spread(times.map(of)).median;
  return { wall: median((each) => each.wall), cpu: median((each) => each.cpu) };
}
