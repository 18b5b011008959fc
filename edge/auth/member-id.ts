/**
 * Ids of members of groups. One is good for the namespace and the principal that it was made for alone, which any
 * isolate sees by the id itself: whoever has learned somebody else's cannot heartbeat, commit or leave in its name.
 *
 *   memberId => name "." mac          name: 22 of base64url, mac: 43
 */
import type { Env } from "../env.ts";
import type { Caller } from "./caller.ts";
import { isMacOf, macOf } from "./mac.ts";
import { macKey } from "./secret.ts";

export type MemberOwner = Pick<Caller, "namespace" | "principal">;

/**
 * The id of the member that calls itself so: the same one each time. Null: that is no name. Throws `NOT_CONFIGURED`.
 */
export async function memberIdOf(env: Env, owner: MemberOwner, name: string): Promise<string | null> {
  if (!/^[A-Za-z0-9_-]{22}$/.test(name)) return null;
  return `${name}.${await macOf(await macKey(env, "member-id"), textsOf(owner, name))}`;
}

/** Whether it was made here for that owner. Throws `NOT_CONFIGURED`. */
export async function isMemberIdOf(env: Env, owner: MemberOwner, memberId: string): Promise<boolean> {
  const [, name, mac] = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/.exec(memberId) ?? [];
  if (name === undefined || mac === undefined) return false;
  return await isMacOf(await macKey(env, "member-id"), textsOf(owner, name), mac);
}

function textsOf({ namespace, principal }: MemberOwner, name: string): readonly string[] {
  return [namespace, principal, name];
}
