/** The controller under test: its crashes, its alarm, and what partitions hold of what it told them. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { PartitionObject, type ControllerObject } from "../../edge/worker.ts";
import type { GrowthBarrier } from "../../edge/partition/partition-port.ts";
import { breakWriteAfter } from "./broken-write.ts";
import { call, stubOf, type Place } from "./edge.ts";

export function controller(): DurableObjectStub<ControllerObject> {
  return env.CONTROLLER.get(env.CONTROLLER.idFromName("default"));
}

/** Takes it out of memory. What it was doing goes on nowhere. */
export async function evictController(): Promise<void> {
  await runInDurableObject(controller(), () => undefined);
  await evictDurableObject(controller());
}

/** Until it sets none any more. Returns how many there were. */
export async function runAlarms(most = 20): Promise<number> {
  for (let count = 0; count < most; count += 1) if (!(await runDurableObjectAlarm(controller()))) return count;
  return most;
}

/** Whether one is set. */
export async function alarmIsSet(): Promise<boolean> {
  return await runInDurableObject(
    controller(),
    async (_, { storage }: DurableObjectState) => (await storage.getAlarm()) !== null,
  );
}

export interface PendingRows {
  readonly unsettled: number;
  readonly freeing: number;
}

export async function pending(): Promise<PendingRows> {
  return await runInDurableObject(controller(), (_, { storage: { sql } }: DurableObjectState) => {
    const count = (table: string): number =>
      Number(sql.exec(`SELECT COUNT(*) AS rows FROM ${table}`).one()["rows"] ?? Number.NaN);
    return { unsettled: count("topics WHERE unsettled = 1"), freeing: count("freeing") };
  });
}

/** One of its writes. Returns whether it has happened. */
export async function breakControllerAfter(calm: number): Promise<() => boolean> {
  let fired = (): boolean => false;
  await runInDurableObject(
    controller(),
    (_, { storage: { sql } }: DurableObjectState) => void (fired = breakWriteAfter(sql, calm)),
  );
  return () => fired();
}

/** The first request of a partition, and with it its birth. */
export async function wake(place: Place, ...partitions: readonly number[]): Promise<void> {
  for (const partition of partitions) {
    const response = await call(`/v1/topics/${place.name}/partitions/${partition}/offsets?at=latest`);
    if (response.status !== 200) throw new Error(await response.text());
    await response.body?.cancel();
  }
}

export async function growthsOf(place: Place, partition: number): Promise<readonly GrowthBarrier[]> {
  const { topicId } = place;
  const outcome = await stubOf({ ...place, partition }).bounds({ namespace: "default", topicId, partition });
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value.growths;
}

/** Names of a partition's own tables. */
export async function tablesOf(place: Place): Promise<string[]> {
  return await runInDurableObject(stubOf(place), (_, { storage: { sql } }: DurableObjectState) =>
    sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("_cf_") && !name.startsWith("sqlite_")),
  );
}

type Adopt = PartitionObject["adopt"];
type Destroy = PartitionObject["destroy"];

export interface BrokenCalls {
  /** Which, in the order in which they are made. */
  readonly calls: ReadonlySet<number> | "all";
  /** The partition does it, and its answer is lost. */
  readonly arrives: boolean;
}

/** Calls of the controller to partitions throw, until the function that is returned is called. */
export function breakCalls({ calls, arrives }: BrokenCalls): () => void {
  const prototype = PartitionObject.prototype;
  const adopt = Reflect.get(prototype, "adopt") as (...values: Parameters<Adopt>) => ReturnType<Adopt>;
  const destroy = Reflect.get(prototype, "destroy") as (...values: Parameters<Destroy>) => ReturnType<Destroy>;
  let made = -1;
  const isBroken = (): boolean => {
    made += 1;
    return calls === "all" || calls.has(made);
  };
  const adopting = vi.spyOn(prototype, "adopt").mockImplementation(async function (this: PartitionObject, ...values) {
    const broken = isBroken();
    const answer = broken && !arrives ? null : await adopt.apply(this, values);
    if (broken || answer === null) throw new Error("the partition is gone");
    return answer;
  });
  const destroying = vi.spyOn(prototype, "destroy").mockImplementation(async function (
    this: PartitionObject,
    ...values
  ) {
    const broken = isBroken();
    if (!broken || arrives) await destroy.apply(this, values);
    if (broken) throw new Error("the partition is gone");
  });
  return () => {
    adopting.mockRestore();
    destroying.mockRestore();
  };
}
