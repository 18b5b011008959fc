/** Topics whose records have types: checked by a validator, or in a form of your own. */
import { StrandlineError, type ErrorDetails } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { Message } from "../page/message.ts";
import type { ReceivedMessage } from "../page/received-message.ts";
import {
  headerTexts,
  isSchema,
  readJson,
  readKey,
  readSerde,
  writeJson,
  writeKey,
  writeSerde,
  type Written,
} from "./parts.ts";
import { failed, validate, type Checked, type Issue, type Schema } from "./standard-schema.ts";
import type { RecordData, Format, InputParts, OutputParts, RecordPart, Topic } from "./topic-types.ts";

export interface TopicFormats<Key, Value, Headers, Tombstones> {
  /** A schema of its text, or a serde. */
  readonly key?: Key;
  /** A schema of its JSON, or a serde. */
  readonly value?: Value;
  /** A schema of their texts by name (an array where a name comes more than once), `content-type` left out. */
  readonly headers?: Headers;
  /** True: a value may be null, a tombstone, which no format is asked about. Else null is what the schema takes it for. */
  readonly tombstones?: Tombstones;
}

const ISSUES_NAMED_MAX = 5;
const JSON_TYPE = { "content-type": "application/json" };

/**
 * A topic with types, for `producer.send({ topic: orders, messages })`, `consumer<typeof orders>()` and
 * `subscribe({ topic: orders })`:
 *
 *     const orders = topic("orders", { value: z.object({ item: z.string(), amount: z.number() }) });
 *
 * A format is any Standard Schema validator (zod, valibot, arktype), synchronous or not, or a serde.
 *
 * What is sent is checked as its reader will see it: a value as the JSON that it becomes, a key as its text. That JSON
 * is what is stored, not what the schema makes of it, so that every reader's schema starts from the same: transforms,
 * defaults and coercions are applied where a record is read. `send` takes the schema's input and a consumer is given its
 * output. What does not pass is refused by `send` with `INVALID_RECORD`, whose `cause` is the list of issues, and nothing
 * of that send is stored.
 */
export function topic<
  const Name extends string,
  Key extends Format | undefined,
  Value extends Format | undefined,
  Headers extends Schema | undefined,
  const Tombstones extends boolean = false,
>(
  name: Name,
  formats: TopicFormats<Key, Value, Headers, Tombstones> = {},
): Topic<
  Name,
  InputParts<Key, Value, Headers, Tombstones extends true ? null : never>,
  OutputParts<Key, Value, Headers, Tombstones extends true ? null : never>
> {
  checkTopicName(name);
  const { key, value, headers, tombstones = false } = formats as TopicFormats<Format, Format, Schema, boolean>;
  for (const [part, format] of Object.entries({ key, value, headers })) checkFormat(name, part, format);
  return new FormattedTopic(name, { key, value, headers, tombstones });
}

function checkFormat(topicName: string, part: string, format: unknown): void {
  // arktype's schemas are functions.
  const object = (typeof format === "object" && format !== null) || typeof format === "function";
  if (format === undefined || (object && ("~standard" in format || ("serialize" in format && "deserialize" in format))))
    return;
  throw new StrandlineError(
    "INVALID_ARGUMENT",
    `${part} of the topic ${topicName}: a Standard Schema, or { serialize, deserialize }`,
    { topic: topicName, option: part },
  );
}

interface Formats {
  readonly key: Format | undefined;
  readonly value: Format | undefined;
  readonly headers: Schema | undefined;
  readonly tombstones: boolean;
}

/** In the order in which they are found wanting. */
const PARTS: readonly RecordPart[] = ["value", "key", "headers"];

class FormattedTopic<Name extends string> implements Topic<Name, never, never> {
  readonly name: Name;
  readonly #formats: Formats;

  constructor(name: Name, formats: Formats) {
    this.name = name;
    this.#formats = formats;
  }

