/**
 * Writes operators/sdk/assembly/js-case-table.ts from the running JavaScript's own case mapping:
 *
 *     node src/inline/case-table.ts > operators/sdk/assembly/js-case-table.ts
 *
 * A test compares every code point, so a new Unicode version in the engine shows itself there.
 */

const LAST_POINT = 0x10ffff;

interface Run {
  readonly start: number;
  end: number;
  step: number;
  readonly delta: number;
}

/** Runs of code points of equal distance to what they map to; others behind one another. */
function caseMapping(map: (text: string) => string): { runs: Run[]; special: number[][] } {
  const runs: Run[] = [];
  const special: number[][] = [];
  for (let point = 0x80; point <= LAST_POINT; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const mapped = [...map(String.fromCodePoint(point))].map((one) => one.codePointAt(0)!);
    if (mapped.length > 1) special.push([point, ...mapped, 0, 0].slice(0, 4));
    else if (mapped[0] !== point) addPoint(runs, point, mapped[0]! - point);
  }
  return { runs, special };
}

function addPoint(runs: Run[], point: number, delta: number): void {
  const last = runs.at(-1);
  const step = last === undefined ? 0 : point - last.end;
  const joins =
    last !== undefined &&
    last.delta === delta &&
    (step === 1 || step === 2) &&
    (last.start === last.end || last.step === step);
  if (!joins) runs.push({ start: point, end: point, step: 1, delta });
  else {
    last.end = point;
    last.step = step;
  }
}

/** Ranges of the code points with a property. */
function ranges(pattern: RegExp): number[] {
  const found: number[] = [];
  for (let point = 0; point <= LAST_POINT; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    if (!pattern.test(String.fromCodePoint(point))) continue;
    if (found.at(-1) === point - 1) found[found.length - 1] = point;
    else found.push(point, point);
  }
  return found;
}

function tableText(name: string, doc: string, type: string, values: readonly number[]): string {
  const lines: string[] = [];
  let line = " ";
  for (const value of values) {
    const word = ` ${value},`;
    if (line.length + word.length > 100) {
      lines.push(line);
      line = " ";
    }
    line += word;
  }
  lines.push(line);
  return `/** ${doc} */\nexport const ${name} = memory.data<${type}>([\n${lines.join("\n")}\n]);\nexport const ${name}_COUNT: i32 = ${values.length};\n`;
}

const flat = (runs: readonly Run[]) => runs.flatMap((r) => [r.start, r.end, r.step, r.delta]);
const lower = caseMapping((text) => text.toLowerCase());
const upper = caseMapping((text) => text.toUpperCase());

process.stdout.write(
  [
    "/** Unicode's case mapping; written by src/inline/case-table.ts, which says how. */\n",
    tableText("LOWER", "Runs: first, last, step, distance.", "i32", flat(lower.runs)),
    tableText("UPPER", "Runs: first, last, step, distance.", "i32", flat(upper.runs)),
    tableText("UPPER_SPECIAL", "Point, and up to three for it.", "i32", upper.special.flat()),
    tableText("CASED", "Ranges of the property Cased.", "i32", ranges(/^\p{Cased}$/u)),
    tableText(
      "CASE_IGNORABLE",
      "Ranges of the property Case_Ignorable.",
      "i32",
      ranges(/^\p{Case_Ignorable}$/u),
    ),
  ].join("\n"),
);
