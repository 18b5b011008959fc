/**
 * The text of an ingest key. It names its namespace, whose controller knows what may be done with it, under a MAC of the
 * edge: one that was made up wakes no object. It is no secret: whoever has it may write to one topic, by its rules.
 *
 *   key => "ik1." base64url(namespace) "." id "." mac          id: 22 of base64url, mac: 43
 */
import type { Env } from "../env.ts";
import { base64UrlText, isMacOf, macOf, textOfBase64Url } from "./mac.ts";
import { refused } from "./refusal.ts";
import { macKey } from "./secret.ts";

export interface NamedIngestKey {
  readonly namespace: string;
  readonly id: string;
}

const VERSION = "ik1";
const CHARS_MAX = 1_024;

/** Throws `NOT_CONFIGURED`. */
export async function writeIngestKey(env: Env, { namespace, id }: NamedIngestKey): Promise<string> {
  const mac = await macOf(await macKey(env, "ingest-key"), [VERSION, namespace, id]);
  return `${VERSION}.${base64UrlText(namespace)}.${id}.${mac}`;
}

/** Throws `SASL_AUTHENTICATION_FAILED`, `NOT_CONFIGURED`. */
export async function readIngestKey(env: Env, text: string): Promise<NamedIngestKey> {
  const key = await macKey(env, "ingest-key");
  const [version, named, id, mac, ...more] = text.length > CHARS_MAX ? [] : text.split(".");
  const namespace = textOfBase64Url(named ?? "");
  if (version !== VERSION || namespace === null || id === undefined || mac === undefined || more.length > 0)
    throw refused("ingest-key");
  if (!(await isMacOf(key, [VERSION, namespace, id], mac))) throw refused("ingest-key");
  return { namespace, id };
}
