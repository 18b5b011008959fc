/**
 * The worker's side of `WorkerApi`, over whatever device it is given: each call goes to the part that knows. The
 * entry (`worker.ts`) builds the device.
 */
import { partition as toPartition } from "../shared/brands.ts";
import type { TopicConfig, TopicMetadata } from "../shared/api/metadata.ts";
import { StrandlineError } from "../shared/strandline-error.ts";
import { checkTopicName } from "../shared/topic-name.ts";
import { ConsumerSession } from "./consumer/consumer-session.ts";
import { exactBuffer } from "./consumer/exact-buffer.ts";
import type { DeviceMessage } from "./device-news.ts";
import type { PartitionRef } from "./log/device-log.ts";
import { gzipBatch } from "../shared/gzip.ts";
import { PackAppender } from "./worker-append.ts";
import type { Device } from "./worker-device.ts";
import { ReceiptDesk } from "./worker-receipts.ts";
import { TopicDesk } from "./worker-topics.ts";
import type {
  ConsumerOptions,
  DeadLetterBatch,
  OutboxStatus,
  Pack,
  PartAck,
  PolledRun,
  PollOptions,
  ReceiptState,
  TopicPartitionOffset,
  WorkerCalls,
  WorkerEvent,
  WorkerOptions,
} from "./worker-api.ts";

const DEAD_LETTERS_COUNTED_MAX = 1_000;

export class WorkerCore implements WorkerCalls {
  readonly #device: Device;
  readonly #appender: PackAppender;
  readonly #receipts: ReceiptDesk;
  readonly #topics: TopicDesk;
  readonly #consumers = new Map<number, ConsumerSession>();
  readonly #names = new Map<number, string>();
  readonly #tellPage: (event: WorkerEvent) => void;
  #consumersOpened = 0;
  #paused: boolean;
  /** As the tab that syncs has told. */
  #online = false;

