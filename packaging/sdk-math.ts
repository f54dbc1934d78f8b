/**
 * The functions of `millrace/math` as AssemblyScript: the text of src/inline/math, with the operators' own
 * reading of bits in place of JavaScript's. So the two cannot drift apart.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE = new URL("../src/inline/", import.meta.url);
/** Where the texts go. */
export const SDK_MATH = fileURLToPath(new URL("../operators/sdk/assembly/", import.meta.url));
/** Its other side, math-bits.ts, is written by hand. */
const BITS = "bits.ts";

/** File names of the SDK and their texts. */
export function sdkMath(): Map<string, string> {
  const names = readdirSync(new URL("math/", SOURCE)).filter((name) => name !== BITS);
  const texts = new Map([["math.ts", translated("math.ts")]]);
  for (const name of names.sort()) texts.set(`math-${name}`, translated(`math/${name}`));
  return texts;
}

function translated(name: string): string {
  const text = readFileSync(new URL(name, SOURCE), "utf8")
    .replace("type Int = number;", "type Int = i32;")
    .replaceAll(/ from "\.\/(?:math\/)?([a-z-]+)\.ts"/g, ' from "./math-$1"');
  return `// Written by \`npm run sdk:math\` from src/inline/${name}: change that.\n${text}`;
}
