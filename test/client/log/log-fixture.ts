/**
 * A small language for tests of the device's log. A batch is its records, `a k=b`: a value, or a key and a value. A
 * place is `orders-0`, or `orders` where the partition is not known.
 */
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { AppendedBatch, BatchAppend, OutboxStep, PartitionRef } from "../../../client/log/device-log.ts";
import { openDevice, type DeviceLog } from "../../../client/log/open-device.ts";
import type { ProducerIdentity } from "../../../client/log/rows.ts";
import type { Store } from "../../../client/log/store.ts";
import { systemClock } from "../../../client/web-ports.ts";
import {
  NO_CHAIN,
  UNASSIGNED,
  type Chain,
  type LocalSequence,
  type Offset,
  type Partition,
  type ProducerId,
  type ProducerKey,
  type TopicId,
} from "../../../shared/brands.ts";
import type { Random } from "../../../shared/random.ts";
import { readBatch } from "../../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { recordsOf } from "../../../client/log/batch-codec.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";

export const TOPIC_ID = "11111111-2222-4333-8444-555555555555" as TopicId;
export const OTHER_TOPIC_ID = "99999999-2222-4333-8444-555555555555" as TopicId;
export const ROOT: ProducerIdentity = {
  producerKey: "00112233445566778899aabbccddeeff" as ProducerKey,
  producerId: "4102030405060708" as ProducerId,
  sequenceBase: 0 as LocalSequence,
};

const text = new TextDecoder();

export function batchOf(records: string): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  for (const word of records.split(" ")) {
    const [first = "", second] = word.split("=");
    encoder.append({ key: second === undefined ? null : first, value: second ?? first, timestamp: 1_000 });
  }
  return encoder.finish({ crc: false });
}

/** The values of whole batches, one after the other. */
export function valuesOf(bytes: Uint8Array): string {
  const values: string[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const reading = readBatch(bytes, at);
    if (!reading.ok) throw new Error(`damaged at ${at}: ${reading.damage.reason}`);
    for (const record of recordsOf(bytes.subarray(at, reading.batch.end)))
      values.push(text.decode(record.value ?? new Uint8Array()));
    at = reading.batch.end;
  }
  return values.join(" ");
}

/** One tab over a store; several tabs may share one. */
export class Tab {
  readonly log: DeviceLog;
  readonly store: Store;

  private constructor(log: DeviceLog, store: Store) {
    this.log = log;
    this.store = store;
  }

  static async open(
    store: Store = new MemoryStore(),
    options: { readonly localPartitionCount?: number } = {},
  ): Promise<Tab> {
    const local = options.localPartitionCount === undefined ? null : { partitionCount: options.localPartitionCount };
    return new Tab(
      await openDevice({ store, clock: systemClock, random: countedRandom(), namespace: "n", principal: "p", local }),
      store,
    );
  }

  /** To this one the edge has told `orders` and `audit`. */
  static async known(store?: Store): Promise<Tab> {
    const tab = await Tab.open(store);
    await tab.learn("orders", 6);
    await tab.learn("audit", 6, OTHER_TOPIC_ID);
    return tab;
  }

  /** `append("orders-0: a b", "audit: c")` is one call; the answer in words is `orders-0~0 audit--1~0`. */
  async append(...batches: string[]): Promise<string> {
    return (await this.appended(...batches)).map((one) => inWords(one)).join(" ");
  }

  appended(...batches: string[]): Promise<AppendedBatch[]> {
    return this.log.localLog.append(batches.map(appendOf));
  }

  /** What the edge says of a topic. */
  async learn(name: string, partitionCount: number, topicId: TopicId = TOPIC_ID): Promise<void> {
    await this.log.catalog.learn([{ name, error: null, topicId, partitionCount, config: {} }]);
  }

  async ref(place: string): Promise<PartitionRef> {
    const { topic, partition } = placeOf(place);
    const row = await this.log.catalog.byName(topic);
    if (row === undefined) throw new Error(`no topic ${topic}`);
    return { topicKey: row.topicKey, partition };
  }

