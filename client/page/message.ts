/** What a caller sends: KafkaJS's message, with a plain value where bytes are not at hand. */

import type { MessageFor, Topic } from "../typed/topic-types.ts";

/** A string or bytes as they are, null for a tombstone; anything else as JSON with a content-type header. */
export type MessageValue = string | Uint8Array | ArrayBuffer | number | boolean | object | null;

export type HeaderValue = string | Uint8Array | null;

export interface Message {
  readonly key?: string | Uint8Array | ArrayBuffer | null | undefined;
  readonly value: MessageValue;
  readonly partition?: number | null | undefined;
  /** Several values under one name: an array. */
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>> | undefined;
  /** Milliseconds since 1970; a string of digits as in KafkaJS. Now, where it is absent. */
  readonly timestamp?: number | string | undefined;
}

/** KafkaJS's name for what `compression` takes. */
export const CompressionTypes = { None: "none", GZIP: "gzip" } as const;
export type CompressionType = (typeof CompressionTypes)[keyof typeof CompressionTypes];

/** 0: fire and forget. 1: durable on this device. -1 or "all": durable at the edge. */
export type Acks = 0 | 1 | -1 | "all";

export interface SendOptions {
  /** 1 by default. */
  readonly acks?: Acks;
  /** How long the promise may wait, in milliseconds; 30,000 by default. */
  readonly timeout?: number;
  readonly compression?: CompressionType;
  /**
   * Before the records are stored nothing is: the promise rejects with `ABORTED`, `details.stored` false. Later it ends
   * the wait alone: `details.stored` is true and `details.receipt` names the first record.
   */
  readonly signal?: AbortSignal;
  /** `relaxed`: acknowledged before the operating system was told to write to disk. */
  readonly durability?: "strict" | "relaxed";
}

export interface ProducerRecord<To extends string | Topic = string> extends SendOptions {
  readonly topic: To;
  readonly messages: readonly MessageFor<To>[];
}

export interface TopicMessages<To extends string | Topic = string> {
  readonly topic: To;
  readonly messages: readonly MessageFor<To>[];
}

export interface ProducerBatch<All extends readonly (string | Topic)[] = readonly string[]> extends SendOptions {
  readonly topicMessages: { readonly [Index in keyof All]: TopicMessages<All[Index]> };
}
