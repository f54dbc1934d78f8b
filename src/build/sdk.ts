/** The SDK as the compiler sees it. */
import { fileURLToPath } from "node:url";

/** Where its sources lie. */
export const SDK_FOLDER = fileURLToPath(new URL("../../operators/sdk/assembly/", import.meta.url));
/** What authors import it as. */
export const SDK_NAME = "millrace/sdk";
/** Functions that operators and job files share; here they are a file of the SDK. */
export const MATH_NAME = "millrace/math";
/** Its version, as manifests name it. */
export const SDK_VERSION = "1.0.0";
