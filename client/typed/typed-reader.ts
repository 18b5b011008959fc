/** What a consumer reads of typed topics. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Subscription } from "../page/consumer-config.ts";
import type { ReceivedMessage } from "../page/received-message.ts";
import type { RecordPart, Topic } from "./topic-types.ts";
import type { TypedSubscription } from "./typed-consumer.ts";
import type { Issue } from "./standard-schema.ts";

/** A record that stands in the log and is not as its topic says. Its bytes are in `message`. */
export interface InvalidRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly message: ReceivedMessage;
  readonly part: RecordPart;
  readonly issues: readonly Issue[];
}

/**
 * Given each invalid record before the records behind it are committed; like a handler it may see one more than once.
 * Where it throws or rejects, the record comes again.
 */
export type OnInvalid = (record: InvalidRecord) => void | Promise<void>;

interface Noted {
  readonly topic: Topic;
  readonly onInvalid: OnInvalid | undefined;
}

export class TypedReader {
  readonly #topics = new Map<string, Noted>();
  readonly #tell: (record: InvalidRecord) => void;

  /** `tell`: of the invalid records that nobody handles. */
  constructor(tell: (record: InvalidRecord) => void) {
    this.#tell = tell;
  }

  /** With names for topics; patterns as they are. Throws where it is of one topic and of several, or of none. */
  subscribed({ topic, topics, onInvalid, ...how }: TypedSubscription<string | Topic>): Subscription {
    if ((topic === undefined) === (topics === undefined))
      throw new StrandlineError("INVALID_ARGUMENT", "subscribe takes topic or topics");
    // What is wrong with the list itself is left for others to find.
    if (topics !== undefined && !Array.isArray(topics as unknown)) return { ...how, topics: topics as never };
    return { ...how, topics: (topics ?? [topic]).map((one) => this.#note(one, onInvalid)) };
  }

  #note(topic: string | RegExp | Topic, onInvalid: OnInvalid | undefined): string | RegExp {
    if (!isTopic(topic)) {
      if (typeof topic === "string") this.#topics.delete(topic);
      return topic;
    }
    this.#topics.set(topic.name, { topic, onInvalid });
    return topic.name;
  }

  /** Gives each message its data, in place; those that are invalid are left out and told. */
  read(topic: string, messages: ReceivedMessage[]): ReceivedMessage[] | Promise<ReceivedMessage[]> {
    const typed = this.#topics.get(topic);
    return typed === undefined ? messages : this.#decode(typed, messages);
  }

  async #decode({ topic, onInvalid }: Noted, messages: ReceivedMessage[]): Promise<ReceivedMessage[]> {
    const valid: ReceivedMessage[] = [];
    for (const message of messages) {
      const decoding = topic.read(message);
      const decoded = decoding instanceof Promise ? await decoding : decoding;
      if ("issues" in decoded) {
        const { partition, offset } = message;
        const record = { topic: topic.name, partition, offset, message, ...decoded };
        if (onInvalid === undefined) this.#tell(record);
        else await onInvalid(record);
      } else {
        const { key: keyData, value: data, headers: headerData } = decoded;
        valid.push(Object.assign(message, { data, keyData, headerData }));
      }
    }
    return valid;
  }
}

function isTopic(topic: unknown): topic is Topic {
  return typeof topic === "object" && topic !== null && "read" in topic;
}
