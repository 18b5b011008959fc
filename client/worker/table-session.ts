/**
 * One table that a page has open: the kept rows first, in chunks, then the log from where they end. It reads for itself;
 * nobody waits for the tab that keeps the rows.
 */
import type { Offset, Partition } from "../../shared/brands.ts";
import { lacks } from "../log/advance-table.ts";
import { heldFromOf } from "../log/held-rows.ts";
import type { Clock } from "../../shared/clock.ts";
import type { PolledRun } from "../calls/consumer-calls.ts";
import type { KeptRecords, TableNews } from "../calls/table-calls.ts";
import { exactBuffer } from "../consumer/exact-buffer.ts";
import type { DeviceNews } from "../device-news.ts";
import type { Outbox, PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { TableSegmentRow, TopicRow } from "../log/rows.ts";
import type { StoredTables } from "../log/table-store.ts";
import { Wake } from "../wake.ts";
import { PendingFeed } from "./pending-feed.ts";

const BYTES_PER_POLL = 512 * 1024;

export interface TableDeps {
  readonly tables: StoredTables;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly catalog: TopicCatalog;
  readonly news: DeviceNews;
  readonly clock: Clock;
}

const NOTHING: TableNews = { reset: null, kept: [], runs: [], pending: [], released: [], caughtUp: true, lacks: false };

interface Reading {
  readonly topic: TopicRow;
  readonly restarts: number;
  /** By partition. */
  readonly positions: Offset[];
  /** Null: all that is kept was handed out. */
  scan: { readonly after: number | null; readonly rewrites: number } | null;
  readonly pending: PendingFeed | null;
  /** The page was told that it has all. */
  told: boolean;
  /** Partitions of which the device had dropped what the table needs. */
  readonly lacking: Set<number>;
  toldLacks: boolean;
}

export class TableSession {
  readonly #deps: TableDeps;
  readonly #topic: string;
  readonly #withPending: boolean;
  readonly #wake: Wake;
  readonly #stopListening: () => void;
  #reading: Reading | null = null;
  #closed = false;

  constructor(deps: TableDeps, topic: string, options: { readonly pending: boolean }) {
    this.#deps = deps;
    this.#topic = topic;
    this.#withPending = options.pending;
    this.#wake = new Wake(deps.clock);
    this.#stopListening = deps.news.listen(({ type }) => {
      if (type === "appended" || type === "replicated" || type === "settled" || type === "learned") this.#wake.ring();
    });
  }

  async poll(waitMs: number): Promise<TableNews> {
    const until = this.#deps.clock.now() + waitMs;
    while (!this.#closed) {
      const news = await this.#look();
      if (news !== null) return news;
      const left = until - this.#deps.clock.now();
      // The clock may have jumped back.
      if (left <= 0 || left > waitMs) break;
      await this.#wake.wait(left);
    }
    return { ...NOTHING, lacks: this.#reading?.toldLacks ?? false };
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#wake.ring();
  }

  /** Null: no news. */
  async #look(): Promise<TableNews | null> {
    const { catalog, tables } = this.#deps;
    const topic = await catalog.byName(this.#topic);
    if (topic === undefined) return null;
    const restarts = await this.#restarts(topic);
    let reset: string | null = null;
    if (this.#reading?.topic.topicKey !== topic.topicKey || this.#reading.restarts !== restarts) {
      const pending = this.#withPending && !topic.local ? new PendingFeed(this.#deps, topic.topicKey) : null;
      const { positions, rewrites } = await tables.position(topic.topicKey);
      const scan = { after: null, rewrites };
      this.#reading = {
        topic,
        restarts,
        positions: [...positions],
        scan,
        pending,
        told: false,
        lacking: new Set(),
        toldLacks: false,
      };
      reset = `${topic.topicKey}/${restarts}`;
    }
    const reading = this.#reading;
    if (await this.#isFilled(reading)) {
      this.#reading = null;
      return await this.#look();
    }
    if (reading.scan !== null) {
      const { segments, last, rewrites } = await tables.read(topic.topicKey, reading.scan.after);
      if (rewrites !== reading.scan.rewrites) {
        this.#reading = null;
        return await this.#look();
      }
      reading.scan = last === null ? null : { after: last, rewrites };
      if (segments.length > 0) return { ...NOTHING, reset, kept: segments.map(crossing), caughtUp: false };
    }
    return await this.#live(reading, topic, reset);
  }

  /** Of all partitions, not the table's own count: who keeps that writes for long. */
  async #restarts({ topicKey, partitionCount }: TopicRow): Promise<number> {
    const refs = Array.from(
      { length: partitionCount ?? 0 },
      (_, partition) => ({ topicKey, partition }) as PartitionRef,
    );
    return (await this.#deps.replica.rows(refs)).reduce((sum, row) => sum + (row?.restarts ?? 0), 0);
  }

  async #keptTo({ topicKey }: TopicRow, partition: number): Promise<number> {
    return (await this.#deps.tables.position(topicKey)).positions[partition] ?? 0;
  }

  /** Something was lacking, and by now the table is kept beyond it. */
  async #isFilled({ topic, lacking }: Reading): Promise<boolean> {
    if (lacking.size === 0) return false;
    const { topicKey } = topic;
    const refs = [...lacking].map((partition) => ({ topicKey, partition }) as PartitionRef);
    const [rows, { positions }] = await Promise.all([
      this.#deps.replica.rows(refs),
      this.#deps.tables.position(topicKey),
    ]);
    return !rows.some((row, index) => {
      if (row === undefined) return true;
      const { logStartOffset } = row;
      return lacks({ heldFrom: heldFromOf(row), logStartOffset }, positions[refs[index]?.partition ?? 0] ?? 0);
    });
  }

  async #live(reading: Reading, topic: TopicRow, reset: string | null): Promise<TableNews | null> {
    const read = await this.#read(reading, topic);
    if (read === "anew") {
      this.#reading = null;
      return await this.#look();
    }
    const { runs, complete } = read;
    const fed = await reading.pending?.look(topic.partitionCount ?? 0, reading.positions);
    const { pending, released } = fed ?? NOTHING;
    const caughtUp = complete && fed?.complete !== false;
    const any = runs.length > 0 || pending.length > 0 || released.length > 0;
    const isLacking = reading.lacking.size > 0;
    const same = reading.told || !caughtUp;
    if (reset === null && !any && same && isLacking === reading.toldLacks) return null;
    reading.told ||= caughtUp;
    reading.toldLacks = isLacking;
    return { reset, kept: [], runs, pending, released, caughtUp, lacks: isLacking };
  }

  /** `anew`: what comes next was dropped from the log, since by now it is kept. */
  async #read(reading: Reading, topic: TopicRow): Promise<{ runs: PolledRun[]; complete: boolean } | "anew"> {
    const runs: PolledRun[] = [];
    let bytes = 0;
    let complete = true;
    for (let index = 0; index < (topic.partitionCount ?? 0); index += 1) {
      const from = reading.positions[index] ?? (0 as Offset);
      if (bytes >= BYTES_PER_POLL) {
        complete = false;
        break;
      }
      const ref = { topicKey: topic.topicKey, partition: index as Partition };
      const read = await this.#deps.replica.read(ref, from, BYTES_PER_POLL - bytes);
      const to = Math.max(read.nextOffset, Math.min(read.heldFrom, read.replicatedTo)) as Offset;
      const kept = read.heldFrom > from ? await this.#keptTo(topic, index) : from;
      if (lacks(read, kept)) reading.lacking.add(index);
      else if (kept > from) return "anew";
      reading.positions[index] = to;
      if (to < read.replicatedTo) complete = false;
      if (read.runs.length === 0) continue;
      const buffer = exactBuffer(read.runs);
      bytes += buffer.byteLength;
      const { highWatermark } = read;
      runs.push({ topic: topic.name, partition: index, buffer, from, to, highWatermark, pending: false, own: null });
    }
    return { runs, complete };
  }
}

function crossing({ bytes, partitions, offsets }: TableSegmentRow): KeptRecords {
  return { buffer: exactBuffer([bytes]), partitions, offsets };
}
