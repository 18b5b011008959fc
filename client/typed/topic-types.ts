/** What the compiler knows of a topic. */
import type { Message, MessageValue } from "../page/message.ts";
import type { ReceivedMessage } from "../page/received-message.ts";
import type { AnySerde } from "./parts.ts";
import type { Issue, Schema } from "./standard-schema.ts";

export interface Parts {
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: unknown;
}

/**
 * A topic with the types of its records, made by `topic()`: `Input` is what `send` takes, `Output` what a consumer is given.
 */
export interface Topic<Name extends string = string, Input extends Parts = Parts, Output extends Parts = Parts> {
  readonly name: Name;
  /** For the compiler alone. */
  readonly types?: { readonly input: Input; readonly output: Output };
  /** A message as bytes and text. Throws `INVALID_RECORD`; `checked` rejects with it where a validator is asynchronous. */
  write(message: Message, index: number): { readonly message: Message; readonly checked: Promise<void> | null };
  /** The data of a message, or which part of it is not as it should be. */
  read(message: ReceivedMessage): RecordData | Promise<RecordData>;
  /**
   * The data of its value alone, at once. Throws `INVALID_RECORD`, and `UNSUPPORTED_OPERATION` where the validator is
   * asynchronous.
   */
  decode(message: ReceivedMessage): Output["value"];
}

export type RecordData = Parts | { readonly part: RecordPart; readonly issues: readonly Issue[] };

export type RecordPart = "key" | "value" | "headers";

export type Format = Schema | AnySerde;

/** Where no format was given the compiler infers all that might have been, which no format is. */
type InputOf<Given, Plain> = undefined extends Given
  ? Plain
  : Given extends Schema
    ? NonNullable<Given["~standard"]["types"]>["input"]
    : Given extends AnySerde
      ? Parameters<Given["serialize"]>[0]
      : Plain;

type OutputOf<Given, Plain> = undefined extends Given
  ? Plain
  : Given extends Schema
    ? NonNullable<Given["~standard"]["types"]>["output"]
    : Given extends AnySerde
      ? ReturnType<Given["deserialize"]>
      : Plain;

/** A record of a typed topic: the bytes as ever, and beside them what they mean. */
export type TypedMessage<Data extends Parts = Parts> = ReceivedMessage & {
  /** Of the value; its bytes where the topic says nothing of values. */
  readonly data: Data["value"];
  /** Of the key; its bytes where the topic says nothing of keys. */
  readonly keyData: Data["key"];
  /** Of the headers; their bytes where the topic says nothing of headers. */
  readonly headerData: Data["headers"];
};

/** What `send` takes for a topic: KafkaJS's message for a name, its types for a typed topic. */
export type MessageFor<To extends string | Topic> = To extends Topic<string, infer Input> ? TypedInput<Input> : Message;

type TypedInput<Input extends Parts> = Pick<Message, "partition" | "timestamp"> & {
  readonly value: Input["value"];
} & Named<"key", Input["key"]> &
  Named<"headers", Input["headers"]>;

/** May be left out where it may be undefined. */
type Named<Name extends string, Value> = undefined extends Value
  ? { readonly [Key in Name]?: Value }
  : { readonly [Key in Name]: Value };

/** What a consumer of these topics is given. */
export type MessageOf<From extends string | Topic> =
  From extends Topic<string, Parts, infer Output> ? TypedMessage<Output> : ReceivedMessage;

/** The parts of a topic that was made with these formats. */
export interface InputParts<Key, Value, Headers, Tombstone> extends Parts {
  readonly key: InputOf<Key, Message["key"]>;
  readonly value: InputOf<Value, MessageValue> | Tombstone;
  readonly headers: InputOf<Headers, Message["headers"]>;
}

export interface OutputParts<Key, Value, Headers, Tombstone> extends Parts {
  readonly key: OutputOf<Key, Uint8Array | null>;
  readonly value: OutputOf<Value, Uint8Array | null> | Tombstone;
  readonly headers: OutputOf<Headers, ReceivedMessage["headers"]>;
}
