/** Origins of pages that may read answers. */
import type { Env } from "../env.ts";

export function isListed(env: Env, origin: string): boolean {
  return listedIn(env).includes(origin);
}

export function isAnyListed(env: Env): boolean {
  return listedIn(env).includes("*");
}

function listedIn(env: Env): string[] {
  // An empty setting lists nothing, and not the empty origin.
  return (env.STRANDLINE_ORIGINS ?? "").split(",").flatMap((one) => one.trim() || []);
}
