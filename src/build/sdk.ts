/** The SDK as the compiler sees it. */
import { fileURLToPath } from "node:url";

/** Where its sources lie. */
export const SDK_FOLDER = fileURLToPath(new URL("../../operators/sdk/assembly/", import.meta.url));
/** What authors import it as. */
export const SDK_NAME = "millrace/sdk";
/** Its version, as manifests name it. */
export const SDK_VERSION = "1.0.0";
