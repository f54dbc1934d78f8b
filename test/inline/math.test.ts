import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { SDK_MATH, sdkMath } from "../../packaging/sdk-math.ts";
import { asc } from "../../src/build/assemblyscript.ts";
import { buildBundle } from "../../src/build/compile.ts";
import * as math from "../../src/inline/math.ts";
import { MATH_FUNCTIONS } from "../../src/inline/runtime-library.ts";
import { schemaOf } from "../../src/plan/schema-match.ts";
import { writeBatch } from "../../src/protocol/batch/batch-writer.ts";
import { HarnessModule, OperatorHarness } from "../conformance/operator-harness.ts";
import { random } from "./rows.ts";

type Numeric = (...args: readonly number[]) => number;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FUNCTIONS = Object.entries(math) as [string, Numeric][];
/** Most units in the last place that a result may be off Math's, which is off itself. */
const FAR: Readonly<Record<string, number>> = { cosh: 2, hypot: 2, log10: 2, sinh: 2, tanh: 3 };

const SPECIAL = [
  ...[0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 10, 1000, Number.NaN],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, -Number.MAX_VALUE],
  ...[Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022, Math.PI, Math.PI / 2, Math.PI / 4, 1e22],
  ...[2 ** 31, 2 ** 53, 2 ** 64, 2 ** 1023, 1 - 2 ** -53, 1 + 2 ** -52, 709.78, 709.79, 710.47],
  // The double next to a multiple of pi / 2 (Kahan; Muller, Elementary Functions).
  ...[-745.1, -745.2, -1074, -1075, 6381956970095103 * 2 ** 797, 27, 1e-8, 1e-300],
];

/** Arguments of all magnitudes: any bits, angles, next to 1, subnormal. */
function samples(count: number): number[] {
  const next = random(20_261_121);
  const view = new DataView(new ArrayBuffer(8));
  const bits = () => {
    view.setUint32(0, next() * 2 ** 32);
    view.setUint32(4, next() * 2 ** 32);
    return view.getFloat64(0);
  };
  const makers = [
    bits,
    () => (next() - 0.5) * 4,
    () => (next() - 0.5) * 1500,
    () => (next() - 0.5) * 2 ** (next() * 1000),
    () => 1 + (next() - 0.5) * 2 ** (-next() * 50),
    () => (next() - 0.5) * 2 ** -1021,
    () => Math.round((next() - 0.5) * 100),
  ];
  return [...SPECIAL, ...Array.from({ length: count }, (_, i) => makers[i % makers.length]!())];
}

/** Calls `check` with one number for each sample, or with two. */
function eachArgument(fn: Numeric, values: readonly number[], check: (args: number[]) => void) {
  if (fn.length === 1) {
    for (const value of values) check([value]);
    return;
  }
  for (const a of SPECIAL) for (const b of SPECIAL) check([a, b]);
  values.forEach((value, i) => {
    check([value, values[(i * 7 + 3) % values.length]!]);
  });
}

/** Doubles between two numbers; infinite where one is NaN or they are zeros of two signs. */
function apart(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a) || Number.isNaN(b) || a === b) return Number.POSITIVE_INFINITY;
  const view = new DataView(new ArrayBuffer(8));
  const [low, high] = [a, b].map((x) => {
    view.setFloat64(0, x);
    const bits = view.getBigInt64(0);
    return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
  }) as [bigint, bigint];
  return Math.abs(Number(high - low));
}

const OPERATOR = `
import { MapFunction } from "millrace/sdk";
import { hypot } from "millrace/math";
@row class Point { x: f64; y: f64; }
@row class Length { length: f64; }
@operator class Norm extends MapFunction<Point, Length> {
  map(value: Point, out: Length): void { out.length = hypot(value.x, value.y); }
}
`;

describe("millrace/math", () => {
  let compiled: Record<string, Numeric> = {};

  beforeAll(async () => {
    const folder = join(ROOT, "build", "math-test");
    mkdirSync(folder, { recursive: true });
    const entry = join(folder, "index.ts");
    writeFileSync(entry, 'export * from "../../operators/sdk/assembly/math";\n');
    const out = join(folder, "math.wasm");
    const { error } = await asc.main([entry, "--outFile", out, "--runtime", "minimal", "-O1"]);
    expect(error).toBeNull();
    const module = new WebAssembly.Module(readFileSync(out));
    const instance = new WebAssembly.Instance(module, { env: { abort: () => undefined } });
    compiled = instance.exports as unknown as Record<string, Numeric>;
  }, 60_000);

  test("is what the front end knows of it", () => {
    const arities = FUNCTIONS.map(([name, fn]) => [name, fn.length] as const);
    expect(new Map(arities)).toEqual(new Map([...MATH_FUNCTIONS].sort()));
  });

  test("has one text: the SDK's is written from it", () => {
    for (const [name, text] of sdkMath()) {
      const written = readFileSync(join(SDK_MATH, name), "utf8");
      expect([name, written === text], "npm run sdk:math").toEqual([name, true]);
    }
  });

  test.each(FUNCTIONS)("%s gives the same bits in WebAssembly", (name, fn) => {
    const different: unknown[] = [];
    eachArgument(fn, samples(30_000), (args) => {
      const own = fn(...args);
      if (!Object.is(own, compiled[name]!(...args))) different.push([args, own]);
    });
    expect(different.slice(0, 3)).toEqual([]);
  });

  test.each(FUNCTIONS)("%s is next to Math's", (name, fn) => {
    const engine = (Math as unknown as Record<string, Numeric>)[name]!;
    const far: unknown[] = [];
    eachArgument(fn, samples(30_000), (args) => {
      const own = fn(...args);
      const theirs = engine(...args);
      if (apart(own, theirs) > (FAR[name] ?? 1)) far.push([args, own, theirs]);
    });
    expect(far.slice(0, 3)).toEqual([]);
  });

  test("is imported by operators of the SDK", async () => {
    const folder = join(ROOT, "build", "math-test", "operators");
    mkdirSync(folder, { recursive: true });
    const entry = join(folder, "index.ts");
    writeFileSync(entry, OPERATOR);
    const { bytes } = await buildBundle({ entry, name: "norm", optimize: "none" });
    const input = schemaOf({ x: "DOUBLE NOT NULL", y: "DOUBLE NOT NULL" });
    const harness = new OperatorHarness(
      new HarnessModule(new WebAssembly.Module(new Uint8Array(bytes))),
      {
        operator: 0,
        inputs: [{ schema: input, keys: [] }],
        outputs: [{ name: "main", schema: schemaOf({ length: "DOUBLE NOT NULL" }) }],
      },
    );
    harness.process(writeBatch(input, [{ x: 1e200, y: 1e-3 }]));
    const [element] = harness.drain()[0]!;
    expect(element).toMatchObject({ values: { length: math.hypot(1e200, 1e-3) } });
  });
});
