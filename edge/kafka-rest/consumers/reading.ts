/** What a consumer's partitions hold behind its positions, within one answer: in turns, so that none is left behind. */
import type { FetchRequest } from "../../../shared/api/fetch.ts";
import type { RecordJson } from "../../../shared/api/records.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { StrandlineError, type ErrorBody } from "../../../shared/strandline-error.ts";
import type { EdgePorts } from "../../operations/ports.ts";
import { bytesOf, goesOn, readPartitions, type Part } from "../../operations/read-partitions.ts";
import { recordsAsJson } from "../../operations/records.ts";
import type { ConsumerState, HeldPartition } from "../../rest-consumer/consumer-calls.ts";
import { fetchedRecord, type FetchedRecord } from "../fetched.ts";
import { keyOf, PARTITIONS_MAX, withHeld } from "./instance.ts";

export interface Reading {
  readonly records: readonly FetchedRecord[];
  /** With the positions behind them. */
  readonly state: ConsumerState;
  /** Why a partition has nothing to tell; null: it is at its end. */
  readonly error: ErrorBody | null;
  /** Nothing was told, and positions are others than they were. */
  readonly hasMoved: boolean;
  /** There is something, and it is waited for more. */
  readonly isHeldBack: boolean;
  readonly request: FetchRequest;
  readonly parts: readonly Part[];
  /** False: there are more partitions than were looked at. */
  readonly isAll: boolean;
  /** Of `fetch.min.bytes`. */
  readonly missingBytes: number;
}

type Positioned = HeldPartition & { readonly position: number };

interface Room {
  readonly maxBytes: number;
  readonly until: number;
}

export async function readHeld(ports: EdgePorts, state: ConsumerState, { maxBytes, until }: Room): Promise<Reading> {
  const { held, config } = state;
  const able = held.filter((one): one is Positioned => one.position !== null);
  const turned = [...able.slice(state.turn % able.length), ...able.slice(0, state.turn % able.length)];
  const looked = turned.slice(0, PARTITIONS_MAX);
  const request = requestOf(looked, Math.min(maxBytes, LIMITS.fetchBytesMax));
  const parts = looked.length === 0 ? [] : await readPartitions(ports, request, null);
  const missingBytes = Math.min(config.minBytes, request.maxBytes) - bytesOf(parts);
  const base = { request, parts, isAll: looked.length === held.length, missingBytes };
  const isWaited = missingBytes > 0 && ports.clock.now() < until && !parts.some(isUrgent);
  const isHeldBack = isWaited && bytesOf(parts) > 0;
  if (isWaited) return { ...base, records: [], state, error: null, hasMoved: false, isHeldBack };
  const told = new Telling(state, request.maxBytes);
  for (const [index, one] of looked.entries()) {
    const part = parts[index];
    if (part !== undefined) await told.add(one, part);
  }
  // What it did not look at comes first the next time, and what was told of last comes last.
  const isMoved = looked.length < able.length || told.records.length > 0;
  const passed = told.records.length > 0 ? told.partsTold : looked.length;
  const turn = isMoved && able.length > 0 ? (state.turn + passed) % able.length : state.turn;
  const moved = withHeld(state, told.moves);
  const next = turn === state.turn ? moved : { ...moved, turn };
  return { ...base, records: told.records, error: told.error, state: next, hasMoved: moved !== state, isHeldBack };
}

function requestOf(looked: readonly Positioned[], maxBytes: number): FetchRequest {
  const partitions = looked.map(({ topicId, partition, position, leaderEpoch }) => ({
    ...{ topicId, partition, offset: position, leaderEpoch, previousCrc: null, maxBytes },
  }));
  return { sessionId: null, maxWaitMs: 0, minBytes: 1, maxBytes, partitions };
}

function isUrgent(part: Part): boolean {
  return part.answer.error !== null || goesOn(part, null);
}

/** Records of partition after partition, as long as there is room; the first always. */
class Telling {
  readonly records: FetchedRecord[] = [];
  readonly moves = new Map<string, Partial<HeldPartition>>();
  error: ErrorBody | null = null;
  /** Up to the last one of which something was told. */
  partsTold = 0;
  readonly #state: ConsumerState;
  readonly #bytesMax: number;
  #bytes = 0;
  #seen = 0;

  constructor(state: ConsumerState, bytesMax: number) {
    this.#state = state;
    this.#bytesMax = bytesMax;
  }

  async add(one: Positioned, part: Part): Promise<void> {
    this.#seen += 1;
    if (this.#isFull) return;
    const { position } = one;
    if (part.answer.error !== null) {
      this.#refused(one, part.answer.error, part);
      return;
    }
    try {
      const { runs, nextOffset, answer } = part;
      const run = { offset: position, bytes: joined(runs), nextOffset, ...answer };
      const { records, nextOffset: behind } = await recordsAsJson(run);
      this.#move(one, part, this.#told(one, records) ?? behind);
    } catch (thrown) {
      if (!(thrown instanceof StrandlineError)) throw thrown;
      this.error ??= thrown.toBody();
    }
  }

  get #isFull(): boolean {
    return this.records.length > 0 && this.#bytes >= this.#bytesMax;
  }

  /** The first offset that was not told; null: all were. */
  #told({ topic, partition }: Positioned, records: readonly RecordJson[]): number | null {
    const { format } = this.#state.config;
    for (const record of records) {
      if (this.#isFull) return record.offset;
      try {
        this.records.push(fetchedRecord({ topic, partition }, record, format));
      } catch (thrown) {
        if (!(thrown instanceof StrandlineError)) throw thrown;
        this.error ??= thrown.toBody();
        return record.offset;
      }
      this.#bytes += sizeOf(record);
      this.partsTold = this.#seen;
    }
    return null;
  }

  #move(one: Positioned, { answer }: Part, position: number): void {
    if (position !== one.position) this.moves.set(keyOf(one), { position, leaderEpoch: answer.leaderEpoch });
  }

  /** A position that the log has left is set again, as it was asked for; a member's topic that is gone is no longer its own. */
  #refused(one: Positioned, error: ErrorBody, { answer }: Part): void {
    const { config, subscription } = this.#state;
    const { divergence } = error;
    const isLost = error.code === "OFFSET_OUT_OF_RANGE" || error.code === "TRUNCATED";
    if (isLost && config.offsetReset !== "none") {
      const bound = config.offsetReset === "earliest" ? answer.logStartOffset : answer.highWatermark;
      const position = typeof divergence === "number" ? divergence : bound;
      this.moves.set(keyOf(one), { position, leaderEpoch: null });
      return;
    }
    if (error.code === "UNKNOWN_TOPIC_ID" && subscription !== null) return;
    this.error ??= error;
  }
}

function joined(runs: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(runs.reduce((sum, run) => sum + run.length, 0));
  let at = 0;
  for (const run of runs) {
    bytes.set(run, at);
    at += run.length;
  }
  return bytes;
}

/** Of key and value, about. */
function sizeOf({ key, value, keyBase64, valueBase64 }: RecordJson): number {
  return [key, value, keyBase64, valueBase64].reduce((sum, text) => sum + (text?.length ?? 0), 0);
}
