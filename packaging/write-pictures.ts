/** `npm run docs:pictures`: writes the pictures of docs/images. */
import { writeFileSync } from "node:fs";
import { pictures } from "./pictures/pictures.ts";

for (const [name, svg] of await pictures()) {
  writeFileSync(new URL(`../docs/images/${name}`, import.meta.url), svg);
}
