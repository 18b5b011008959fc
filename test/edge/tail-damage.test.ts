/** Batches that were damaged at rest, anywhere in a log: a reader gets all others once, and is told of each of them. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import { seeded } from "../harness/seeded.ts";
import { newDevice, type SealedBatch } from "./device.ts";
import { call, evict, newPlace, stubOf, type Place } from "./edge.ts";
import { TailClient } from "./tail-client.ts";

interface Damaged {
  readonly place: Place;
  /** `offset:value` of what is sound. */
  readonly sound: readonly string[];
  /** Offsets that are not. */
  readonly lost: readonly number[];
}

/** Runs of one to four batches of one to three records, a third of the batches with a bit flipped. */
async function damagedLog(below: (limit: number) => number): Promise<Damaged> {
  const place = await newPlace();
  const device = await newDevice(place);
  const sound: string[] = [];
  const lost: number[] = [];
  let offset = 0;
  for (let run = 0; run < 8; run += 1) {
    const flips: number[] = [];
    const batches: SealedBatch[] = [];
    let at = 0;
    const baseOffset = offset;
    for (let index = 0; index < 1 + below(4); index += 1) {
      const batch = device.batch(...Array.from({ length: 1 + below(3) }, (_, n) => `v${offset + n}`));
      const flipped = below(3) === 0;
      const offsets = Array.from({ length: batch.count }, (_, n) => offset + n);
      if (flipped) lost.push(...offsets);
      else sound.push(...offsets.map((one) => `${one}:v${one}`));
      if (flipped) flips.push(at + batch.bytes.length - 2);
      offset += batch.count;
      at += batch.bytes.length;
      batches.push(batch);
    }
    await device.send(...batches);
    await runInDurableObject(stubOf(place), (_, { storage: { sql } }) => {
      const row = sql.exec("SELECT bytes FROM runs WHERE base_offset = ?", baseOffset).one();
      const bytes = new Uint8Array((row["bytes"] as ArrayBuffer).slice(0));
      for (const flip of flips) bytes[flip] = (bytes[flip] ?? 0) ^ 4;
      sql.exec("UPDATE runs SET bytes = ? WHERE base_offset = ?", bytes, baseOffset);
    });
  }
  await evict(place);
  return { place, sound, lost };
}

function rangeOf({ offset, nextOffset }: ErrorBody): number[] {
  return Array.from({ length: Number(nextOffset) - Number(offset) }, (_, index) => Number(offset) + index);
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])("seed %i:", (seed) => {
  test.each([1, 200, 1_048_576])("a tail with a window of %i", async (windowBytes) => {
    const random = seeded(seed);
    const { place, sound, lost } = await damagedLog((limit) => Math.floor(random() * limit));
    const end = sound.length + lost.length;
    const tail = await TailClient.open();
    const told: number[] = [];
    const values: string[] = [];
    for (let id = 0, offset = 0; offset < end; id += 1) {
      tail.subscribe(place, { id, offset, windowBytes });
      const records = (): ReturnType<TailClient["frames"]>[number][] =>
        tail.came.filter((one) => one.type === "records" && one.id === id);
      const over = (): ErrorBody | null =>
        tail.came.flatMap((one) => (one.type === "error" && one.id === id ? [one.error] : []))[0] ?? null;
      await tail.until(
        () => over() !== null || records().some((one) => one.type === "records" && one.nextOffset === end),
      );
      values.push(...tail.values(id));
      const error = over();
      if (error === null) break;
      expect(error.code).toBe("CORRUPT_MESSAGE");
      told.push(...rangeOf(error));
      offset = Number(error["nextOffset"]);
    }
    expect([values, told]).toEqual([sound, lost]);
    tail.close();
  });

  test("page by page", async () => {
    const random = seeded(seed);
    const { place, sound, lost } = await damagedLog((limit) => Math.floor(random() * limit));
    const told: number[] = [];
    const values: string[] = [];
    for (let offset = 0; offset < sound.length + lost.length;) {
      const query = `offset=${offset}&maxBytes=${1 + Math.floor(random() * 600)}`;
      const response = await call(`/v1/topics/${place.name}/partitions/0/records?${query}`);
      const answer: Partial<RecordsAnswer> & { readonly error?: ErrorBody } = await response.json();
      if (answer.error === undefined) {
        values.push(...(answer.records ?? []).map((one) => `${one.offset}:${one.value}`));
        offset = answer.nextOffset ?? offset;
      } else {
        expect(answer.error.code).toBe("CORRUPT_MESSAGE");
        told.push(...rangeOf(answer.error));
        offset = Number(answer.error["nextOffset"]);
      }
    }
    expect([values, told]).toEqual([sound, lost]);
  });
});
