/** How each part of a record goes to the wire and comes from it. */
import type { HeaderValue, Message, MessageValue } from "../page/message.ts";
import type { ReceivedMessage } from "../page/received-message.ts";
import { failed, refused, validate, type Checked, type Schema } from "./standard-schema.ts";

/** Both ways of a form of your own. What throws has refused. Nothing is asynchronous. */
export interface Serde<Input, Output = Input> {
  serialize(value: Input): Uint8Array | string;
  deserialize(bytes: Uint8Array): Output;
}

/** Any serde, whatever it is of. */
export interface AnySerde {
  serialize(value: never): Uint8Array | string;
  deserialize(bytes: Uint8Array): unknown;
}

export interface Written<Wire> {
  readonly wire: Wire;
  readonly checked: Checked | Promise<Checked>;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function isSchema(format: Schema | AnySerde): format is Schema {
  return "~standard" in format;
}

/** JSON that a schema has seen as its reader will: dates are texts by then, and what JSON leaves out is gone. */
export function writeJson(schema: Schema, data: unknown): Written<MessageValue> {
  if (data === null) return { wire: null, checked: validate(schema, null) };
  try {
    const wire = JSON.stringify(data) as string | undefined;
    if (wire === undefined) return { wire: null, checked: refused("no JSON") };
    return { wire, checked: validate(schema, JSON.parse(wire)) };
  } catch (error) {
    return { wire: null, checked: failed(error) };
  }
}

export function readJson(schema: Schema, bytes: Uint8Array | null): Checked | Promise<Checked> {
  let parsed: unknown = null;
  try {
    if (bytes !== null) parsed = JSON.parse(utf8.decode(bytes));
  } catch {
    return refused("no JSON");
  }
  return validate(schema, parsed);
}

export function writeSerde(serde: AnySerde, data: unknown): Written<string | Uint8Array | null> {
  if (data === null || data === undefined) return { wire: null, checked: refused("nothing to serialize") };
  try {
    const wire: unknown = serde.serialize(data as never);
    if (typeof wire === "string" || wire instanceof Uint8Array) return { wire, checked: { data } };
    return { wire: null, checked: refused("serialize answered neither bytes nor text") };
  } catch (error) {
    return { wire: null, checked: failed(error) };
  }
}

export function readSerde(serde: AnySerde, bytes: Uint8Array | null): Checked {
  if (bytes === null) return refused("null, which deserialize does not take");
  try {
    return { data: serde.deserialize(bytes) };
  } catch (error) {
    return failed(error);
  }
}

/** A key is text, not JSON: whoever sends the same key without the schema reaches the same partition. */
export function writeKey(schema: Schema, key: unknown): Written<string | null> {
  if (key === null || key === undefined) return { wire: null, checked: validate(schema, null) };
  if (typeof key !== "string") return { wire: null, checked: refused(`a key is text, not ${typeof key}`) };
  return { wire: key, checked: validate(schema, key) };
}

export function readKey(schema: Schema, bytes: Uint8Array | null): Checked | Promise<Checked> {
  try {
    return validate(schema, bytes === null ? null : utf8.decode(bytes));
  } catch {
    return refused("no UTF-8");
  }
}

type HeaderText = string | null;

/** As texts, by name: an array where a name comes more than once. `content-type` is ours to write. */
export function headerTexts(
  headers: Message["headers"] | ReceivedMessage["headers"],
): Record<string, HeaderText | HeaderText[]> {
  // No prototype: `__proto__` is a legal name of a header.
  const texts = Object.create(null) as Record<string, HeaderText | HeaderText[]>;
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === undefined || name.toLowerCase() === "content-type") continue;
    const values = Array.isArray(value)
      ? (value as readonly HeaderValue[]).map(textOf)
      : [textOf(value as HeaderValue)];
    const [first = null] = values;
    if (values.length > 0) texts[name] = values.length === 1 ? first : values;
  }
  return texts;
}

function textOf(value: HeaderValue): HeaderText {
  return value instanceof Uint8Array ? utf8.decode(value) : value;
}
