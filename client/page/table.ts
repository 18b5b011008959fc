/** The latest value of each key of a topic: live, offline, with this device's own records at once. */
import type { Clock } from "../../shared/clock.ts";
import { deferred } from "../../shared/deferred.ts";
import { keyText } from "../../shared/key-text.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { aborted, untilAborted, type WaitOptions } from "./abort.ts";
import type { CallWorker } from "./consumer-link.ts";
import { Emitter } from "./emitter.ts";
import type { ReceivedMessage } from "./received-message.ts";
import { tablePart } from "./parts.ts";
import type { TableChange, TableView } from "./table-view.ts";

const POLL_WAIT_MS = 5_000;
/** A poll answers after its wait; the rest is for a busy disk. */
const POLL_MS_MAX = POLL_WAIT_MS + 30_000;
const CALL_MS_MAX = 30_000;

/** Of a topic whose values know how they are read. */
export interface DecodedTopic<Value> {
  readonly name: string;
  readonly decode?: (message: ReceivedMessage) => Value;
}

export interface TableOptions<Value> {
  /** `local` (default): with what this device has sent and the edge does not hold yet. `committed`: without. */
  readonly isolation?: "local" | "committed";
  /** By default JSON where the record's content-type says so, and else the value as text. */
  readonly decode?: (message: ReceivedMessage) => Value;
  /** Told of values that cannot be decoded. Their keys have no value meanwhile. */
  readonly onInvalid?: (message: ReceivedMessage, error: unknown) => void;
}

export interface TableEntriesOptions extends WaitOptions {
  readonly prefix?: string;
  readonly limit?: number;
}

/**
 * Keys are text; one that is no UTF-8 is U+DFFF followed by one character for each byte. Values are shared with all who
 * ask: do not change them. Records without a key are in no table.
 */
export interface Table<Value> {
  readonly topic: string;
  /** Resolves when all that this device holds of the topic is in the table; rejects where the topic cannot be opened. */
  readonly ready: Promise<void>;
  /** `ready`, and `complete`, as long as the signal lets them: then `ABORTED`, and the table goes on. */
  whenReady(options?: WaitOptions): Promise<void>;
  whenComplete(options?: WaitOptions): Promise<void>;
  /**
   * False before `ready`, and as long as the table lacks records that this device has dropped, by retention or for want
   * of room: they are fetched from the edge again, at once or when it can be reached.
   */
  readonly isComplete: boolean;
  /** Resolves once `isComplete` has been true; rejects as `ready` does, and with `CLOSED` where the table is closed before. */
  readonly complete: Promise<void>;
  /** Undefined: no record has the key, or the last one is a tombstone. Waits until the table is ready, as all but `snapshot`. */
  get(key: string | Uint8Array, options?: WaitOptions): Promise<Value | undefined>;
  /** In the order of their keys. */
  entries(options?: TableEntriesOptions): Promise<[string, Value][]>;
  size(options?: WaitOptions): Promise<number>;
  /** Told after each change. Returns the way to stop. */
  subscribe(listener: (changes: readonly TableChange<Value>[]) => void): () => void;
  /** The same object until something changes; null until the table is ready. */
  snapshot(): ReadonlyMap<string, Value> | null;
  close(): Promise<void>;
}

export interface TableDeps {
  readonly call: CallWorker;
  readonly clock: Clock;
  readonly retry: { readonly initialRetryTimeMs: number; readonly maxRetryTimeMs: number };
  readonly onError: (error: unknown) => void;
}

interface OpenTable {
  readonly id: number;
  readonly generation: number;
}

export class PageTable<Value> implements Table<Value> {
  readonly topic: string;
  readonly ready: Promise<void>;
  readonly complete: Promise<void>;
  readonly #deps: TableDeps;
  readonly #pending: boolean;
  readonly #decode: (message: ReceivedMessage) => Value | undefined;
  readonly #events = new Emitter<{ readonly change: readonly TableChange<Value>[] }>(["change"]);
  readonly #closing = new AbortController();
  readonly #loaded = deferred<void>();
  readonly #completed = deferred<void>();
  #isReady = false;
  #isComplete = false;
  /** Loaded before the first poll. */
  #view: TableView<Value> | null = null;
  #open: OpenTable | null = null;
  #failures = 0;

