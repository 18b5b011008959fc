/** A topic of so many partitions that one call of the controller may not tell them all. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { PartitionObject } from "../../edge/worker.ts";
import { alarmIsSet, controller, evictController, pending, runAlarms, wake } from "./controller.ts";
import { call, newPlace, type Place } from "./edge.ts";

async function grow({ name }: Place, partitionCount: number): Promise<Response> {
  return await call(`/v1/topics/${name}/partitions`, { json: { partitionCount } });
}

/** Born by the ledger alone: what counts is who is told. */
async function thousandBorn(): Promise<Place> {
  const place = await newPlace({}, 1_000);
  await wake(place, 0);
  await runInDurableObject(controller(), (_, { storage: { sql } }: DurableObjectState) => {
    sql.exec(
      `WITH RECURSIVE n (partition) AS (SELECT 1 UNION ALL SELECT partition + 1 FROM n WHERE partition < 949)
       INSERT INTO births (topic_id, partition, told) SELECT ?, partition, 1 FROM n`,
      place.topicId,
    );
    sql.exec("UPDATE topics SET partition_count = 950 WHERE topic_id = ?", place.topicId);
  });
  return place;
}

test("a growth of more partitions than one call may tell is accepted, goes on by the alarm, and a repeat hastens it", async () => {
  for (const repeated of [false, true]) {
    const place = await thousandBorn();
    const adopt = vi.spyOn(PartitionObject.prototype, "adopt");
    adopt.mockImplementation(() => Promise.resolve({ ok: true, value: {} as never }));
    const first = await grow(place, 1_000);
    expect(first.status).toBe(202);
    const waitsFor = Array.from({ length: 50 }, (_, index) => 900 + index);
    expect(await first.json()).toMatchObject({ partitionCount: 950, growingTo: 1_000, waitsFor });
    expect(await alarmIsSet()).toBe(true);
    if (repeated) {
      const second = await grow(place, 1_000);
      expect(second.status).toBe(200);
      expect(await second.json()).toMatchObject({ partitionCount: 1_000, growingTo: null, waitsFor: [] });
    } else {
      await evictController();
      expect(await runAlarms()).toBe(1);
    }
    expect(adopt).toHaveBeenCalledTimes(950);
    expect(await (await call(`/v1/topics/${place.name}`)).json()).toMatchObject({ partitionCount: 1_000 });
    expect(await pending()).toEqual({ unsettled: 0, freeing: 0 });
    expect((await grow(place, 1_000)).status).toBe(200);
    expect(adopt).toHaveBeenCalledTimes(950);
    adopt.mockRestore();
  }
});
