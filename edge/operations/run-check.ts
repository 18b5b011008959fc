/**
 * A run as it came, checked as far as its own bytes allow: whole batches of one producer in one line, true CRCs, and
 * headers that do not lie about the records. Done in the Worker, of which there are many; the partition is one.
 */
import type { Chain, Crc } from "../../shared/brands.ts";
import { tryOpenBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import { codecOf, hasLogAppendTime, isControl, isTransactional } from "../../shared/record-batch.ts";
import {
  checkProducedBatch,
  checkRecords,
  readBatch,
  records,
  type BatchDamage,
  type RecordBatch,
} from "../../shared/record-batch-decode.ts";
import { isDeviceProducer } from "../../shared/producer-identity.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { InflationRoom, RunInflation } from "./inflation.ts";
import type { CheckedBatch, RunProducer } from "../partition/partition-port.ts";

const NO_PRODUCER = "ffffffffffffffff";
const SEQUENCE_MAX = 0x7fff_ffff;

export interface CheckedRun {
  readonly batches: readonly CheckedBatch[];
  readonly producer: RunProducer;
}

export interface RunLimits {
  /** `max.message.bytes` of the topic: of one batch, as Kafka counts it. */
  readonly batchBytesMax: number;
  /** Of a compacted topic, where a record without a key could never be told from another (Kafka refuses it too). */
  readonly keysRequired?: boolean;
}

/** Throws a refusal that names the position, and the sequence of the batch where it has one. */
export async function checkRun(run: Uint8Array, chainBefore: Chain, limits: RunLimits): Promise<CheckedRun> {
  if (run.length > LIMITS.runBytesMax)
    throw new StrandlineError("RECORD_LIST_TOO_LARGE", `${run.length} bytes, of at most ${LIMITS.runBytesMax}`, {
      bytes: run.length,
      limit: LIMITS.runBytesMax,
    });
  const batches = readAll(run);
  const [first] = batches;
  if (first === undefined) throw new StrandlineError("INVALID_REQUEST", "a run without batches");
  const producer = producerOf(first, chainBefore);
  checkLine(batches, producer);
  const inflation = new RunInflation(run.length);
  for (const batch of batches) await checkBatch(batch, producer, { ...limits, inflation });
  return { batches: batches.map(describe), producer };
}

/** The producer a damaged or refused run claims to be of: its position is told with the refusal. */
export function claimedProducer(run: Uint8Array): RecordBatch | null {
  const reading = readBatch(run, 0, { crc: false });
  return reading.ok ? reading.batch : null;
}

function readAll(run: Uint8Array): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let at = 0; at < run.length;) {
    const reading = readBatch(run, at);
    if (!reading.ok)
      throw refusal(reading.damage, sequenceAfter(batches.at(-1)) ?? claimedProducer(run.subarray(at))?.baseSequence);
    batches.push(reading.batch);
    at = reading.batch.end;
  }
  return batches;
}

/** Of the batch behind a good one: what a damaged header says of itself is not believed. */
function sequenceAfter(batch: RecordBatch | undefined): number | undefined {
  return batch === undefined || batch.baseSequence < 0 ? undefined : batch.baseSequence + batch.count;
}

function producerOf(batch: RecordBatch, chainBefore: Chain): RunProducer {
  const { producerId: id, producerEpoch: epoch, baseSequence: firstSequence } = batch;
  if (id === NO_PRODUCER) return { kind: "none" };
  if (isNegative(id)) throw invalid(batch, `producer id ${id}`);
  if (epoch < 0) throw invalid(batch, `epoch ${epoch} of a producer`);
  if (firstSequence < 0) throw invalid(batch, `base sequence ${firstSequence} of a producer`);
  if (!isDeviceProducer(id)) return { kind: "kafka", id, epoch, firstSequence };
  if (epoch !== 0) throw invalid(batch, `epoch ${epoch} of a device producer`);
  return { kind: "device", id, firstSequence, chainBefore };
}

/** Ids are int64: of the negative ones -1 alone has a meaning. */
function isNegative(id: string): boolean {
  return Number.parseInt(id.slice(0, 1), 16) >= 8;
}