  constructor(deps: TableDeps, topic: string | DecodedTopic<Value>, options: TableOptions<Value> = {}) {
    const named: DecodedTopic<Value> = typeof topic === "string" ? { name: topic } : topic;
    const { isolation = "local", onInvalid } = options;
    if (isolation !== "local" && isolation !== "committed")
      throw new StrandlineError("INVALID_ARGUMENT", `isolation: ${String(isolation)} is none of local, committed`);
    this.topic = checkTopicName(named.name);
    this.#deps = deps;
    this.#pending = isolation === "local";
    const decode = options.decode ?? decodeOf(named);
    this.#decode = (message) => {
      try {
        return decode(message);
      } catch (error) {
        if (onInvalid === undefined) deps.onError(error);
        else onInvalid(message, error);
        return undefined;
      }
    };
    this.ready = this.#loaded.promise;
    this.ready.catch(() => {});
    this.complete = this.#completed.promise;
    this.complete.catch(() => {});
    this.ready.catch((error: unknown) => this.#completed.reject(error));
    void this.#run();
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  whenReady({ signal }: WaitOptions = {}): Promise<void> {
    return untilAborted(this.ready, signal, (fired) => this.#goesOn(fired));
  }

  whenComplete({ signal }: WaitOptions = {}): Promise<void> {
    return untilAborted(this.complete, signal, (fired) => this.#goesOn(fired));
  }

  async get(key: string | Uint8Array, wait?: WaitOptions): Promise<Value | undefined> {
    return (await this.#shown(wait)).get(typeof key === "string" ? key : keyText(key));
  }

  async entries({ prefix = "", limit = Infinity, ...wait }: TableEntriesOptions = {}): Promise<[string, Value][]> {
    const found = [...(await this.#shown(wait))].filter(([key]) => key.startsWith(prefix));
    return found.toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit);
  }

  async size(wait?: WaitOptions): Promise<number> {
    return (await this.#shown(wait)).size;
  }

  subscribe(listener: (changes: readonly TableChange<Value>[]) => void): () => void {
    return this.#events.on("change", listener);
  }

  snapshot(): ReadonlyMap<string, Value> | null {
    return this.#isReady && this.#view !== null ? this.#view.snapshot() : null;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const closed = new StrandlineError("CLOSED", `the table of ${this.topic}`);
    this.#loaded.reject(closed);
    this.#completed.reject(closed);
    await this.#onOpen((api, { id }) => api.closeTable(id), CALL_MS_MAX)?.catch(() => {});
  }

  #goesOn(fired: AbortSignal): StrandlineError {
    return aborted(`the table of ${this.topic} is not there yet`, fired);
  }

  async #shown(wait?: WaitOptions): Promise<ReadonlyMap<string, Value>> {
    if (this.#closing.signal.aborted) throw new StrandlineError("CLOSED", `the table of ${this.topic}`);
    await this.whenReady(wait);
    return this.#view?.shown ?? new Map<string, Value>();
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#poll();
        this.#failures = 0;
      } catch (error) {
        if (!(await this.#recover(error))) break;
      }
    }
    this.#closing.abort();
  }

  async #poll(): Promise<void> {
    const { TableView } = await tablePart();
    const view = (this.#view ??= new TableView(this.#decode));
    this.#open ??= await this.#deps.call(
      async (api, generation) => ({ id: await api.openTable(this.topic, { pending: this.#pending }), generation }),
      CALL_MS_MAX,
    );
    const news = await this.#onOpen((api, { id }) => api.pollTable(id, POLL_WAIT_MS), POLL_MS_MAX);
    if (news === null || this.#closing.signal.aborted) return;
    const changes = await view.apply(news);
    // Until it has all again, what is shown is what was shown before.
    if (news.caughtUp || news.lacks) this.#isComplete = !news.lacks;
    if (this.#isComplete) this.#completed.resolve();
    if (news.caughtUp && !this.#isReady) {
      this.#isReady = true;
      this.#loaded.resolve();
    }
    if (changes.length > 0) this.#events.emit("change", changes);
  }

  /** False: there is no use in going on. */
  async #recover(error: unknown): Promise<boolean> {
    const code = error instanceof StrandlineError ? error.code : null;
    if (code === "CLOSED" || (!this.#isReady && error instanceof StrandlineError && !error.retriable)) {
      this.#loaded.reject(error);
      return false;
    }
    // Opened anew, it begins with a reset; what is shown stays until that is through.
    this.#open = null;
    const { retry, clock, onError } = this.#deps;
    const retryInMs = Math.min(retry.maxRetryTimeMs, retry.initialRetryTimeMs * 2 ** Math.min(this.#failures, 30));
    if (code !== "WORKER_DIED") onError(error);
    this.#failures += 1;
    if (code !== "WORKER_DIED" || this.#failures > 1) await clock.sleep(retryInMs, this.#closing.signal);
    return true;
  }

  /** A table that was open on a worker that is no more is not asked of the next one. */
  #onOpen<Result>(
    ask: (api: Parameters<Parameters<CallWorker>[0]>[0], open: OpenTable) => Promise<Result>,
    deadlineMs: number,
  ): Promise<Result> | null {
    const open = this.#open;
    if (open === null) return null;
    return this.#deps.call((api, generation) => {
      if (generation !== open.generation)
        return Promise.reject(new StrandlineError("WORKER_DIED", "the table was open on another worker"));
      return ask(api, open);
    }, deadlineMs);
  }
}

const utf8 = new TextDecoder();

function decodeOf<Value>(topic: DecodedTopic<Value>): (message: ReceivedMessage) => Value {
  // Called on the topic, which may be an object of a class.
  return topic.decode === undefined
    ? (decodeAsSent as (message: ReceivedMessage) => Value)
    : (message) => (topic as Required<DecodedTopic<Value>>).decode(message);
}

function decodeAsSent(message: ReceivedMessage): unknown {
  const type = message.headers["content-type"];
  const isJson = type instanceof Uint8Array && /^application\/([\w.-]+\+)?json\b/i.test(utf8.decode(type));
  return isJson ? message.json() : message.text();
}
