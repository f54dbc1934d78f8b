/** `npm run docs:rest`: writes docs/rest.md from the JobManager's OpenAPI document. */
import { writeFileSync } from "node:fs";
import { openApi, restReference } from "./reference/rest-reference.ts";

writeFileSync(new URL("../docs/rest.md", import.meta.url), restReference(openApi()));
