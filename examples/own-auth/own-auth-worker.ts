/**
 * A Worker of one's own around the edge, for callers whom no JWT names: here, keys from a setting. Set it as `main` of
 * wrangler.toml and set `STRANDLINE_AUTH=hook`; without that setting the check is never asked, and without a check that
 * setting serves nobody.
 */
import { createApp } from "../../edge/app.ts";
import type { OwnCaller } from "../../edge/auth/own-check.ts";
import type { Env } from "../../edge/env.ts";

export { ControllerObject } from "../../edge/controller/controller-object.ts";
export { GroupObject } from "../../edge/group/group-object.ts";
export { PartitionObject } from "../../edge/partition/partition-object.ts";
export { RestConsumerObject } from "../../edge/rest-consumer/rest-consumer-object.ts";

interface OwnEnv extends Env {
  /** A secret: `{"SHA-256 of a key, in hex": {"tenant": "acme", "name": "billing", "scopes": ["topic:bills:write"]}}`. */
  readonly API_KEYS?: string;
}

interface Holder {
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

const KEPT_MS = 60_000;

/** Keys are kept as their hashes: who reads the setting cannot call, and how long a look-up takes tells nothing. */
async function holderOf(request: Request, { API_KEYS = "{}" }: OwnEnv): Promise<OwnCaller | null> {
  const key = request.headers.get("x-api-key");
  if (key === null) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const holders = new Map(Object.entries(JSON.parse(API_KEYS) as Record<string, Holder>));
  const holder = holders.get(hash);
  if (holder === undefined) return null;
  // Sockets are closed then, and come back with the key if it is still one.
  const expiresAtMs = Date.now() + KEPT_MS;
  return { namespace: holder.tenant, principal: holder.name, scopes: holder.scopes, expiresAtMs };
}

const app = createApp({ authenticate: holderOf });

const worker: ExportedHandler<OwnEnv> = {
  fetch: (request, env, context) => app.fetch(request, env, context),
};

export default worker;
