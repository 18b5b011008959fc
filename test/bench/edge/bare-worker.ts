/**
 * The comparators: a Worker and one object that do with the same bytes what the platform does at the least. POST stores
 * the body of a request as one row, and forwards it to the sockets; GET streams a row; a socket gets every row, and then
 * what is stored. PUT does nothing in the object. With `relay`, the Worker passes each frame of a socket on by hand, as one
 * that serves many subscriptions over one socket has to.
 */
export const BARE_OBJECT = { className: "Bare", binding: "BARE" };

export const BARE_WORKER = `
import { DurableObject } from "cloudflare:workers";
export class Bare extends DurableObject {
  constructor(state, env) {
    super(state, env);
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, body BLOB)");
  }
  async fetch(request) {
    const { sql } = this.ctx.storage;
    const { pathname } = new URL(request.url);
    if (pathname === "/tail") {
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    if (request.method === "GET") {
      const [row] = sql.exec("SELECT body FROM bodies WHERE id = ?", Number(pathname.slice(1))).toArray();
      return new Response(row === undefined ? null : row.body);
    }
    const body = await request.arrayBuffer();
    if (request.method === "PUT") return new Response("nothing");
    sql.exec("INSERT INTO bodies (body) VALUES (?)", body);
    for (const socket of this.ctx.getWebSockets()) socket.send(body);
    return new Response("stored");
  }
  webSocketMessage(socket) {
    for (const { body } of this.ctx.storage.sql.exec("SELECT body FROM bodies ORDER BY id")) socket.send(body);
  }
}
function relay(upstream) {
  const { 0: client, 1: server } = new WebSocketPair();
  upstream.binaryType = "arraybuffer";
  upstream.addEventListener("message", ({ data }) => server.send(data));
  server.addEventListener("message", ({ data }) => upstream.send(data));
  server.addEventListener("close", () => upstream.close(1000));
  server.accept();
  upstream.accept();
  return new Response(null, { status: 101, webSocket: client });
}
export default {
  fetch: async (request, env) => {
    const { searchParams } = new URL(request.url);
    const log = searchParams.get("log") ?? request.headers.get("x-log") ?? "one";
    const answer = await env.BARE.get(env.BARE.idFromName(log)).fetch(request);
    return searchParams.has("relay") ? relay(answer.webSocket) : answer;
  },
};`;
