/** What was sent from this device: how much waits, where a record stands, when all of it is settled. */
import { partition as toPartition, type Partition, type TopicKey } from "../../shared/brands.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type {
  OutboxCalls,
  OutboxStatus,
  ReceiptState,
  SettleTarget,
  SyncError,
  SyncProgress,
} from "../calls/outbox-calls.ts";
import type { RecordPlace } from "../calls/record-place.ts";
import type { WaitingPartition } from "../log/device-log.ts";
import type { Device } from "./device.ts";
import { LetterDesk } from "./letter-desk.ts";
import { isOf } from "./topic-of-place.ts";
import { ReceiptDesk } from "./receipts.ts";

const DEAD_LETTERS_COUNTED_MAX = 1_000;
const NO_PROGRESS: SyncProgress = {
  pendingRecords: 0,
  inflightRecords: 0,
  syncedRecords: 0,
  pendingBytes: 0,
  syncedBytes: 0,
  recordsPerSecond: 0,
  bytesPerSecond: 0,
};

export class OutboxDesk {
  readonly #device: Device;
  readonly #receipts: ReceiptDesk;
  readonly #letters: LetterDesk;
  /** As the tab that syncs has told. */
  online = false;
  lastError: SyncError | null = null;
  paused: boolean;
  #progress: SyncProgress = NO_PROGRESS;

  constructor(device: Device, { paused }: { readonly paused: boolean }) {
    this.#device = device;
    this.#receipts = new ReceiptDesk(device);
    this.#letters = new LetterDesk(device);
    this.paused = paused;
  }

  get calls(): OutboxCalls {
    return {
      receipt: (place, timeoutMs) => this.#receipt(place, timeoutMs),
      ...this.#letters.calls,
      settled: (targets, timeoutMs) => this.#settled(targets, timeoutMs),
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
    const waiting = await outbox.waiting();
    const deadLetters = (await outbox.deadLetters(DEAD_LETTERS_COUNTED_MAX)).reduce((sum, { count }) => sum + count, 0);
    const here = sync?.status() ?? null;
    const leader = here?.leader ?? false;
    const lastError = here?.leader === true ? here.lastError : this.lastError;
    const pending = {
      pendingRecords: waiting.reduce((sum, { records }) => sum + records, 0),
      pendingBytes: waiting.reduce((sum, { bytes }) => sum + bytes, 0),
    };
    return { ...this.#progress, ...pending, deadLetters, online: this.online, leader, paused: this.paused, lastError };
  }

  /** As the tab that syncs has told. */
  note({ type: _type, ...progress }: SyncProgress & { readonly type: string }): void {
    this.#progress = progress;
  }

  close(): void {
    this.#receipts.close();
  }

  async #receipt(place: RecordPlace, timeoutMs: number | null): Promise<ReceiptState> {
    const name = checkTopicName(place.topic);
    const rows = (await this.#device.catalog.all()).filter((row) => row.name === name && isOf(row, place));
    // More than one only where this was not noted yet when they were made: the newest first.
    for (const { topicKey } of rows.toReversed()) {
      const ref = { topicKey, partition: toPartition(place.partition) };
      const state = await this.#receipts.state(ref, place.localSequence, timeoutMs);
      if (state.kind !== "unknown") return state;
    }
    return { kind: "unknown" };
  }

  async #settled(given: readonly SettleTarget[] | null, timeoutMs: number): Promise<SettleTarget[]> {
    const { outbox, clock } = this.#device;
    const until = clock.now() + timeoutMs;
    let targets = given ?? targetsOf(await outbox.waiting());
    for (;;) {
      const left = await this.#left(targets, until);
      // Records that waited for their partition are waited for where they are now.
      const moved = new Set(
        targets.filter((one) => one.partition < 0 && !left.includes(one)).map((one) => one.topicKey),
      );
      if (moved.size === 0) return left;
      const now = targetsOf(await outbox.waiting()).filter(({ topicKey }) => moved.has(topicKey));
      targets = [...left, ...now.filter((one) => !left.some((other) => sameLine(one, other)))];
    }
  }

  async #left(targets: readonly SettleTarget[], until: number): Promise<SettleTarget[]> {
    const left = await Promise.all(
      targets.map(async (target) => {
        const { topicKey, partition, localSequence } = target;
        const ref = { topicKey: topicKey as TopicKey, partition: partition as Partition };
        const timeoutMs = Math.max(0, until - this.#device.clock.now());
        return (await this.#receipts.passed(ref, localSequence, timeoutMs)) ? [] : [target];
      }),
    );
    return left.flat();
  }
}

function targetsOf(waiting: readonly WaitingPartition[]): SettleTarget[] {
  return waiting.map(({ topicKey, partition, nextLocalSequence }) => ({
    topicKey,
    partition,
    localSequence: nextLocalSequence,
  }));
}

function sameLine(a: SettleTarget, b: SettleTarget): boolean {
  return a.topicKey === b.topicKey && a.partition === b.partition;
}