  constructor(
    device: Device,
    {
      options,
      tellPage,
      paused,
    }: { readonly options: WorkerOptions; readonly tellPage: (event: WorkerEvent) => void; readonly paused: boolean },
  ) {
    this.#device = device;
    this.#paused = paused;
    this.#tellPage = tellPage;
    this.#appender = new PackAppender(device.localLog, gzipBatch);
    this.#receipts = new ReceiptDesk(device);
    const onLearned = (): void => device.news.publish({ type: "learned" });
    this.#topics = new TopicDesk({
      catalog: device.catalog,
      sync: device.sync,
      localPartitionCount: options.localPartitionCount,
      onLearned,
    });
    device.news.listen((message, from) => void this.#onNews(message, from).catch(() => {}));
  }

  async append(pack: Pack): Promise<PartAck[]> {
    const appended = await this.#appender.append(pack);
    for (const { topicKey, topic } of appended) this.#names.set(topicKey, topic);
    this.#device.news.publish({
      type: "appended",
      refs: appended.map(({ topicKey, partition }) => ({ topicKey, partition })),
    });
    if (appended.some(({ baseOffset }) => baseOffset === null)) this.#device.sync?.wake();
    return appended.map(({ partition, localSequence, baseOffset }) => ({ partition, localSequence, baseOffset }));
  }

  partitionCount(topic: string, options: { readonly refresh: boolean }): Promise<number | null> {
    return this.#topics.partitionCount(topic, options);
  }

  async receipt(
    topic: string,
    partition: number,
    localSequence: number,
    timeoutMs: number | null,
  ): Promise<ReceiptState> {
    const row = await this.#device.catalog.byName(checkTopicName(topic));
    if (row === undefined) return { kind: "unknown" };
    return this.#receipts.state(
      { topicKey: row.topicKey, partition: toPartition(partition) },
      localSequence,
      timeoutMs,
    );
  }

  async openConsumer(options: ConsumerOptions): Promise<number> {
    const { replica, catalog, news, locks, clock, database } = this.#device;
    const groupLockName = options.groupId === null ? null : `strandline:${database}:group:${options.groupId}`;
    const follow = (name: string) => this.#topics.follow(name);
    const session = new ConsumerSession({ replica, catalog, news, locks, clock, groupLockName, follow }, options);
    try {
      await session.subscribe();
    } catch (error) {
      await session.close([]);
      throw error;
    }
    this.#consumersOpened += 1;
    this.#consumers.set(this.#consumersOpened, session);
    return this.#consumersOpened;
  }

  poll(consumer: number, options: PollOptions): Promise<PolledRun[]> {
    return this.#consumer(consumer).poll(options);
  }

  commit(consumer: number, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#consumer(consumer).commit(offsets);
  }

  async seek(consumer: number, position: TopicPartitionOffset): Promise<void> {
    this.#consumer(consumer).seek(position);
  }

  async nudge(consumer: number): Promise<void> {
    this.#consumer(consumer).nudge();
  }

  async closeConsumer(consumer: number, commit: readonly TopicPartitionOffset[]): Promise<void> {
    const session = this.#consumers.get(consumer);
    this.#consumers.delete(consumer);
    await session?.close(commit);
  }

  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata> {
    return this.#topics.create(name, partitionCount, config);
  }

  topics(names: readonly string[] | null): Promise<TopicMetadata[]> {
    return this.#topics.list(names);
  }

  async deadLetters(limit: number): Promise<DeadLetterBatch[]> {
    const letters = await this.#device.outbox.deadLetters(limit);
    const named = letters.map(async ({ topicKey, partition, localSequence, count, error, bytes }) => {
      return {
        topic: await this.#nameOf(topicKey),
        partition,
        localSequence,
        count,
        error,
        buffer: exactBuffer([bytes]),
      };
    });
    return Promise.all(named);
  }

  async setPaused(paused: boolean): Promise<void> {
    await this.#device.settings.setPaused(paused);
    this.#device.news.publish({ type: "paused", paused });
  }

  async status(): Promise<OutboxStatus> {
    const { outbox, sync } = this.#device;
    const pendingRecords = (await outbox.waiting()).reduce((sum, { records }) => sum + records, 0);
    const deadLetters = (await outbox.deadLetters(DEAD_LETTERS_COUNTED_MAX)).reduce((sum, { count }) => sum + count, 0);
    const leader = sync?.status().leader ?? false;
    return { pendingRecords, deadLetters, online: this.#online, leader, paused: this.#paused };
  }

  async logout(discard: boolean): Promise<{ readonly unsyncedRecords: number }> {
    const { pendingRecords } = await this.status();
    this.#device.news.publish({ type: "loggedOut", discarded: discard });
    await this.#end();
    if (discard) return { unsyncedRecords: await this.#device.discard() };
    await this.#device.close();
    return { unsyncedRecords: pendingRecords };
  }

  async hint(): Promise<void> {
    this.#device.sync?.hint();
  }

  async close(): Promise<void> {
    await this.#end();
    await this.#device.close();
  }

  async #end(): Promise<void> {
    this.#receipts.close();
    await Promise.allSettled([...this.#consumers.values()].map((session) => session.close([])));
    this.#consumers.clear();
  }

  #consumer(id: number): ConsumerSession {
    const session = this.#consumers.get(id);
    if (session === undefined) throw new StrandlineError("CLOSED", `consumer ${id} is not open`);
    return session;
  }

  async #onNews(message: DeviceMessage, from: "here" | "other-tab"): Promise<void> {
    switch (message.type) {
      case "settled":
        return this.#tellSettled(message.refs);
      case "learned":
        if (from === "other-tab") this.#device.sync?.wake();
        return this.#tellPage({ type: "topics.learned" });
      case "paused":
        this.#paused = message.paused;
        return this.#device.sync?.setPaused(message.paused);
      case "event":
        return this.#onEvent(message.event, from);
      case "appended":
        // The tab that sends may be another one than the tab that appended.
        return from === "other-tab" ? this.#device.sync?.wake() : undefined;
      case "loggedOut":
        if (from === "here") return;
        this.#tellPage({ type: "logged.out", discarded: message.discarded });
        return await this.close();
      case "replicated":
        return;
    }
  }

  /** Whether the device is online is known to the tab that syncs. */
  #onEvent(event: WorkerEvent, from: "here" | "other-tab"): void {
    if (event.type !== "sync.state") return this.#tellPage(event);
    if (event.leader) this.#online = event.online;
    else if (from === "other-tab") return;
    this.#tellPage({ ...event, online: this.#online, leader: this.#device.sync?.status().leader ?? false });
  }

  async #tellSettled(refs: readonly PartitionRef[]): Promise<void> {
    for (const { topicKey, partition } of refs)
      this.#tellPage({ type: "records.settled", topic: await this.#nameOf(topicKey), partition });
  }

  async #nameOf(topicKey: number): Promise<string> {
    if (!this.#names.has(topicKey)) {
      for (const row of await this.#device.catalog.all()) this.#names.set(row.topicKey, row.name);
    }
    return this.#names.get(topicKey) ?? "";
  }
}
