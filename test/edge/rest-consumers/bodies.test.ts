/** What the REST proxy's consumers are sent, and is not what it should be: named, and nothing is changed. */
import { describe, expect, test } from "vitest";
import { newGroup } from "../groups/group-lab.ts";
import { post, RestClient, restErrorOf, V2 } from "./consumer-lab.ts";

const FACE = "/kafka-rest/consumers/";

describe("a consumer", () => {
  test.each([
    [{ "auto.offset.reset": "smallest" }],
    [{ "auto.commit.enable": "yes" }],
    [{ "auto.commit.enable": 1 }],
    [{ "enable.auto.commit": "" }],
    [{ "fetch.min.bytes": "many" }],
    [{ "fetch.min.bytes": -5 }],
    [{ "fetch.min.bytes": 1e12 }],
    [{ "consumer.request.timeout.ms": 1.5 }],
    [{ "isolation.level": "none" }],
  ])("42204: is not made with %j", async (config) => {
    const group = newGroup();
    const response = await post(FACE + group, { name: "n", ...config });
    const error = await restErrorOf(response);
    expect(error).toMatchObject({ status: 422, error_code: 42204 });
    expect(error.message).toContain(Object.keys(config)[0]);
    await RestClient.create({ group, config: { name: "n" } });
  });

  test.each([
    [{ format: "avro" }, 422],
    [{ format: 1 }, 422],
    [{ name: "" }, 422],
    [{ name: ".." }, 422],
    [{ name: "a\u0000" }, 422],
    [{ name: "x".repeat(250) }, 422],
    [{ name: 7 }, 422],
    [{ "group.id": "g" }, 422],
    [[], 422],
    ["{", 400],
  ])("is not made of %j", async (body, number) => {
    expect(await restErrorOf(await post(FACE + newGroup(), body))).toMatchObject({ error_code: number });
  });
});

test.each([
  ["/subscription", undefined],
  ["/subscription", {}],
  ["/subscription", { topics: "a" }],
  ["/subscription", { topics: [1] }],
  ["/subscription", { topic_pattern: "(" }],
  ["/subscription", { topic_pattern: "a)|(b" }],
  ["/subscription", { topic_pattern: "" }],
  ["/subscription", { topic_pattern: "x".repeat(300) }],
  ["/subscription", { topics: Array.from({ length: 1_001 }, (_, index) => `t${index}`) }],
  ["/assignments", {}],
  ["/assignments", { partitions: {} }],
  ["/assignments", { partitions: [{ topic: "a" }] }],
  ["/assignments", { partitions: [{ topic: "a", partition: -1 }] }],
  ["/assignments", { partitions: [{ topic: "a", partition: "0" }] }],
  ["/assignments", { partitions: [{ topic: "a", partition: 0, more: 1 }] }],
  ["/offsets", {}],
  ["/offsets", { offsets: [{ topic: "a", partition: 0 }] }],
  ["/offsets", { offsets: [{ topic: "a", partition: 0, offset: -1 }] }],
  ["/offsets", { offsets: [{ topic: "a", partition: 0, offset: Number.MAX_SAFE_INTEGER }] }],
  ["/offsets", { offsets: [{ topic: "a", partition: 0, offset: 0, metadata: 1 }] }],
  ["/positions", { partitions: [] }],
  ["/positions", { offsets: [{ partition: 0, offset: 0 }] }],
  ["/positions/beginning", { partitions: [{ partition: 0 }] }],
  ["/positions/end", { partitions: [7] }],
])("422: POST %s of %j", async (path, json) => {
  const client = await RestClient.create();
  const response = await post(client.path + path, json, V2);
  expect(await restErrorOf(response)).toMatchObject({ status: 422, error_code: 422 });
});

test.each(["timeout=x", "timeout=-2", "max_bytes=x", "max_bytes=1.5"])("422: a poll with %s", async (query) => {
  const client = await RestClient.create();
  expect(await restErrorOf(await client.ask(`/records?${query}`))).toMatchObject({ status: 422, error_code: 422 });
});
