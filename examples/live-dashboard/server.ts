/**
 * The live dashboard: a web server whose numbers a job in the same process makes.
 *
 *     node --conditions=millrace-source examples/live-dashboard/server.ts 3000
 */
import { serve } from "@hono/node-server";
import { Dashboard } from "./dashboard.ts";
import { thermometers } from "./readings.ts";

const port = Number(process.argv[2] ?? 3000);
const stop = new AbortController();
const dashboard = new Dashboard();
const server = serve({ fetch: dashboard.app.fetch, port, hostname: "127.0.0.1" }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
);
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
try {
  await dashboard.run(thermometers(), { signal: stop.signal });
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  server.close();
}
