/**
 * The worker's side of `WorkerCalls`, over whatever device it is given: each part of the calls is a desk of its own,
 * and what happens on the device goes from here to the page and to those who wait for it. The entry (`worker.ts`)
 * builds the device.
 */
import { gzipBatch } from "../../shared/gzip.ts";
import type { AppendCalls, Pack, PartAck } from "../calls/append-calls.ts";
import type { DeviceCalls } from "../calls/device-calls.ts";
import type { WorkerCalls } from "../calls/worker-api.ts";
import type { WorkerEvent } from "../calls/worker-event.ts";
import type { WorkerOptions } from "../calls/worker-options.ts";
import type { DeviceMessage } from "../device-news.ts";
import type { Alongside, PartitionRef } from "../log/device-log.ts";
import { AdminDesk } from "./admin-desk.ts";
import { PackAppender } from "./append.ts";
import { ConsumerDesk } from "./consumer-desk.ts";
import type { Device } from "./device.ts";
import { OutboxDesk } from "./outbox-desk.ts";
import { TableDesk } from "./table-desk.ts";
import { TopicNames } from "./topic-names.ts";
import { TopicDesk } from "./topics.ts";
import { TransactionDesk } from "./transaction-desk.ts";

export interface CoreOptions {
  readonly options: WorkerOptions;
  readonly tellPage: (event: WorkerEvent) => void;
  readonly paused: boolean;
}

export class WorkerCore {
  readonly #device: Device;
  readonly #tellPage: (event: WorkerEvent) => void;
  readonly #names: TopicNames;
  readonly #appender: PackAppender;
  readonly #topics: TopicDesk;
  readonly #outbox: OutboxDesk;
  readonly #consumers: ConsumerDesk;
  readonly #tables: TableDesk;
  readonly calls: WorkerCalls;

  constructor(device: Device, { options, tellPage, paused }: CoreOptions) {
    this.#device = device;
    this.#tellPage = tellPage;
    this.#names = new TopicNames(device.catalog);
    this.#appender = new PackAppender(device.localLog, gzipBatch);
    this.#topics = new TopicDesk({
      catalog: device.catalog,
      sync: device.sync,
      localPartitionCount: options.localPartitionCount,
      onLearned: () => device.news.publish({ type: "learned" }),
    });
    this.#outbox = new OutboxDesk(device, { paused });
    this.#consumers = new ConsumerDesk(device, this.#topics);
    this.#tables = new TableDesk(device, this.#topics);
    const transactions = new TransactionDesk({
      store: device.store,
      session: (consumer) => this.#consumers.session(consumer),
      append: (pack, alongside) => this.#append(pack, alongside),
    });
    this.calls = {
      ...this.#appendCalls(),
      ...this.#topics.calls,
      ...this.#outbox.calls,
      ...this.#consumers.calls,
      ...transactions.calls,
      ...this.#tables.calls,
      ...new AdminDesk(device).calls,
      ...this.#deviceCalls(),
    };
    device.news.listen((message, from) => void this.#onNews(message, from).catch(() => {}));
  }

  #appendCalls(): AppendCalls {
    return { append: (pack) => this.#append(pack) };
  }

  #deviceCalls(): DeviceCalls {
    const park = async (parked: boolean): Promise<void> => {
      this.#device.sync?.park(parked);
      if (parked) this.#consumers.yield();
    };
    return {
      storageReport: () => this.#device.storageReport(),
      logout: (discard) => this.#logout(discard),
      park,
      close: () => this.#close(),
    };
  }

  async #append(pack: Pack, alongside: Alongside | null = null): Promise<PartAck[]> {
    const appended = await this.#appender.append(pack, alongside);
    for (const { topicKey, topic } of appended) this.#names.note(topicKey, topic);
    this.#device.news.publish({
      type: "appended",
      refs: appended.map(({ topicKey, partition }) => ({ topicKey, partition })),
    });
    if (appended.some(({ baseOffset }) => baseOffset === null)) this.#device.sync?.wake();
    return appended.map(({ topic: _topic, topicKey: _key, count: _count, ...ack }) => ack);
  }

  async #logout(discard: boolean): Promise<{ readonly unsyncedRecords: number }> {
    const { pendingRecords } = await this.#outbox.status();
    this.#device.news.publish({ type: "loggedOut", discarded: discard });
    await this.#end();
    if (discard) return { unsyncedRecords: await this.#device.discard() };
    await this.#device.close();
    return { unsyncedRecords: pendingRecords };
  }

  async #close(): Promise<void> {
    await this.#end();
    await this.#device.close();
  }

  async #end(): Promise<void> {
    this.#outbox.close();
    this.#tables.close();
    await this.#consumers.close();
  }

  async #onNews(message: DeviceMessage, from: "here" | "other-tab"): Promise<void> {
    switch (message.type) {
      case "settled":
        return this.#tellSettled(message.refs);
      case "learned":
        if (from === "other-tab") this.#device.sync?.wake();
        return this.#tellPage({ type: "topics.learned" });
      case "paused":
        this.#outbox.paused = message.paused;
        return this.#device.sync?.setPaused(message.paused);
      case "event":
        return this.#onEvent(message.event, from);
      case "appended":
        // The tab that sends may be another one than the tab that appended.
        return from === "other-tab" ? this.#device.sync?.wake() : undefined;
      case "loggedOut":
        if (from === "here") return;
        this.#tellPage({ type: "logged.out", discarded: message.discarded });
        return await this.#close();
      case "replicated":
      case "lock.asked":
      case "lock.held":
      case "group.here":
      case "group.left":
        return;
    }
  }

  /** Whether the device is online is known to the tab that syncs. */
  #onEvent(event: WorkerEvent, from: "here" | "other-tab"): void {
    if (event.type === "sync.progress") this.#outbox.note(event);
    if (event.type !== "sync.state") return this.#tellPage(event);
    if (event.leader) {
      this.#outbox.online = event.online;
      this.#outbox.lastError = event.lastError;
    } else if (from === "other-tab") return;
    this.#tellPage({
      ...event,
      online: this.#outbox.online,
      leader: this.#device.sync?.status().leader ?? false,
    });
  }

  async #tellSettled(refs: readonly PartitionRef[]): Promise<void> {
    for (const { topicKey, partition } of refs)
      this.#tellPage({ type: "records.settled", topic: await this.#names.of(topicKey), partition });
  }
}
