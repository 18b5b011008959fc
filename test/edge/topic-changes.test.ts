/** What is answered to those who make, alter, grow and delete topics. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp } from "../../edge/app.ts";
import { CONFIG_DEFAULTS } from "../../edge/topic-config.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { DescribeTopicAnswer } from "../../shared/api/topics.ts";
import { controller, growthsOf, wake } from "./controller.ts";
import { newDevice } from "./device.ts";
import { call, errorOf, newPlace, stubOf, type Place } from "./edge.ts";

async function patch(name: string, json: unknown): Promise<Response> {
  return await call(`/v1/topics/${name}`, { method: "PATCH", json });
}

async function grow(name: string, json: unknown): Promise<Response> {
  return await call(`/v1/topics/${name}/partitions`, { json });
}

async function described({ name }: Pick<Place, "name">): Promise<DescribeTopicAnswer> {
  return await (await call(`/v1/topics/${name}`)).json();
}

describe("a description", () => {
  test("tells the defaults of what the topic does not state", async () => {
    const place = await newPlace({ "retention.ms": "-1" });
    const { config, defaults } = await described(place);
    const { "retention.ms": _stated, ...rest } = CONFIG_DEFAULTS;
    expect([config, defaults]).toEqual([{ "retention.ms": "-1" }, rest]);
  });
});

describe("a creation with a token", () => {
  test("is answered again as it was, and only under the same token", async () => {
    const request = { name: "with-token", partitionCount: 2, token: "a_B-9" };
    const first = await call("/v1/topics", { json: request });
    const second = await call("/v1/topics", { json: request });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(await second.json()).toEqual(await first.json());
    for (const token of ["another", undefined]) {
      const error = await errorOf(await call("/v1/topics", { json: { ...request, token } }));
      expect(error).toMatchObject({ status: 409, code: "TOPIC_ALREADY_EXISTS", topic: "with-token" });
    }
  });

  test("of a topic that was made without one is refused", async () => {
    await call("/v1/topics", { json: { name: "without-token" } });
    const error = await errorOf(await call("/v1/topics", { json: { name: "without-token", token: "a" } }));
    expect(error).toMatchObject({ code: "TOPIC_ALREADY_EXISTS" });
  });

  test.each(["", "a b", "ä", "x".repeat(65), 1])("the token %j is not legal", async (token) => {
    const error = await errorOf(await call("/v1/topics", { json: { name: "illegal", token } }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "token" });
  });

  test("names that differ in . and _ alone are two topics", async () => {
    const answers = await Promise.all(
      ["a.b", "a_b"].map(async (name) => await call("/v1/topics", { json: { name, partitionCount: 1 } })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  });
});

describe("an alteration", () => {
  test("sets, resets and keeps, and takes effect where the partition is", async () => {
    const place = await newPlace({ "retention.ms": "-1" });
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    const config = { "message.timestamp.type": "LogAppendTime", "retention.ms": null, "retention.bytes": "9" };
    const response = await patch(place.name, { config });
    expect(response.status).toBe(200);
    const altered: TopicMetadata = await response.json();
    expect(altered.config).toEqual({ "message.timestamp.type": "LogAppendTime", "retention.bytes": "9" });
    expect((await described(place)).config).toEqual(altered.config);
    expect((await device.send(device.batch("b"))).logAppendTime).toBeGreaterThan(1_700_000_000_000);
    await patch(place.name, { config: { "message.timestamp.type": null } });
    expect((await device.send(device.batch("c"))).logAppendTime).toBeNull();
    expect((await described(place)).config).toEqual({ "retention.bytes": "9" });
  });

  test("that arrives late changes nothing", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    await patch(place.name, { config: { "message.timestamp.type": "LogAppendTime" } });
    const address = { namespace: "default", topicId: place.topicId, partition: 0 };
    await stubOf(place).adopt(address, { name: place.name, revision: 1, config: {}, growths: [] });
    expect((await device.send(device.batch("b"))).logAppendTime).not.toBeNull();
  });

  test("of what the Worker goes by takes effect in the same isolate at once", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    await patch(place.name, { config: { "max.message.bytes": "100" } });
    expect(await device.send(device.batch("x".repeat(100)))).toMatchObject({ error: { code: "MESSAGE_TOO_LARGE" } });
  });

  test.each([
    [{ "nothing.of.ours": "1" }, "nothing.of.ours"],
    [{ "nothing.of.ours": null }, "nothing.of.ours"],
    [{ "retention.ms": "1", "retention.bytes": "many" }, "retention.bytes"],
    [{ location: "weur" }, "location"],
    [{ jurisdiction: "eu" }, "jurisdiction"],
    [{ constructor: null }, "constructor"],
  ])("to %j is refused as a whole", async (config, named) => {
    const place = await newPlace({ "retention.ms": "7" });
    const error = await errorOf(await patch(place.name, { config }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_CONFIG", config: named });
    expect((await described(place)).config).toEqual({ "retention.ms": "7" });
  });

  test("does not move a topic, and may state where it is", async () => {
    const place = await newPlace({ location: "weur" });
    for (const location of ["apac", null])
      expect(await errorOf(await patch(place.name, { config: { location } }))).toMatchObject({
        code: "INVALID_CONFIG",
        config: "location",
      });
    expect((await patch(place.name, { config: { location: "weur", jurisdiction: null } })).status).toBe(200);
  });

  test.each([null, {}, { config: [] }, { config: { a: 1 } }])("the body %j is refused", async (body) => {
    const place = await newPlace();
    expect(await errorOf(await patch(place.name, body))).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test("of nothing answers 404", async () => {
    const error = await errorOf(await patch("nobody", { config: {} }));
    expect(error).toMatchObject({ status: 404, code: "UNKNOWN_TOPIC_OR_PARTITION", topic: "nobody" });
  });
});

describe("a growth", () => {
  test("adds partitions; those before remember where; a repeat changes nothing", async () => {
    const place = await newPlace({}, 2);
    const device = await newDevice(place);
    await device.send(device.batch("a", "b"));
    const grown: TopicMetadata = await (await grow(place.name, { partitionCount: 3 })).json();
    expect(grown).toMatchObject({ topicId: place.topicId, partitionCount: 3 });
    expect((await grow(place.name, { partitionCount: 3 })).status).toBe(200);
    await wake(place, 1, 2);
    expect(await growthsOf(place, 0)).toEqual([{ from: 2, at: 2 }]);
    expect(await growthsOf(place, 1)).toEqual([{ from: 2, at: 0 }]);
    expect(await growthsOf(place, 2)).toEqual([{ from: 2, at: 0 }]);
    await device.send(device.batch("c"));
    await grow(place.name, { partitionCount: 5 });
    expect(await growthsOf(place, 0)).toEqual([
      { from: 2, at: 2 },
      { from: 3, at: 3 },
    ]);
  });

  test("that another isolate was asked for is seen by the first request that needs it", async () => {
    const place = await newPlace({}, 1);
    await wake(place, 0);
    expect(await controller().growTopic(place.name, 2)).toMatchObject({ ok: true });
    await wake(place, 1);
    expect((await call(`/v1/topics/${place.name}/partitions/2/offsets?at=latest`)).status).toBe(404);
  });

  test.each([0, 1, -1, 2.5, 1_001, 1e300])("to %d is refused, naming both counts", async (partitionCount) => {
    const place = await newPlace({}, 2);
    const error = await errorOf(await grow(place.name, { partitionCount }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_PARTITIONS", partitionCount, current: 2 });
    expect(await described(place)).toMatchObject({ partitionCount: 2 });
  });

  test.each([null, {}, { partitionCount: "3" }])("the body %j is refused", async (body) => {
    const place = await newPlace();
    expect(await errorOf(await grow(place.name, body))).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test("of nothing answers 404", async () => {
    const error = await errorOf(await grow("nobody", { partitionCount: 2 }));
    expect(error).toMatchObject({ status: 404, code: "UNKNOWN_TOPIC_OR_PARTITION", topic: "nobody" });
  });
});

describe("where a topic is", () => {
  test.each(["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"])(
    "location %s is passed on with its requests",
    async (location) => {
      const place = await newPlace({ location });
      expect(await hintsOf(place)).toEqual([{ locationHint: location }]);
    },
  );

  test("a topic without a location is where its first client is", async () => {
    expect(await hintsOf(await newPlace())).toEqual([{}]);
  });

  test.each(["mars", "WEUR", "", "we"])("location %j is refused with those there are", async (location) => {
    const error = await errorOf(await call("/v1/topics", { json: { name: "illegal", config: { location } } }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_CONFIG", config: "location" });
    expect(error.message).toContain("wnam, enam, sam, weur, eeur, apac, oc, afr, me");
  });

  test.each(["eu", "fedramp"])(
    "jurisdiction %s is refused at once by a runtime that has none",
    async (jurisdiction) => {
      const request = { name: "here-only", config: { jurisdiction } };
      const error = await errorOf(await call("/v1/topics", { json: request }));
      expect(error).toMatchObject({
        status: 400,
        code: "UNSUPPORTED_OPERATION",
        config: "jurisdiction",
        value: jurisdiction,
        retriable: false,
      });
      expect((await call("/v1/topics/here-only")).status).toBe(404);
    },
  );
});

/** What the Worker says of where the object is, with one request. */
async function hintsOf({ name }: Place): Promise<unknown[]> {
  const hints: unknown[] = [];
  const partitions = {
    idFromName: (of: string) => env.PARTITION.idFromName(of),
    get: (id: DurableObjectId, options: unknown) => {
      hints.push(options);
      return env.PARTITION.get(id);
    },
  };
  const path = `http://localhost/v1/topics/${name}/partitions/0/offsets?at=latest`;
  const response = await createApp().request(path, {}, { ...env, PARTITION: partitions });
  expect(response.status).toBe(200);
  return hints;
}

test("a page may alter and delete where it may call", async () => {
  const headers = { origin: "http://localhost:5173" };
  const response = await call("/v1/topics/a", { method: "OPTIONS", headers });
  const methods = response.headers.get("access-control-allow-methods")?.split(", ");
  expect(methods?.toSorted()).toEqual(["DELETE", "GET", "PATCH", "POST", "PUT"]);
});
