/** `npm run docs:errors`: writes the index of docs/errors.md and the anchors of its rows. */
import { readFileSync, writeFileSync } from "node:fs";
import { indexedPage } from "./reference/error-codes.ts";

const page = new URL("../docs/errors.md", import.meta.url);
writeFileSync(page, indexedPage(readFileSync(page, "utf8")));
