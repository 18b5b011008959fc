/**
 * The text of a ticket. It names its namespace, whose controller keeps it, under a MAC of the edge: one that was made up
 * wakes no object. All of it are characters of a WebSocket subprotocol.
 *
 *   ticket => base64url(namespace) "." secret "." mac          secret and mac: 43 of base64url
 */
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { base64UrlText, isMacOf, macOf, textOfBase64Url } from "./mac.ts";
import { refused } from "./refusal.ts";
import { macKey } from "./secret.ts";

export interface Ticket {
  readonly namespace: string;
  /** What the controller keeps it under. */
  readonly secret: string;
}

const CHARS_MAX = 2_048;

/** Throws `NOT_CONFIGURED`. */
export async function writeTicket(env: Env, { namespace, secret }: Ticket): Promise<string> {
  return `${base64UrlText(namespace)}.${secret}.${await macOf(await macKey(env, "ticket"), [namespace, secret])}`;
}

/** Throws `SASL_AUTHENTICATION_FAILED`, `NOT_CONFIGURED`. */
export async function readTicket(env: Env, text: string): Promise<Ticket> {
  const key = await macKey(env, "ticket");
  const [named, secret, mac, ...more] = text.length > CHARS_MAX ? [] : text.split(".");
  const namespace = textOfBase64Url(named ?? "");
  if (namespace === null || secret === undefined || mac === undefined || more.length > 0) throw ticketRefused();
  if (!(await isMacOf(key, [namespace, secret], mac))) throw ticketRefused();
  return { namespace, secret };
}

/** In the same words for whatever is wrong with it: who holds one that is not his learns nothing of it. */
export function ticketRefused(): StrandlineError {
  return refused("ticket");
}
