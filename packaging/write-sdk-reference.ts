/** `npm run docs:sdk`: writes the references of the SDK and of the TypeScript API from docstrings. */
import { writeFileSync } from "node:fs";
import { pageText, referencePages } from "./reference/sdk-reference.ts";

for (const page of referencePages()) {
  writeFileSync(new URL(`../${page.file}`, import.meta.url), pageText(page));
}