  write(message: Message, index: number): { readonly message: Message; readonly checked: Promise<void> | null } {
    // What is no message is refused as any other that is none.
    if (typeof message !== "object" || message === null) return { message, checked: null };
    const written = this.#write(message);
    const checks = PARTS.map((part) => written[part].checked);
    const demand = (all: readonly Checked[]): void =>
      all.forEach((checked, at) => {
        if ("issues" in checked) throw invalid({ topic: this.name, index, part: PARTS[at] ?? "value" }, checked.issues);
      });
    const later = checks.some((check) => check instanceof Promise);
    if (!later) demand(checks as Checked[]);
    const { key, value } = { key: written.key.wire, value: written.value.wire } as Pick<Message, "key" | "value">;
    return {
      message: { ...message, key, value, headers: this.#headersOf(message, value) },
      checked: later ? allOf(checks).then(demand) : null,
    };
  }

  read(message: ReceivedMessage): RecordData | Promise<RecordData> {
    const checks = this.#read(message);
    if (checks.some((check) => check instanceof Promise)) return allOf(checks).then(decoded);
    return decoded(checks as Checked[]);
  }

  decode(message: ReceivedMessage): never {
    const [checked] = this.#read(message);
    const { topic: name, partition, offset } = message;
    if (checked instanceof Promise) {
      throw new StrandlineError("UNSUPPORTED_OPERATION", `the value of ${name} has an asynchronous validator`, {
        topic: name,
      });
    }
    if (checked !== undefined && "data" in checked) return checked.data as never;
    const { told, details } = toldOf("value", checked?.issues ?? []);
    throw new StrandlineError("INVALID_RECORD", `${name}-${partition}@${offset}: ${told}`, {
      topic: name,
      partition,
      offset,
      ...details,
    });
  }

  #write(message: Message): Readonly<Record<RecordPart, Written<unknown>>> {
    const { key, value, headers, tombstones } = this.#formats;
    const written = (format: Format | undefined, data: unknown, json: typeof writeJson | typeof writeKey) => {
      if (format === undefined) return asIs(data);
      return isSchema(format) ? json(format, data) : writeSerde(format, data);
    };
    return {
      key: written(key, message.key, writeKey),
      value: tombstones && message.value === null ? asIs(null) : written(value, message.value, writeJson),
      headers:
        headers === undefined
          ? asIs(message.headers)
          : { wire: message.headers, checked: checkHeaders(headers, message.headers) },
    };
  }

  #read({ key, value, headers }: ReceivedMessage): (Checked | Promise<Checked>)[] {
    const formats = this.#formats;
    const read = (format: Format | undefined, bytes: Uint8Array | null, json: typeof readJson) => {
      if (format === undefined) return { data: bytes };
      return isSchema(format) ? json(format, bytes) : readSerde(format, bytes);
    };
    return [
      formats.tombstones && value === null ? { data: null } : read(formats.value, value, readJson),
      read(formats.key, key, readKey),
      formats.headers === undefined ? { data: headers } : checkHeaders(formats.headers, headers),
    ];
  }

  #headersOf({ headers }: Message, value: unknown): Message["headers"] {
    const { value: format } = this.#formats;
    if (format === undefined || !isSchema(format) || value === null) return headers;
    const typed = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "content-type");
    return typed ? headers : { ...headers, ...JSON_TYPE };
  }
}

async function allOf(checks: readonly (Checked | Promise<Checked>)[]): Promise<Checked[]> {
  return await Promise.all(checks.map(async (check) => await check));
}

function asIs(data: unknown): Written<unknown> {
  return { wire: data, checked: { data } };
}

function checkHeaders(
  schema: Schema,
  headers: Message["headers"] | ReceivedMessage["headers"],
): Checked | Promise<Checked> {
  try {
    return validate(schema, headerTexts(headers));
  } catch (error) {
    return failed(error);
  }
}

function decoded(checks: readonly Checked[]): RecordData {
  const data: unknown[] = [];
  for (const [at, checked] of checks.entries()) {
    if ("issues" in checked) return { part: PARTS[at] ?? "value", issues: checked.issues };
    data.push(checked.data);
  }
  const [value, key, headers] = data;
  return { value, key, headers };
}

interface Place {
  readonly topic: string;
  readonly index: number;
  readonly part: RecordPart;
}

function invalid({ topic: name, index, part }: Place, issues: readonly Issue[]): StrandlineError {
  const { told, details } = toldOf(part, issues);
  const said = `message ${index} to ${name}: ${told}`;
  return new StrandlineError("INVALID_RECORD", said, { topic: name, index, ...details }, issues);
}

function toldOf(part: RecordPart, issues: readonly Issue[]): { readonly told: string; readonly details: ErrorDetails } {
  const named = issues
    .slice(0, ISSUES_NAMED_MAX)
    .map(({ path, message }) => `${path === "" ? part : `${part}.${path}`}: ${message}`);
  const more = issues.length > named.length ? `; and ${issues.length - named.length} more` : "";
  return { told: named.join("; ") + more, details: { part, path: issues[0]?.path ?? "", issues: issues.length } };
}
