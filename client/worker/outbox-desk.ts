/** What was sent from this device: how much waits, where a record stands, what was refused for good. */
import { partition as toPartition } from "../../shared/brands.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { DeadLetterBatch, OutboxCalls, OutboxStatus, ReceiptState } from "../calls/outbox-calls.ts";
import type { RecordPlace } from "../calls/record-place.ts";
import { exactBuffer } from "../consumer/exact-buffer.ts";
import type { Device } from "./device.ts";
import { ReceiptDesk } from "./receipts.ts";
import type { TopicNames } from "./topic-names.ts";

const DEAD_LETTERS_COUNTED_MAX = 1_000;

export class OutboxDesk {
  readonly #device: Device;
  readonly #names: TopicNames;
  readonly #receipts: ReceiptDesk;
  /** As the tab that syncs has told. */
  online = false;
  paused: boolean;

  constructor(device: Device, { names, paused }: { readonly names: TopicNames; readonly paused: boolean }) {
    this.#device = device;
    this.#names = names;
    this.#receipts = new ReceiptDesk(device);
    this.paused = paused;
  }

  get calls(): OutboxCalls {
    return {
      receipt: (topic, partition, localSequence, timeoutMs) =>
        this.#receipt({ topic, partition, localSequence }, timeoutMs),
      deadLetters: (limit) => this.#deadLetters(limit),
      setPaused: async (paused) => {
        await this.#device.settings.setPaused(paused);
        this.#device.news.publish({ type: "paused", paused });
      },
      status: () => this.status(),
      hint: async () => this.#device.sync?.hint(),
    };
  }

  async status(): Promise<OutboxStatus> {
    const { outbox, sync } = this.#device;
    const pendingRecords = (await outbox.waiting()).reduce((sum, { records }) => sum + records, 0);
    const deadLetters = (await outbox.deadLetters(DEAD_LETTERS_COUNTED_MAX)).reduce((sum, { count }) => sum + count, 0);
    const leader = sync?.status().leader ?? false;
    return { pendingRecords, deadLetters, online: this.online, leader, paused: this.paused };
  }

  close(): void {
    this.#receipts.close();
  }

  async #receipt(place: RecordPlace, timeoutMs: number | null): Promise<ReceiptState> {
    const row = await this.#device.catalog.byName(checkTopicName(place.topic));
    if (row === undefined) return { kind: "unknown" };
    const ref = { topicKey: row.topicKey, partition: toPartition(place.partition) };
    return await this.#receipts.state(ref, place.localSequence, timeoutMs);
  }

  async #deadLetters(limit: number): Promise<DeadLetterBatch[]> {
    const letters = await this.#device.outbox.deadLetters(limit);
    return await Promise.all(
      letters.map(async ({ topicKey, partition, localSequence, count, error, bytes }) => {
        const topic = await this.#names.of(topicKey);
        return { topic, partition, localSequence, count, error, buffer: exactBuffer([bytes]) };
      }),
    );
  }
}
