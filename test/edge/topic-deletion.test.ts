/** Deleted topics: the name is free, the storage is gone, and nothing under the old id brings it back. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ControllerObject } from "../../edge/worker.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import { controller, pending, runAlarms, tablesOf, wake } from "./controller.ts";
import { newDevice } from "./device.ts";
import { call, errorOf, evict, newPlace, stubOf, valuesOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

afterEach(() => void vi.restoreAllMocks());

async function remove({ name }: Pick<Place, "name">): Promise<Response> {
  return await call(`/v1/topics/${name}`, { method: "DELETE" });
}

async function madeAgain({ name }: Place): Promise<Place> {
  const response = await call("/v1/topics", { json: { name, partitionCount: 1 } });
  expect(response.status).toBe(201);
  const { topicId }: TopicMetadata = await response.json();
  if (topicId === null) throw new Error("no topic");
  return { name, topicId, partition: 0 };
}

describe("a deletion", () => {
  test("frees the name at once and all storage that was there", async () => {
    const place = await newPlace({}, 3);
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    await wake(place, 2);
    const response = await remove(place);
    expect([response.status, await response.json()]).toEqual([200, { name: place.name, topicId: place.topicId }]);
    for (const partition of [0, 1, 2]) expect(await tablesOf({ ...place, partition })).toEqual([]);
    expect(await pending()).toEqual({ unsettled: 0, freeing: 0 });
    expect(await errorOf(await call(`/v1/topics/${place.name}`))).toMatchObject({ status: 404 });
    expect(await errorOf(await remove(place))).toMatchObject({ status: 404, code: "UNKNOWN_TOPIC_OR_PARTITION" });
    expect(await errorOf(await remove({ name: "nobody" }))).toMatchObject({ status: 404, topic: "nobody" });
  });

  test("R21 a topic made again under the name is another: who writes to the first is told", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("old"));
    const batch = device.batch("late");
    await remove(place);
    const again = await madeAgain(place);
    expect(again.topicId).not.toBe(place.topicId);
    expect(await device.send(batch)).toMatchObject({ error: { code: "UNKNOWN_TOPIC_ID", retriable: true } });
    expect(await fetchOne(place)).toMatchObject({ error: { code: "UNKNOWN_TOPIC_ID" } });
    expect(await device.reconcile([batch])).toMatchObject({ error: { code: "INCONSISTENT_TOPIC_ID" } });
    const other = await newDevice(again);
    expect(await other.send(other.batch("new"))).toMatchObject({ error: null, baseOffset: 0 });
    expect(await valuesOf(again)).toEqual(["new"]);
    expect(await tablesOf(place)).toEqual([]);
  });

  test("the object itself refuses what a Worker still believes, in memory and out of it, and makes no tables", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    const address = { namespace: "default", topicId: place.topicId, partition: 0 };
    // Not over this Worker: its cache knows the topic, as that of any other isolate does for a while.
    expect(await controller().deleteTopic(place.name)).toMatchObject({ ok: true });
    expect(await device.send(device.batch("b"))).toMatchObject({ error: { code: "UNKNOWN_TOPIC_ID" } });
    expect(await errorOf(await call(`/v1/topics/${place.name}/partitions/0/offsets?at=latest`))).toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
    });
    for (let round = 0; round < 2; round += 1) {
      const bounds = await stubOf(place).bounds(address);
      expect(bounds).toMatchObject({ ok: false, error: { code: "UNKNOWN_TOPIC_ID" } });
      const topic = { name: place.name, revision: 9, config: {}, growths: [] };
      expect(await stubOf(place).adopt(address, topic)).toMatchObject({ ok: false });
      expect(await tablesOf(place)).toEqual([]);
      await evict(place);
    }
  });

  test("a confirmation that arrives after the deletion brings nothing back", async () => {
    const place = await newPlace();
    type Confirm = ControllerObject["confirmPartition"];
    const confirm = Reflect.get(ControllerObject.prototype, "confirmPartition") as (
      ...values: Parameters<Confirm>
    ) => ReturnType<Confirm>;
    let release = (): void => undefined;
    const deleted = new Promise<void>((resolve) => (release = resolve));
    let asked = (): void => undefined;
    const confirmed = new Promise<void>((resolve) => (asked = resolve));
    vi.spyOn(ControllerObject.prototype, "confirmPartition").mockImplementation(function (
      this: ControllerObject,
      address,
    ) {
      const state = confirm.call(this, address);
      asked();
      return deleted.then(() => state) as never;
    });
    const device = await newDevice(place);
    const sending = device.send(device.batch("a"));
    await confirmed;
    await remove(place);
    release();
    expect(await sending).toMatchObject({ error: { code: "UNKNOWN_TOPIC_ID" } });
    vi.restoreAllMocks();
    expect(await tablesOf(place)).toEqual([]);
    await evict(place);
    expect(await device.send(device.batch("b"))).toMatchObject({ error: { code: "UNKNOWN_TOPIC_ID" } });
    expect(await tablesOf(place)).toEqual([]);
  });

  test("storage that cannot be freed is freed later, whatever happened to the object", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    await runInDurableObject(stubOf(place), (_, { storage }: DurableObjectState) => {
      storage.deleteAll = () => Promise.reject(new Error("the disk is gone"));
    });
    expect((await remove(place)).status).toBe(200);
    expect(await pending()).toMatchObject({ freeing: 1 });
    expect(await device.send(device.batch("b"))).toMatchObject({ error: { code: "UNKNOWN_TOPIC_ID" } });
    expect(await tablesOf(place)).not.toEqual([]);
    await evict(place);
    await runAlarms();
    expect(await pending()).toMatchObject({ freeing: 0 });
    expect(await tablesOf(place)).toEqual([]);
  });
});
