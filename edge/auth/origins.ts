/** Origins of pages that may read answers. */
import type { Env } from "../env.ts";

export function isListed(env: Env, origin: string): boolean {
  const listed = (env.STRANDLINE_ORIGINS ?? "").split(",").map((one) => one.trim());
  return listed.includes(origin);
}
