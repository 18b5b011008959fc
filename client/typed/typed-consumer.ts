/** A consumer as the compiler sees it once it knows the topics. */
import type { Consumer } from "../page/consumer.ts";
import type { Subscription } from "../page/consumer-config.ts";
import type { Batch, EachBatchPayload, EachMessagePayload, RunConfig } from "../page/consumer-events.ts";
import type { MessageOf, Topic } from "./topic-types.ts";
import type { OnInvalid } from "./typed-reader.ts";

type Described = string | Topic;

/** All of it but what it is of. */
type HowToSubscribe = Pick<Subscription, Exclude<keyof Subscription, "topic" | "topics">>;

/** Patterns where names of whatever topics are allowed. */
type Wanted<From extends Described> = From | (string extends From ? RegExp : never);

export type TypedSubscription<From extends Described> = HowToSubscribe &
  (
    | { readonly topic: Wanted<From>; readonly topics?: never }
    | { readonly topics: readonly Wanted<From>[]; readonly topic?: never }
  ) & {
    /**
     * What becomes of a record that is not as its topic says; the consumer goes on behind it, and it stays in the log.
     * Without this it is told by the event `invalid` and logged.
     */
    readonly onInvalid?: OnInvalid;
  };

/** By topic, so that a check of `topic` tells the type of `message`. */
type Named<From extends Described> = From extends Topic<infer Name> ? Name : string;

export type TypedMessagePayload<From extends Described> = From extends Described
  ? Omit<EachMessagePayload, "topic" | "message"> & { readonly topic: Named<From>; readonly message: MessageOf<From> }
  : never;

export type TypedBatch<From extends Described> = From extends Described
  ? Omit<Batch, "topic" | "messages"> & { readonly topic: Named<From>; readonly messages: readonly MessageOf<From>[] }
  : never;

export type TypedBatchPayload<From extends Described> = Omit<EachBatchPayload, "batch"> & {
  readonly batch: TypedBatch<From>;
};

export type TypedRunConfig<From extends Described> = Omit<RunConfig, "eachMessage" | "eachBatch"> &
  (
    | {
        readonly eachMessage: (payload: TypedMessagePayload<From>) => Promise<void> | void;
        readonly eachBatch?: never;
      }
    | { readonly eachBatch: (payload: TypedBatchPayload<From>) => Promise<void> | void; readonly eachMessage?: never }
  );

/**
 * `strandline.consumer<typeof orders>({ groupId })`: subscribes to these topics alone, and each message has its `data`
 * beside its bytes. Of several (`consumer<typeof orders | typeof payments>`) the payload's `topic` tells which it is.
 */
export interface TypedConsumer<From extends Described>
  extends
    Omit<Consumer, "subscribe" | "run" | "messages" | typeof Symbol.asyncIterator>,
    AsyncIterable<MessageOf<From>> {
  subscribe(subscription: TypedSubscription<From>): Promise<void>;
  run(config: TypedRunConfig<From>): Promise<void>;
  /** Runs while it is iterated, as the consumer itself does; ends when `signal` aborts. */
  messages(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<MessageOf<From>>;
}
