/** Origins of pages that may read answers. */
import type { Env } from "../env.ts";

export function isListed(env: Env, origin: string): boolean {
  return listedIn(env).includes(origin);
}

export function isAnyListed(env: Env): boolean {
  return listedIn(env).includes("*");
}

function listedIn(env: Env): string[] {
  return (env.STRANDLINE_ORIGINS ?? "").split(",").map((one) => one.trim());
}
