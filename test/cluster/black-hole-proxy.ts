/**
 * A TCP proxy that can stop forwarding without closing anything, as a network does that drops every
 * packet. What either side sends meanwhile is lost.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Closers } from "./cluster.ts";

export class BlackHoleProxy {
  readonly port: number;
  #target = 0;
  #swallows = false;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(closers: Closers): Promise<BlackHoleProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new BlackHoleProxy((server.address() as AddressInfo).port);
    const sockets = new Set<Socket>();
    server.on("connection", (near) => {
      const far = connect(proxy.#target, "127.0.0.1");
      proxy.#forward(near, far);
      proxy.#forward(far, near);
      sockets.add(near).add(far);
    });
    closers.add(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return proxy;
  }

  /** Port that connections from now on are forwarded to. */
  forwardTo(port: number): void {
    this.#target = port;
  }

  /** From now on nothing comes through, on open connections and on new ones. */
  swallow(): void {
    this.#swallows = true;
  }

  /** New connections work again; the old ones stay dead. */
  heal(): void {
    this.#swallows = false;
  }

  #forward(from: Socket, to: Socket): void {
    let dead = false;
    from.on("data", (bytes) => {
      dead ||= this.#swallows;
      if (!dead) to.write(bytes);
    });
    from.on("close", () => {
      dead ||= this.#swallows;
      if (!dead) to.destroy();
    });
    from.on("error", () => from.destroy());
  }
}
