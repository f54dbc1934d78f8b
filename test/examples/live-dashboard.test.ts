import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Dashboard, type DeviceWindow } from "../../examples/live-dashboard/dashboard.ts";
import { serverSentEvents } from "../../src/client/streams.ts";
import { expectRows, MiniCluster } from "../../src/testing/index.ts";

test("streams the windows of its readings to a browser, and ends by its signal", async () => {
  await using cluster = await MiniCluster.start();
  const stop = new AbortController();
  const dashboard = new Dashboard();
  const viewed = Promise.withResolvers<void>();
  async function* readings() {
    await viewed.promise;
    for (const at of [0, 400, 800, 1_000, 1_900, 2_500]) {
      yield { device: "roof", celsius: at / 100, at };
    }
    await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  }
  const running = dashboard.run(readings(), { cluster, signal: stop.signal });
  running.catch(() => undefined);
  const page = await dashboard.app.request("/");
  expect(await page.text()).toContain("<table>");
  const response = await dashboard.app.request("/events");
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  viewed.resolve();
  const windows: DeviceWindow[] = [];
  for await (const { event, data } of serverSentEvents(response)) {
    expect(event).toBe("window");
    const { device, avg_celsius, max_celsius, count, window_end } = JSON.parse(data);
    windows.push({ device, avg_celsius, max_celsius, count, window_end });
    if (window_end === 2_000) stop.abort(new Error("stopped"));
  }
  await expect(running).rejects.toThrow("stopped");
  const last = { device: "roof", avg_celsius: 14.5, max_celsius: 19, count: 2, window_end: 2_000 };
  const first = { device: "roof", avg_celsius: 4, max_celsius: 8, count: 3, window_end: 1_000 };
  // A slow viewer is shown the latest window only.
  expectRows(windows, windows.length === 1 ? [last] : [first, last]);
});

test("runs as a server and ends on SIGTERM", async () => {
  const file = fileURLToPath(new URL("../../examples/live-dashboard/server.ts", import.meta.url));
  const server = spawn(process.execPath, ["--conditions=millrace-source", file, "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = new Promise<number | null>((resolve) => server.once("exit", resolve));
  try {
    const url = await new Promise<string>((resolve) =>
      server.stdout.once("data", (text: Buffer) => resolve(String(text).trim())),
    );
    const response = await fetch(`${url}/events`);
    for await (const { data } of serverSentEvents(response)) {
      expect(JSON.parse(data).count).toBeGreaterThan(0);
      break;
    }
    server.kill("SIGTERM");
    expect(await exit).toBe(0);
  } finally {
    server.kill("SIGKILL");
  }
});
