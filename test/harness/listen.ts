import type { Server } from "node:net";

/** Port 0 asks for any free one. Resolves with the port that it is. */
export function listenOnLocalhost(server: Server, port: number = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the server has no port"));
      else resolve(address.port);
    });
  });
}
