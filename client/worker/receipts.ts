/** Waits for what becomes of single records: a look into the outbox, then news of their partition. */
import { localSequence as toLocalSequence, type LocalSequence } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { DeviceMessage, DeviceNews } from "../device-news.ts";
import type { Outbox, PartitionRef, RecordWhereabouts } from "../log/device-log.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { Wake } from "../wake.ts";
import type { ReceiptState } from "../calls/outbox-calls.ts";

/** News can be lost between tabs: nobody waits longer than this without a look. */
const LOOK_AGAIN_MS = 10_000;

interface Waiting {
  readonly ref: PartitionRef;
  readonly localSequence: LocalSequence;
  readonly wake: Wake;
}

export class ReceiptDesk {
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  readonly #stopListening: () => void;
  #closed = false;

  constructor(deps: { readonly outbox: Outbox; readonly news: DeviceNews; readonly clock: Clock }) {
    this.#outbox = deps.outbox;
    this.#clock = deps.clock;
    this.#stopListening = deps.news.listen((message) => void this.#onNews(message));
  }

  /** `pending` when the time is over. `timeoutMs` null: without end. */
  async state(ref: PartitionRef, localSequence: number, timeoutMs: number | null): Promise<ReceiptState> {
    const until = timeoutMs === null ? Number.POSITIVE_INFINITY : this.#clock.now() + timeoutMs;
    let place: { ref: PartitionRef; localSequence: LocalSequence } = {
      ref,
      localSequence: toLocalSequence(localSequence),
    };
    const wake = new Wake(this.#clock);
    for (;;) {
      // Waiting begins before the look, so that news between the two are not missed.
      const waiting: Waiting = { ...place, wake };
      this.#waiting.add(waiting);
      try {
        const found = await this.#outbox.find(place.ref, place.localSequence);
        if (found.kind !== "pending") return settledState(found);
        place = { ref: found.ref, localSequence: found.localSequence };
        const left = until - this.#clock.now();
        if (this.#closed) throw new StrandlineError("CLOSED", "");
        if (left <= 0) return { kind: "pending", partition: place.ref.partition };
        if (sameRef(waiting.ref, place.ref)) await wake.wait(Math.min(left, LOOK_AGAIN_MS));
      } finally {
        this.#waiting.delete(waiting);
      }
    }
  }

  /** Whether everything below `end` is settled, or moved to its partition, within the time. */
  async passed(ref: PartitionRef, end: number, timeoutMs: number): Promise<boolean> {
    const until = this.#clock.now() + timeoutMs;
    const wake = new Wake(this.#clock);
    const waiting: Waiting = { ref, localSequence: toLocalSequence(end - 1), wake };
    this.#waiting.add(waiting);
    try {
      for (;;) {
        const row = await this.#outbox.row(ref);
        if (row === undefined || row.ackedLocalSequence >= end) return true;
        if (this.#closed) throw new StrandlineError("CLOSED", "");
        const left = until - this.#clock.now();
        if (left <= 0) return false;
        await wake.wait(Math.min(left, LOOK_AGAIN_MS));
      }
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    for (const { wake } of this.#waiting) wake.ring();
  }

  async #onNews(message: DeviceMessage): Promise<void> {
    if (message.type === "learned") {
      for (const { ref, wake } of this.#waiting) if (ref.partition < 0) wake.ring();
    }
    if (message.type !== "settled" || this.#waiting.size === 0) return;
    for (const ref of message.refs) {
      const concerned = [...this.#waiting].filter((each) => sameRef(each.ref, ref));
      if (concerned.length === 0) continue;
      // One look for all who wait: a thousand waiting sends are not a thousand reads for each answer.
      const row = await this.#outbox.row(ref).catch(() => undefined);
      for (const { localSequence, wake } of concerned) {
        if (row === undefined || localSequence < row.ackedLocalSequence) wake.ring();
      }
    }
  }
}

function sameRef(a: PartitionRef, b: PartitionRef): boolean {
  return a.topicKey === b.topicKey && a.partition === b.partition;
}

function settledState(found: Exclude<RecordWhereabouts, { kind: "pending" }>): ReceiptState {
  switch (found.kind) {
    case "committed":
      return { kind: "committed", partition: found.ref.partition, offset: found.offset };
    case "dead":
      return { kind: "dead", partition: found.ref.partition, error: found.error };
    case "unknown":
      return { kind: "unknown" };
  }
}
