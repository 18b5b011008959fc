/** Whether a partition object should exist, and what of it is in memory. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { settingsOf, type Env } from "../env.ts";
import { log, thrownFields } from "../log.ts";
import type { PartitionMeter } from "../metrics/partition-meter.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock as clock, systemRandom as random } from "../system-ports.ts";
import type { CountedAlarm } from "./counted-alarm.ts";
import type { LogStore } from "./log-store.ts";
import { openPartition, type OpenPartition } from "./open-partition.ts";
import { newMeta } from "./partition-meta.ts";
import { partitionId } from "./partition-name.ts";
import type { PartitionAddress } from "./partition-port.ts";
import { random32 } from "./partition-reads.ts";

export interface LifeParts {
  readonly state: DurableObjectState;
  /** As the object has it when it is asked. */
  readonly env: () => Env;
  readonly store: LogStore;
  readonly alarm: CountedAlarm;
  readonly meter: PartitionMeter;
}

export class PartitionLife {
  readonly #parts: LifeParts;
  /** Null: not confirmed yet, or storage failed and memory can no longer be trusted. */
  #open: OpenPartition | null = null;
  /** Its topic was deleted while this object was in memory. */
  #ended = false;

  constructor(parts: LifeParts) {
    this.#parts = parts;
  }

  get open(): OpenPartition | null {
    return this.#open;
  }

  isAt(address: PartitionAddress): boolean {
    return partitionId(this.#parts.env().PARTITION, address).equals(this.#parts.state.id);
  }

  /** Awaits only before the step: nothing comes between its checks and its writes. */
  async with<Value>(address: PartitionAddress, step: (open: OpenPartition) => Value): Promise<Outcome<Value>> {
    const opened = this.#open === null ? await this.#tryOpen(address) : null;
    if (opened !== null && !opened.ok) return opened;
    const open = this.#open;
    if (open === null) return { ok: false, error: notHere(address).toBody() };
    this.#parts.meter.touched(address);
    return this.#fromStorage(() => step(open));
  }

  /** Null: it has no tables. */
  openKnown(): OpenPartition | null {
    if (this.#open !== null) return this.#open;
    const { state, env, store, alarm, meter } = this.#parts;
    const meta = store.meta();
    if (meta === null) return null;
    this.#open = openPartition(
      {
        ...{ store, alarm, clock, random },
        sockets: state.getWebSockets(),
        storageBytesMax: settingsOf(env()).storageBytesMax,
        failed: (error) => this.#failed(error),
        tailSent: (bytes) => meter.tailSent(bytes),
      },
      meta,
    );
    this.inBackground(this.#open.maintenance.woke());
    return this.#open;
  }

  /** Of a topic that was deleted: nothing opens it again, nor what is being opened at this moment. */
  end(address: PartitionAddress): void {
    this.#ended = true;
    attempt(() => this.openKnown()?.tails.endAll(notHere(address)));
    this.#close();
  }

  inBackground(work: Promise<void>): void {
    this.#parts.state.waitUntil(work.catch((error: unknown) => this.#failed(error)));
  }

  async #tryOpen(address: PartitionAddress): Promise<Outcome<null>> {
    if (this.#ended || !this.isAt(address)) return { ok: false, error: notHere(address).toBody() };
    const known = this.#fromStorage(() => this.openKnown());
    if (!known.ok) return known;
    if (known.value !== null) return { ok: true, value: null };
    // An object that holds nothing creates nothing until the controller says that it should exist.
    const { env, store } = this.#parts;
    const { CONTROLLER } = env();
    const controller = CONTROLLER.get(CONTROLLER.idFromName(address.namespace));
    const topic = await controller.confirmPartition(address);
    return this.#fromStorage(() => {
      if (topic === null || this.#ended) throw notHere(address);
      // Another call may have opened it while this one asked the controller.
      if (store.meta() === null) store.create(newMeta(topic, { counter: 0, random: random32(random) }));
      this.openKnown();
      return null;
    });
  }

  #close(): void {
    this.#open?.maintenance.stop();
    this.#open = null;
  }

  #fromStorage<Value>(step: () => Value): Outcome<Value> {
    return attempt(() => {
      try {
        return step();
      } catch (thrown) {
        throw thrown instanceof StrandlineError ? thrown : this.#storageFailed(thrown);
      }
    });
  }

  /** Whether the write happened is not known, so memory starts again from what storage holds. */
  #storageFailed(cause: unknown): StrandlineError {
    this.#close();
    this.#failed(cause);
    return new StrandlineError("KAFKA_STORAGE_ERROR", "");
  }

  #failed(error: unknown): void {
    log.error("storage failed", thrownFields(error));
  }
}

function notHere({ topicId, partition }: PartitionAddress): StrandlineError {
  return new StrandlineError("UNKNOWN_TOPIC_ID", `${topicId}, partition ${partition}`, { topicId, partition });
}
