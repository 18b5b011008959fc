/** What a handler does in its `tx`: kept here until the handler resolves, and thrown away where it throws. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { StateChange, StateKey, StateRead, TransactionCommit } from "../calls/transaction-calls.ts";
import type { Topic } from "../typed/topic-types.ts";
import { plainSends } from "../typed/typed-sends.ts";
import type { TopicMessages } from "./message.ts";
import type { PreparedTopic } from "./packer.ts";
import { ownTopic, prepareTopic } from "./prepare-topic.ts";
import type { Chunking } from "./prepare.ts";

/** Values are what `structuredClone` takes, and come back as copies. One state for each group, shared by its tabs. */
export interface TransactionState {
  /** Undefined: never put, or deleted. Sees what this handler has put. */
  get<Value = unknown>(key: StateKey): Promise<Value | undefined>;
  put(key: StateKey, value: unknown): void;
  delete(key: StateKey): void;
}

/**
 * Applied when the handler resolves: what it sent and put, and the offset behind what it handled, all or nothing, once.
 * Needs a consumer with a `groupId`. Under `isolation: 'local'` a pending record cannot be handled so, for it has no offset:
 * `tx.send` and `tx.state` throw `INVALID_ARGUMENT` there, and without a `groupId`.
 */
export interface Transaction {
  /**
   * Throws where a message is not legal. Of a typed topic it may be a validator that answers later: then the handler has
   * failed with `INVALID_RECORD`.
   */
  send<const To extends string | Topic>(record: TopicMessages<To>): void;
  readonly state: TransactionState;
}

export interface TransactionDeps {
  readonly now: () => number;
  readonly chunking: Chunking;
  readonly readState: (key: StateKey) => Promise<StateRead>;
}

/** What a payload holds: to copy it, or to look at it, begins nothing. */
export class OfferedTransaction implements Transaction {
  readonly #begin: () => Transaction;

  constructor(begin: () => Transaction) {
    this.#begin = begin;
  }

  send<To extends string | Topic>(record: TopicMessages<To>): void {
    this.#begin().send(record);
  }

  get state(): TransactionState {
    return this.#begin().state;
  }
}

export class HandlerTransaction implements Transaction {
  readonly #deps: TransactionDeps;
  readonly #sends: PreparedTopic[] = [];
  readonly #changes = new Map<string, StateChange>();
  readonly #reads = new Map<string, { readonly key: StateKey; readonly read: Promise<StateRead> }>();
  readonly #checks: Promise<unknown>[] = [];
  #ended = false;

  readonly state: TransactionState = {
    get: async <Value>(key: StateKey): Promise<Value | undefined> => (await this.#get(key)) as Value | undefined,
    put: (key, value) => this.#change({ key, put: { value: cloned(key, value) } }),
    delete: (key) => this.#change({ key }),
  };

  constructor(deps: TransactionDeps) {
    this.#deps = deps;
  }

  send<To extends string | Topic>(record: TopicMessages<To>): void {
    this.#demandOpen();
    const { topicMessages, checked } = plainSends([record as TopicMessages<string | Topic>]);
    for (const plain of topicMessages) this.#prepare(plain);
    if (checked === null) return;
    // Told where the outcome is.
    checked.catch(() => {});
    this.#checks.push(checked);
  }

  /** The handler is over: what it still does belongs nowhere. */
  end(): void {
    this.#ended = true;
  }

  get sends(): readonly PreparedTopic[] {
    return this.#sends;
  }

  async outcome(): Promise<Pick<TransactionCommit, "changes" | "reads">> {
    await Promise.all(this.#checks);
    const reads = [...this.#reads.values()].map(async ({ key, read }) => ({ key, version: (await read).version }));
    return { changes: [...this.#changes.values()], reads: await Promise.all(reads) };
  }

  #prepare({ topic: name, messages }: TopicMessages): void {
    const topic = checkTopicName(name);
    if (!Array.isArray(messages as unknown))
      throw new StrandlineError("INVALID_ARGUMENT", `messages to ${topic}: not an array`, { topic });
    const now = this.#deps.now();
    // Encoded once the handler has resolved: until then the bytes are the handler's.
    if (messages.length > 0) this.#sends.push(ownTopic(prepareTopic({ topic, messages, now }, this.#deps.chunking)));
  }

  async #get(key: StateKey): Promise<unknown> {
    this.#demandOpen();
    const name = nameOf(key);
    const change = this.#changes.get(name);
    if (change !== undefined) return structuredClone(change.put?.value);
    const known = this.#reads.get(name)?.read;
    if (known !== undefined) return structuredClone((await known).value);
    const read = this.#deps.readState(key);
    this.#reads.set(name, { key, read });
    return structuredClone((await read).value);
  }

  #change(change: StateChange): void {
    this.#demandOpen();
    this.#changes.set(nameOf(change.key), change);
  }

  #demandOpen(): void {
    if (this.#ended) throw new StrandlineError("INVALID_ARGUMENT", "tx is used after its handler has ended");
  }
}

function nameOf(key: StateKey): string {
  const parts: readonly unknown[] = typeof key === "object" && key !== null ? key : [key];
  const legal =
    Array.isArray(parts) &&
    parts.length > 0 &&
    parts.every((part) => typeof part === "string" || (typeof part === "number" && Number.isFinite(part)));
  if (legal) return JSON.stringify(parts);
  const said = "a key of tx.state is a string, a finite number, or an array of them that is not empty";
  throw new StrandlineError("INVALID_ARGUMENT", said, { key: String(key) });
}

function cloned(key: StateKey, value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch (cause) {
    throw new StrandlineError(
      "INVALID_ARGUMENT",
      `tx.state.put(${nameOf(key)}): no copy can be stored of the value`,
      {
        key: nameOf(key),
      },
      cause,
    );
  }
}
