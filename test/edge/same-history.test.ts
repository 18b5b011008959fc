/** R22: one history, with and without evictions between its steps: the same answers, and the same log byte for byte. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import type { ProducerKey } from "../../shared/brands.ts";
import { seeded } from "../harness/seeded.ts";
import { addressOf, dump, sql, within } from "./aged-log.ts";
import { newDevice, type Device, type SealedBatch } from "./device.ts";
import { call, evict, newPlace, stubOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

const CONFIG = { "retention.ms": "600000", "message.timestamp.type": "LogAppendTime" };
const STEPS = 50;

afterEach(() => void vi.restoreAllMocks());

type Step = (place: Place, devices: readonly Device[]) => Promise<unknown>;

/** From the seed alone: the same steps for every player. */
function steps(seed: number): Step[] {
  const random = seeded(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const sent = new Map<Device, SealedBatch[]>();
  return Array.from({ length: STEPS }, (_, index): Step => {
    const what = random();
    const who = below(3);
    const values = Array.from({ length: 1 + below(3) }, (_unused, at) => ({
      key: `k${below(4)}`,
      value: random() < 0.1 ? null : `${index}-${at}`,
    }));
    const back = 1 + below(3);
    const share = random();
    if (what < 0.6)
      return async (_place, devices) => {
        const device = devices[who] as Device;
        const batch = device.batch(...values);
        sent.set(device, [...(sent.get(device) ?? []), batch]);
        return await device.send(batch);
      };
    if (what < 0.75)
      return async (_place, devices) => {
        const device = devices[who] as Device;
        const again = (sent.get(device) ?? []).slice(-back);
        return again.length === 0 ? null : [await device.send(...again), await device.reconcile(again)];
      };
    if (what < 0.85)
      return async (place) => {
        const { highWatermark, logStartOffset } = await fetchOne(place);
        const before = logStartOffset + Math.floor((highWatermark - logStartOffset) * share * 0.5);
        return await stubOf(place).deleteRecords(addressOf(place), before);
      };
    if (what < 0.95)
      return async (place) => {
        if ((await fetchOne(place)).highWatermark === 0) return null;
        // What is under way does not look at the rows that it has passed.
        await within(place, async (object) => await object.alarm());
        await sql(place, "UPDATE runs SET appended_at = appended_at - 300000");
        await runDurableObjectAlarm(stubOf(place));
        return null;
      };
    return async (place) => {
      const answer = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=latest`);
      return ((await answer.json()) as { offset: number }).offset;
    };
  });
}

interface Played {
  readonly answers: readonly string[];
  readonly runs: string;
}

/** What differs between two lives of one history: the topic, and the random half of its epochs. */
function plain(value: unknown): string {
  return JSON.stringify(value, (key, one: unknown) => {
    if (key === "topicId" || key === "random" || key === "producer_id") return 0;
    return one instanceof ArrayBuffer ? Array.from(new Uint8Array(one)) : one;
  });
}

async function played(seed: number, policy: string, evicts: (step: number) => boolean): Promise<Played> {
  const place = await newPlace({ ...CONFIG, "cleanup.policy": policy });
  const keys = ["a", "b", "c"].map((one) => one.repeat(32) as ProducerKey);
  const devices = await Promise.all(keys.map(async (key) => await newDevice(place, key)));
  const answers: string[] = [];
  const now = vi.spyOn(Date, "now");
  // Not in the past, or alarms would fire at once, again and again.
  const begin = Date.UTC(2040, 0, 1);
  for (const [index, step] of steps(seed).entries()) {
    now.mockReturnValue(begin + index * 1_000);
    if (evicts(index)) await evict(place);
    answers.push(plain(await step(place, devices)));
  }
  // What is due is done in both.
  await evict(place);
  await fetchOne({ ...place, offset: 0 });
  await runDurableObjectAlarm(stubOf(place));
  return { answers, runs: plain((await dump(place))["runs"]) };
}

test.each([
  { seed: 1, policy: "delete", share: 1 },
  { seed: 2, policy: "delete", share: 0.3 },
  { seed: 3, policy: "compact,delete", share: 1 },
  { seed: 4, policy: "compact,delete", share: 0.3 },
])("R22 evictions are not seen in the history (seed $seed, $policy, $share of the steps)", async (play) => {
  const { seed, policy, share } = play;
  const calm = await played(seed, policy, () => false);
  const random = seeded(seed + 100);
  const evicted = await played(seed, policy, () => random() < share);
  for (const [index, answer] of calm.answers.entries()) expect(evicted.answers[index], `step ${index}`).toBe(answer);
  // When compaction comes is up to the edge, and so is what it has left at any time.
  if (policy === "delete") expect(evicted.runs === calm.runs).toBe(true);
  expect(calm.answers.some((answer) => answer.includes('"held"'))).toBe(true);
});
