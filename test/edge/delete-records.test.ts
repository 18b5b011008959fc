import { expect, test } from "vitest";
import { newDevice } from "./device.ts";
import { call, errorOf, evict, newPlace, recordsOf, type Place } from "./edge.ts";

async function remove({ name, partition }: Place, query: string): Promise<Response> {
  return await call(`/v1/topics/${name}/partitions/${partition}/records${query}`, { method: "DELETE" });
}

async function threeRecords(): Promise<Place> {
  const place = await newPlace();
  const device = await newDevice(place);
  for (const value of ["a", "b", "c"]) await device.send(device.batch(value));
  return place;
}

async function earliest({ name }: Place): Promise<unknown> {
  return await (await call(`/v1/topics/${name}/partitions/0/offsets?at=earliest`)).json();
}

test.each([
  ["0", 0],
  ["2", 2],
  ["3", 3],
  ["latest", 3],
])("before %s the log begins at %d, also after an eviction", async (before, logStartOffset) => {
  const place = await threeRecords();
  const response = await remove(place, `?before=${before}`);
  expect([response.status, await response.json()]).toEqual([200, { logStartOffset, highWatermark: 3 }]);
  await evict(place);
  expect(await earliest(place)).toMatchObject({ offset: logStartOffset });
});

test("the start never goes back, and a repeat changes nothing", async () => {
  const place = await threeRecords();
  await remove(place, "?before=2");
  for (const before of [2, 1, 0])
    expect(await (await remove(place, `?before=${before}`)).json()).toEqual({ logStartOffset: 2, highWatermark: 3 });
  const error = await errorOf(await call(`/v1/topics/${place.name}/partitions/0/records?offset=1`));
  expect(error).toMatchObject({ status: 416, code: "OFFSET_OUT_OF_RANGE", logStartOffset: 2 });
});

test("beyond the end is refused with the bounds", async () => {
  const place = await threeRecords();
  const error = await errorOf(await remove(place, "?before=4"));
  expect(error).toMatchObject({ status: 416, code: "OFFSET_OUT_OF_RANGE", offset: 4, highWatermark: 3 });
  expect(await recordsOf(place)).toHaveLength(3);
});

test.each(["", "?before=", "?before=-1", "?before=1.5", "?before=earliest", "?before=1e3", "?before=9007199254740993"])(
  "the query %j is refused and deletes nothing",
  async (query) => {
    const place = await threeRecords();
    const error = await errorOf(await remove(place, query));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "before" });
    expect(await recordsOf(place)).toHaveLength(3);
  },
);

test("of a partition or topic that is not there answers 404", async () => {
  const place = await threeRecords();
  for (const missing of [
    { ...place, partition: 1 },
    { ...place, name: "nobody" },
  ])
    expect(await errorOf(await remove(missing, "?before=latest"))).toMatchObject({
      status: 404,
      code: "UNKNOWN_TOPIC_OR_PARTITION",
    });
});
