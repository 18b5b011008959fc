/** The comparator: a Worker and one object that stores the body of a request as one row, and nothing else. */
export const BARE_OBJECT = { className: "Bare", binding: "BARE" };

export const BARE_WORKER = `
import { DurableObject } from "cloudflare:workers";
export class Bare extends DurableObject {
  constructor(state, env) {
    super(state, env);
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, body BLOB)");
  }
  async fetch(request) {
    this.ctx.storage.sql.exec("INSERT INTO bodies (body) VALUES (?)", await request.arrayBuffer());
    return new Response("stored");
  }
}
export default {
  fetch: (request, env) => env.BARE.get(env.BARE.idFromName("one")).fetch(request),
};`;
