/** `npm run sdk:math`: writes operators/sdk/assembly/math*.ts from src/inline/math. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SDK_MATH, sdkMath } from "./sdk-math.ts";

for (const [name, text] of sdkMath()) writeFileSync(join(SDK_MATH, name), text);
