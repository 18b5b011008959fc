/**
 * Histories of one partition: devices append, resend and lose answers, readers fetch, tail and page through JSON, the
 * object is evicted between any two steps, records are deleted. What was acknowledged and what was read is written down,
 * and held against what a fresh reader finds at the end.
 */
import { expect, test } from "vitest";
import { seeded } from "../harness/seeded.ts";
import { newDevice, type Device, type SealedBatch } from "./device.ts";
import { call, evict, newPlace, recordsOf, type Place } from "./edge.ts";
import { fetchRecords } from "./fetcher.ts";
import { TailClient } from "./tail-client.ts";

const STEPS = 90;
const DEVICES = 3;
const READERS = 2;
const SEEDS = [1, 2, 3, 4];

interface Acked {
  readonly offset: number;
  readonly value: string;
}

class History {
  readonly place: Place;
  readonly #random: () => number;
  readonly #devices: readonly Device[];
  readonly #lastSent = new Map<Device, readonly [SealedBatch, readonly string[]]>();
  /** Where each reader stands. */
  readonly #positions = Array.from({ length: READERS }, () => 0);
  readonly acked: Acked[] = [];
  /** Every value that anybody was ever given at an offset. */
  readonly seen = new Map<number, Set<string>>();
  readonly fired = { evictions: 0, duplicates: 0, deletions: 0 };
  logStart = 0;
  #values = 0;

  private constructor(place: Place, devices: readonly Device[], random: () => number) {
    this.place = place;
    this.#devices = devices;
    this.#random = random;
  }

  static async begun(seed: number): Promise<History> {
    const place = await newPlace();
    const devices = await Promise.all(Array.from({ length: DEVICES }, async () => await newDevice(place)));
    return new History(place, devices, seeded(seed));
  }

  async step(evicts: boolean): Promise<void> {
    // Drawn in any case, so that the same steps follow.
    const drawn = this.#random() < 0.4;
    if (evicts && drawn) {
      this.fired.evictions += 1;
      await evict(this.place);
    }
    const what = this.#random();
    if (what < 0.45) await this.#append();
    else if (what < 0.55) await this.#resend();
    else if (what < 0.75) await this.#fetch(this.#pick(READERS));
    else if (what < 0.97) await this.#page();
    else await this.#deleteSome();
  }

  saw(offset: number, value: string): void {
    this.seen.set(offset, (this.seen.get(offset) ?? new Set()).add(value));
  }

  async #append(): Promise<void> {
    const device = this.#devices[this.#pick(DEVICES)] as Device;
    const values = Array.from({ length: 1 + this.#pick(3) }, () => `v${(this.#values += 1)}`);
    const batch = device.batch(...values);
    this.#lastSent.set(device, [batch, values]);
    await this.#sent(device, batch, values);
    // R07: what was acknowledged is there for whoever asks from now on.
    const last = this.acked.at(-1);
    if (last !== undefined) expect(await this.#valueAt(last.offset)).toBe(last.value);
  }

  async #resend(): Promise<void> {
    const device = this.#devices[this.#pick(DEVICES)] as Device;
    const [batch, values] = this.#lastSent.get(device) ?? [];
    if (batch === undefined || values === undefined) return;
    this.fired.duplicates += 1;
    await this.#sent(device, batch, values);
  }

  async #sent(device: Device, batch: SealedBatch, values: readonly string[]): Promise<void> {
    const answer = await device.send(batch);
    expect(answer.error).toBeNull();
    for (const [index, value] of answer.baseOffset === null ? [] : values.entries())
      this.acked.push({ offset: (answer.baseOffset ?? 0) + index, value });
  }

  async #fetch(reader: number): Promise<void> {
    const from = Math.max(this.#positions[reader] ?? 0, this.logStart);
    const { records, nextOffset } = await fetchRecords({ ...this.place, offset: from, maxBytes: 200 });
    // R06: neither back, nor over a record that is there.
    expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => from + index));
    expect(nextOffset).toBe(from + records.length);
    for (const { offset, value } of records) this.saw(offset, value);
    this.#positions[reader] = nextOffset;
  }

  async #page(): Promise<void> {
    for (const { offset, value } of await recordsOf(this.place, 300)) this.saw(offset, value ?? "");
  }

  async #deleteSome(): Promise<void> {
    this.fired.deletions += 1;
    const { name, partition } = this.place;
    const before = this.logStart + this.#pick(4);
    const path = `/v1/topics/${name}/partitions/${partition}/records?before=${before}`;
    const answer = await call(path, { method: "DELETE" });
    if (answer.status === 200)
      this.logStart = ((await answer.json()) as { readonly logStartOffset: number }).logStartOffset;
  }

  async #valueAt(offset: number): Promise<string | null | undefined> {
    const { name, partition } = this.place;
    const answer = await call(`/v1/topics/${name}/partitions/${partition}/records?offset=${offset}&maxBytes=1`);
    if (answer.status === 416) return this.acked.at(-1)?.value;
    const { records } = (await answer.json()) as { readonly records: readonly { readonly value: string }[] };
    return records[0]?.value;
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below);
  }
}

async function played(seed: number, evicts: boolean): Promise<readonly string[]> {
  const history = await History.begun(seed);
  const tail = await TailClient.open();
  tail.subscribe(history.place);
  await tail.until(() => tail.came.length === 1);
  for (let step = 0; step < STEPS; step += 1) await history.step(evicts);
  const left = await recordsOf(history.place);
  const last = left.at(-1)?.offset ?? -1;
  await tail.until(() => tail.values().at(-1)?.startsWith(`${last}:`) ?? last < 0);
  for (const text of tail.values()) history.saw(Number(text.split(":")[0]), text.slice(text.indexOf(":") + 1));
  tail.close();
  for (const { offset, value } of history.acked) history.saw(offset, value);
  // R05: an offset has one value, whoever was told it, and when.
  for (const values of history.seen.values()) expect([...values]).toHaveLength(1);
  // R01, R02: what was acknowledged stands there, once.
  const standing = new Map(left.map(({ offset, value }) => [offset, value]));
  for (const { offset, value } of history.acked)
    if (offset >= history.logStart) expect(standing.get(offset)).toBe(value);
  expect(new Set(left.map(({ value }) => value)).size).toBe(left.length);
  // A tail has no gap and no repeat; where records were deleted before it came to them, it ends with an error instead.
  const offsets = tail.values().map((text) => Number(text.split(":")[0]));
  expect(offsets).toEqual(offsets.map((_, index) => index));
  expect(history.fired.evictions > 10).toBe(evicts);
  expect(Math.min(history.fired.duplicates, history.fired.deletions)).toBeGreaterThan(0);
  return left.map(({ offset, value }) => `${offset}:${value}`);
}

test.each(SEEDS)("R05 R06 R07 R22: history %i is the same whether the object is evicted or not", async (seed) => {
  const calm = await played(seed, false);
  expect(calm.length).toBeGreaterThan(0);
  expect(await played(seed, true)).toEqual(calm);
});
