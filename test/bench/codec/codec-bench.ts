/** The codec alone: batches of 1,000 records of 100 bytes, key and value together, with their CRC. Runs anywhere. */
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { readBatch } from "../../../shared/record-batch-decode.ts";
import { RecordCursor } from "../../../shared/record-cursor.ts";
import { crc32c } from "../../../shared/crc32c.ts";
import type { RecordInput } from "../../../shared/record.ts";
import { bytesOf } from "../../../shared/utf8.ts";
import { median } from "../local/median.ts";

const RECORDS = 1_000;
const KEY_CHARS = 10;
const VALUE_CHARS = 90;
const BATCHES_PER_ROUND = 100;
const ROUNDS = 7;
const TIME = 1_800_000_000_000;

/** Records a second; MB a second for the CRC alone. Medians of the rounds. */
export interface CodecFigures {
  readonly encodeTexts: number;
  readonly encodeBytes: number;
  readonly decode: number;
  readonly crc: number;
}

export function benchCodec(): CodecFigures {
  const texts = Array.from({ length: RECORDS }, (_, index) => textRecord(index));
  const bytes = texts.map(({ key, value, timestamp }) => ({ key: bytesOf(key), value: bytesOf(value), timestamp }));
  const encoder = new RecordBatchEncoder();
  const batch = encoded(encoder, bytes);
  const seconds = { texts: [] as number[], bytes: [] as number[], decode: [] as number[], crc: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    seconds.texts.push(timed(() => encoded(encoder, texts).length));
    seconds.bytes.push(timed(() => encoded(encoder, bytes).length));
    seconds.decode.push(timed(() => walked(batch)));
    seconds.crc.push(timed(() => crc32c(batch)));
  }
  // The first round warms the code up and is not counted.
  const perSecond = (all: readonly number[], each: number): number => (BATCHES_PER_ROUND * each) / median(all.slice(1));
  return {
    encodeTexts: perSecond(seconds.texts, RECORDS),
    encodeBytes: perSecond(seconds.bytes, RECORDS),
    decode: perSecond(seconds.decode, RECORDS),
    crc: perSecond(seconds.crc, batch.length / 1e6),
  };
}

function textRecord(index: number): { key: string; value: string; timestamp: number } {
  const key = `key-${index}`.padEnd(KEY_CHARS, "-");
  let value = "";
  for (let at = 0; at < VALUE_CHARS; at += 1) value += String.fromCharCode(97 + ((at * 7 + index) % 26));
  return { key, value, timestamp: TIME + index };
}

function encoded(encoder: RecordBatchEncoder, records: readonly RecordInput[]): Uint8Array<ArrayBuffer> {
  encoder.reset();
  for (const record of records) encoder.append(record);
  return encoder.finish();
}

/** Key and value of each record as views, as a consumer has them. */
function walked(bytes: Uint8Array): number {
  const reading = readBatch(bytes, 0);
  if (!reading.ok) throw new Error(reading.damage.reason);
  const cursor = new RecordCursor(reading.batch);
  let seen = 0;
  while (cursor.next()) {
    const key = cursor.view(cursor.keyStart, cursor.keyEnd);
    const value = cursor.view(cursor.valueStart, cursor.valueEnd);
    seen += (key?.length ?? 0) + (value?.length ?? 0);
  }
  if (seen !== RECORDS * (KEY_CHARS + VALUE_CHARS)) throw new Error(`${seen} bytes of keys and values`);
  return seen;
}

let sink = 0;

function timed(body: () => number): number {
  const began = performance.now();
  for (let index = 0; index < BATCHES_PER_ROUND; index += 1) sink += body();
  return (performance.now() - began) / 1000;
}
