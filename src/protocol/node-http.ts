/**
 * Node's `http`, without what nobody here uses of it. `import … from "node:http"` reads every export,
 * and one of them, the WebSocket client, then loads undici (14 MB when nothing else is there).
 */
export const http = process.getBuiltinModule("node:http");