/** One producer, one epoch, each sequence after the last. Kafka's producers send one batch a partition. */
function checkLine(batches: readonly RecordBatch[], producer: RunProducer): void {
  if (producer.kind === "kafka" && batches.length > 1)
    throw new StrandlineError("INVALID_RECORD", `${batches.length} batches of a Kafka producer in one request`);
  const [first] = batches;
  let sequence = first?.baseSequence ?? 0;
  for (const batch of batches) {
    const same = batch.producerId === first?.producerId && batch.producerEpoch === first.producerEpoch;
    if (!same) throw invalid(batch, "batches of two producers in one run");
    if (producer.kind === "none") continue;
    if (batch.baseSequence !== sequence) throw invalid(batch, `sequence ${batch.baseSequence} after ${sequence - 1}`);
    sequence += batch.count;
    if (producer.kind === "device" && sequence > SEQUENCE_MAX) throw invalid(batch, `sequence ${sequence}`);
  }
}

async function checkBatch(
  batch: RecordBatch,
  producer: RunProducer,
  limits: RunLimits & { readonly inflation: RunInflation },
): Promise<void> {
  const bytes = batch.end - batch.start;
  const limit = Math.min(limits.batchBytesMax, LIMITS.batchBytesMax);
  if (bytes > limit) {
    throw new StrandlineError("MESSAGE_TOO_LARGE", `a batch of ${bytes} bytes, of at most ${limit}`, {
      bytes,
      limit,
      ...sequenceOf(batch),
    });
  }
  const lie = checkProducedBatch(batch);
  if (lie !== null) throw refusal(lie, batch.baseSequence);
  if (isControl(batch.attributes) || isTransactional(batch.attributes))
    throw invalid(batch, "a control or transactional batch");
  if (hasLogAppendTime(batch.attributes))
    throw new StrandlineError("INVALID_TIMESTAMP", "the log's own time, which is not a producer's to write", {
      position: batch.start,
      ...sequenceOf(batch),
    });
  const codec = codecOf(batch.attributes);
  const openable = codec === "none" || codec === "gzip";
  // Kafka's producers may compress as they like; nothing here looks into what it cannot open.
  if (!openable && codec !== null && producer.kind === "kafka") return;
  if (codec === "none") {
    checkOpened(batch, batch, limits);
    return;
  }
  const inflatedBytesMax = Math.min(LIMITS.inflatedBytesMax, limits.inflation.left);
  await inflating.within(inflatedBytesMax, async () => {
    const opened = await tryOpenBatch(batch, { inflatedBytesMax });
    if (!opened.ok) throw refusal(tooMuchTogether(opened.damage, batch, inflatedBytesMax), batch.baseSequence);
    limits.inflation.spend(opened.batch.end - opened.batch.start);
    checkOpened(batch, opened.batch, limits);
  });
}

const inflating = new InflationRoom(LIMITS.inflatingBytesMax);

/** A batch that is too much only behind others of its run may come again alone. */
function tooMuchTogether(damage: BatchDamage, { start }: RecordBatch, inflatedBytesMax: number): BatchDamage {
  if (damage.code !== "MESSAGE_TOO_LARGE" || start === 0 || inflatedBytesMax === LIMITS.inflatedBytesMax) return damage;
  const reason = `records that inflate to more than ${LIMITS.inflationRatioMax} times the run`;
  return { ...damage, code: "RECORD_LIST_TOO_LARGE", reason };
}

function checkOpened(batch: RecordBatch, opened: RecordBatch, limits: RunLimits): void {
  const damage = checkRecords(opened, { produced: true });
  if (damage !== null) throw refusal(damage, batch.baseSequence);
  if (limits.keysRequired === true) demandKeys(batch, opened);
}

function demandKeys(batch: RecordBatch, opened: RecordBatch): void {
  for (const { key, offset } of records(opened))
    if (key === null)
      throw invalid(batch, `record ${offset - opened.baseOffset} has no key, and the topic is compacted`);
}

function describe(batch: RecordBatch): CheckedBatch {
  return { start: batch.start, count: batch.count, crc: batch.crc as Crc, maxTimestamp: batch.maxTimestamp };
}

function refusal(damage: BatchDamage, sequence: number | undefined): StrandlineError {
  const named = sequence === undefined || sequence < 0 ? {} : { sequence };
  return new StrandlineError(damage.code, damage.reason, { position: damage.position, ...named });
}

function invalid(batch: RecordBatch, reason: string): StrandlineError {
  return new StrandlineError("INVALID_RECORD", reason, { position: batch.start, ...sequenceOf(batch) });
}

function sequenceOf(batch: RecordBatch): { readonly sequence?: number } {
  return batch.baseSequence < 0 ? {} : { sequence: batch.baseSequence };
}
