/** `npm run docs:cli`: writes docs/cli.md from the command line's own commands. */
import { writeFileSync } from "node:fs";
import { createProgram } from "../src/cli/program.ts";
import { cliReference } from "../src/cli/reference.ts";

writeFileSync(new URL("../docs/cli.md", import.meta.url), cliReference(await createProgram()));
