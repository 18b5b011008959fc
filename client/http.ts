/**
 * `strandline/http`, for Node, Workers, Deno and Bun: the same producer, consumer and admin over a log in memory. Retries
 * and idempotence are those of the browser; what was sent and is not synced is gone with the process.
 */
import { StrandlineError } from "../shared/strandline-error.ts";
import { InProcessLine } from "./in-process-line.ts";
import { openMemoryDevice } from "./memory-graph.ts";
import type { StrandlineOptions } from "./options.ts";
import type { ConsumerConfig } from "./page/consumer-config.ts";
import type { Consumer } from "./page/consumer.ts";
import type { TypedConsumer } from "./typed/typed-consumer.ts";
import type { Topic } from "./typed/topic-types.ts";
import { StrandlineClient } from "./strandline.ts";

export { StrandlineError, type ErrorBody, type ErrorDetails } from "../shared/strandline-error.ts";
export { ERRORS, type ErrorCode } from "../shared/error-table.ts";
export { logLevel, type LogCreator, type LogEntry, type LogLevel } from "./page/logger.ts";
export { CompressionTypes, type CompressionType } from "./page/message.ts";
export { topic, type TopicFormats } from "./typed/topic.ts";
export { Partitioners } from "./producer/partitioner.ts";
export type { MessageFor, MessageOf, Topic, TypedMessage } from "./typed/topic-types.ts";

const FLUSH_MS_MAX = 30_000;

/** Without `url` the process is its own broker, until it ends. */
export type HttpOptions = Omit<StrandlineOptions, "worker" | "database">;

export interface CloseOptions {
  /** False: what is not synced is given up. True by default. */
  readonly flush?: boolean;
  /** How long to wait for what is not synced, in milliseconds; 30,000 by default. */
  readonly timeout?: number;
}

export class Strandline extends StrandlineClient {
  readonly #line: InProcessLine;
  protected override readonly coordinator: "device" | "edge";
  #closing: Promise<void> | null = null;

  /** Opens nothing: safe at the top of a module. Throws `INVALID_ARGUMENT` or `INVALID_PARTITIONS` for options that are wrong. */
  constructor(options: HttpOptions = {}) {
    let line: InProcessLine | undefined;
    super(options, (parts) => {
      const openDevice = () => openMemoryDevice(parts.options, parts.askToken);
      return (line = new InProcessLine({ ...parts, openDevice }));
    });
    if (line === undefined) throw new TypeError("a client makes its line at once");
    this.#line = line;
    this.coordinator = (options.url ?? null) === null ? "device" : "edge";
  }

  /**
   * As in a browser, but for `coordinator`: a group of a server is shared with all other processes and devices, `"edge"` by
   * default where there is a `url`. Handlers that use `tx` say `"device"`.
   */
  override consumer(config?: ConsumerConfig): Consumer;
  override consumer<From extends string | Topic>(config?: ConsumerConfig): TypedConsumer<From>;
  override consumer(config: ConsumerConfig = {}): Consumer {
    const { groupId, coordinator } = config;
    const open = groupId !== undefined && coordinator === undefined;
    return super.consumer(open ? { ...config, coordinator: this.coordinator } : config);
  }

  /**
   * Resolves when the edge holds, or has refused for good, every record whose `send` has resolved, and all is ended. Rejects
   * with `REQUEST_TIMED_OUT` and `unsyncedRecords` where that takes longer than `timeout`; the client is closed all the same.
   */
  override close(options: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#end(options).finally(() => (this.#closing = null)));
  }

  /** As `close`: in memory nothing waits for the principal to come back. `discard` gives up what is not synced, and answers how much. */
  override async logout({ discard }: { readonly discard: boolean }): Promise<{ readonly unsyncedRecords: number }> {
    if (discard) {
      const { pendingRecords } = await this.sync.status();
      await this.close({ flush: false });
      return { unsyncedRecords: pendingRecords };
    }
    await this.close();
    return { unsyncedRecords: 0 };
  }

  async #end({ flush = true, timeout = FLUSH_MS_MAX }: CloseOptions): Promise<void> {
    try {
      if (flush && this.#line.isOpen) await this.#flush(timeout);
    } finally {
      await super.close();
    }
  }

  async #flush(timeout: number): Promise<void> {
    await this.sync.flush({ timeout }).catch(async (error: unknown) => {
      if (!(error instanceof StrandlineError) || error.code !== "NOT_SYNCED_YET") throw error;
      throw notSynced((await this.sync.status()).pendingRecords, timeout);
    });
  }
}

function notSynced(unsyncedRecords: number, timeoutMs: number): StrandlineError {
  return new StrandlineError("REQUEST_TIMED_OUT", `${unsyncedRecords} records were not synced within ${timeoutMs} ms`, {
    unsyncedRecords,
    timeoutMs,
  });
}
