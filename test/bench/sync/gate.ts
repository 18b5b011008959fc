/** One HTTP/1.1 origin with the page, the edge and the comparator behind it, which can keep produce requests from arriving. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOnLocalhost } from "../../harness/listen.ts";
import type { Files } from "../../harness/static-server.ts";

export interface Gate {
  readonly url: string;
  /** While shut, produce requests die unanswered. */
  shut: boolean;
  /** When the first produce request since the last call arrived, in milliseconds since 1970. */
  nextProduce(): Promise<number>;
  close(): Promise<void>;
}

export async function openGate(
  { edgePort, barePort }: { readonly edgePort: number; readonly barePort: number },
  files: Files,
): Promise<Gate> {
  let noted: ((at: number) => void) | null = null;
  const server = createServer((request, response) => {
    const isProduce = request.method === "POST" && request.url === "/v1/produce";
    if (isProduce) noted?.(performance.timeOrigin + performance.now());
    if (isProduce && gate.shut) request.socket.destroy();
    else if (request.url?.startsWith("/v1/") === true) forward(edgePort, request, response);
    else if (request.url?.startsWith("/bare") === true) forward(barePort, request, response);
    else serve(files, request.url ?? "/", response);
  });
  const port = await listenOnLocalhost(server);
  const gate: Gate = {
    url: `http://localhost:${port}`,
    shut: false,
    nextProduce: () =>
      new Promise((resolve) => {
        noted = (at) => {
          noted = null;
          resolve(at);
        };
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return gate;
}

function forward(port: number, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url } = request;
  const onward = httpRequest({ host: "127.0.0.1", port, method, headers, path: url }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}

function serve(files: Files, url: string, response: ServerResponse): void {
  const path = url === "/" ? "index.html" : url.slice(1);
  const body = files.get(path);
  const type = path.endsWith(".js") ? "text/javascript" : "text/html";
  if (body === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
}
