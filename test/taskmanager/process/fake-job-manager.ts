/** A JobManager played by a test: takes workers, sends what the test says, keeps what they say. */
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import {
  type JobManagerMessage,
  parseWorkerMessage,
  type WorkerMessage,
  writeJobManagerMessage,
} from "../../../src/protocol/control-messages.ts";
import { CONTROL_LINK_PATH } from "../../../src/taskmanager/control-link.ts";

export class FakeJobManager {
  readonly #server: WebSocketServer;
  readonly #sockets = new Map<string, WebSocket>();
  readonly messages: { worker: string; message: WorkerMessage }[] = [];
  #wake: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => {
      let worker = "";
      socket.on("message", (data) => {
        const message = parseWorkerMessage(data.toString());
        if (message.type === "register") {
          worker = message.worker;
          this.#sockets.set(worker, socket);
          const limits = { heartbeatIntervalMs: 200, heartbeatTimeoutMs: 10_000 };
          this.send(worker, { type: "registered", protocolVersion: 1, ...limits });
        }
        this.messages.push({ worker, message });
        for (const wake of this.#wake.splice(0)) wake();
      });
    });
  }

  static async start(): Promise<FakeJobManager> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: CONTROL_LINK_PATH });
    await new Promise((resolve) => server.once("listening", resolve));
    return new FakeJobManager(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  send(worker: string, message: JobManagerMessage): void {
    this.#sockets.get(worker)!.send(writeJobManagerMessage(message));
  }

  /** Breaks a worker's link. */
  cut(worker: string): void {
    this.#sockets.get(worker)!.terminate();
  }

  of<T extends WorkerMessage["type"]>(type: T): Extract<WorkerMessage, { type: T }>[] {
    const found = this.messages.map(({ message }) => message);
    return found.filter((message) => message.type === type) as Extract<
      WorkerMessage,
      { type: T }
    >[];
  }

  /** Resolves when the messages so far satisfy a condition. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
