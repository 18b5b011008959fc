/** Files over http on an ephemeral localhost port, isolated from other origins so that `performance.now` is fine-grained. */
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { listenOnLocalhost } from "./listen.ts";

/** By path without the leading slash: `index.html`, `assets/page.js`. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

export interface StaticServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const ISOLATED: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

/** `source` is a folder, or the files themselves; `headers` come in the place of those that isolate the page. */
export async function startStaticServer(
  source: string | Files,
  headers: Readonly<Record<string, string>> = ISOLATED,
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    void answer(source, request.url ?? "/", { response, headers: { ...headers, "cache-control": "no-store" } });
  });
  const listening = await listenOnLocalhost(server);
  return {
    port: listening,
    url: `http://localhost:${listening}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answering {
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
}

async function answer(source: string | Files, url: string, { response, headers }: Answering): Promise<void> {
  const path = pathOf(url);
  const body = path === null ? null : await fileAt(source, path);
  if (path === null || body === null) {
    response.writeHead(404, { ...headers, "content-type": "text/plain; charset=utf-8" }).end("not found\n");
    return;
  }
  const type = CONTENT_TYPES[extname(path)] ?? "application/octet-stream";
  response.writeHead(200, { ...headers, "content-type": type }).end(body);
}

/** Null for what is no path, or leads out of the folder. */
function pathOf(url: string): string | null {
  const raw = (url.split(/[?#]/, 1)[0] ?? "/").slice(1);
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    return null;
  }
  const path = normalize(decoded === "" || decoded.endsWith("/") ? `${decoded}index.html` : decoded);
  return path.startsWith("..") || path.startsWith(sep) || path.includes("\0") ? null : path;
}

async function fileAt(source: string | Files, path: string): Promise<string | Uint8Array | null> {
  if (typeof source !== "string") return source.get(path) ?? null;
  try {
    return await readFile(join(source, path));
  } catch {
    return null;
  }
}
