/**
 * A TCP server for socket sources: the first connections get a part of the lines and stay open, so
 * that their job runs until something is done to it; later ones get all lines and their end.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Closers } from "./cluster.ts";

export class LineServer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #lines: readonly string[];

  private constructor(server: Server, port: number, lines: readonly string[]) {
    this.#server = server;
    this.port = port;
    this.#lines = lines;
  }

  /** @param held number of connections that stay open behind the first half of the lines */
  static async start(closers: Closers, lines: readonly string[], held: number) {
    const tcp = createServer();
    tcp.listen(0, "127.0.0.1");
    await once(tcp, "listening");
    const server = new LineServer(tcp, (tcp.address() as AddressInfo).port, lines);
    let connections = 0;
    tcp.on("connection", (socket) => {
      server.#sockets.add(socket);
      // A killed worker resets its connection: that is what the tests are about.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => server.#sockets.delete(socket));
      connections++;
      if (connections > held) socket.end(textOf(lines));
      else socket.write(textOf(lines.slice(0, lines.length / 2)));
    });
    closers.add(() => server.#close());
    return server;
  }

  /** The connections that are open get the other half and their end. */
  release(): void {
    for (const socket of this.#sockets)
      socket.end(textOf(this.#lines.slice(this.#lines.length / 2)));
  }

  #close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