  /** `0: a b | 2: c`: two batches wait, with their local sequences. */
  async pending(place: string): Promise<string> {
    const found = await this.log.outbox.read(await this.ref(place), 0 as LocalSequence, {
      bytesMax: 1e9,
      countMax: 1e6,
    });
    return found.map(({ localSequence, bytes }) => `${localSequence}: ${valuesOf(bytes)}`).join(" | ");
  }

  /** The first `count` records are committed at `offset`. */
  async commit(place: string, count: number, offset: number | null, more: Partial<OutboxStep> = {}): Promise<boolean> {
    const ref = await this.ref(place);
    const row = await this.log.outbox.open(ref, ROOT);
    const settled = [];
    let left = count;
    for (const batch of await this.log.outbox.read(ref, row.ackedLocalSequence, { bytesMax: 1e9, countMax: 1e6 })) {
      if (left <= 0) break;
      const baseOffset = offset === null ? null : ((offset + count - left) as Offset);
      settled.push({
        localSequence: batch.localSequence,
        count: batch.count,
        bytes: batch.bytes.byteLength,
        outcome: { kind: "committed", baseOffset } as const,
      });
      left -= batch.count;
    }
    const expected = { producerKey: row.identity?.producerKey ?? "", ackedLocalSequence: row.ackedLocalSequence };
    const step: OutboxStep = { expected, settled, chain: 7 as Chain, successor: null, leaderEpoch: null, ...more };
    return (await this.log.outbox.settle(ref, step)) !== null;
  }

  async refuseFirst(place: string): Promise<void> {
    const ref = await this.ref(place);
    const row = await this.log.outbox.open(ref, ROOT);
    const [batch] = await this.log.outbox.read(ref, row.ackedLocalSequence, { bytesMax: 1, countMax: 1 });
    if (batch === undefined) throw new Error("nothing waits");
    const error = new StrandlineError("INVALID_RECORD", "refused by the test").toBody();
    const settled = [
      {
        localSequence: batch.localSequence,
        count: batch.count,
        bytes: batch.bytes.byteLength,
        outcome: { kind: "dead", error } as const,
      },
    ];
    const expected = { producerKey: row.identity?.producerKey ?? "", ackedLocalSequence: row.ackedLocalSequence };
    await this.log.outbox.settle(ref, { expected, settled, chain: NO_CHAIN, successor: null, leaderEpoch: null });
  }

  /** `pending orders-1~4`, `committed orders-1~4 @17`, `dead orders-0~0 INVALID_RECORD`, `unknown`. */
  async find(place: string, localSequence: number): Promise<string> {
    const found = await this.log.outbox.find(await this.ref(place), localSequence as LocalSequence);
    if (found.kind === "unknown") return "unknown";
    const where = `${found.kind} ${placeOf(place).topic}-${found.ref.partition}~${found.localSequence}`;
    if (found.kind === "dead") return `${where} ${found.error.code}`;
    return found.kind === "committed" ? `${where} @${found.offset}` : where;
  }
}

export function appendOf(batch: string): BatchAppend {
  const [place = "", records = ""] = batch.split(": ");
  return { ...placeOf(place), batch: batchOf(records) };
}

export function inWords({ topic, partition, localSequence, baseOffset }: AppendedBatch): string {
  return `${topic}-${partition}~${localSequence}${baseOffset === null ? "" : `@${baseOffset}`}`;
}

export function placeOf(place: string): { topic: string; partition: Partition } {
  const [topic = "", partition] = place.split("-");
  return { topic, partition: partition === undefined ? UNASSIGNED : (Number(partition) as Partition) };
}

/** The same bytes and numbers in every run, other ones in every tab. */
let tabs = 0;
function countedRandom(): Random {
  tabs += 1;
  let next = tabs;
  return {
    next: () => (next = (next * 48_271) % 2_147_483_647) / 2_147_483_647,
    bytes: (length) => new Uint8Array(length).map((_, index) => (tabs * 17 + index) & 0xff),
  };
}
