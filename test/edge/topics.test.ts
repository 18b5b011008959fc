import { env } from "cloudflare:workers";
import { abortAllDurableObjects, createExecutionContext } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { createApp } from "../../edge/app.ts";
import type { MetadataAnswer, TopicMetadata } from "../../shared/api/metadata.ts";
import type { ListTopicsAnswer } from "../../shared/api/topics.ts";
import { LIMITS } from "../../shared/limits.ts";
import { call, errorOf } from "./edge.ts";

async function create(json: unknown): Promise<Response> {
  return await call("/v1/topics", { json });
}

async function names(): Promise<string[]> {
  const { topics }: ListTopicsAnswer = await (await call("/v1/topics")).json();
  return topics.map(({ name }) => name);
}

async function metadata(query: string): Promise<MetadataAnswer> {
  const response = await call(`/v1/metadata${query}`);
  expect(response.status).toBe(200);
  return await response.json();
}

describe("a topic", () => {
  test("is created with an id of its own, described, listed, and there after an abort", async () => {
    const config = { "max.message.bytes": "1000", "retention.ms": "-1" };
    const response = await create({ name: "Orders.v2_a-b", partitionCount: 3, config });
    expect(response.status).toBe(201);
    const topic: TopicMetadata = await response.json();
    expect(topic).toEqual({ name: "Orders.v2_a-b", error: null, topicId: topic.topicId, partitionCount: 3, config });
    expect(topic.topicId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    await abortAllDurableObjects();
    expect(await (await call("/v1/topics/Orders.v2_a-b")).json()).toMatchObject(topic);
    expect(await names()).toContain("Orders.v2_a-b");
  });

  test("that names no partition count has the default's", async () => {
    expect(await (await create({ name: "default-count" })).json()).toMatchObject({ partitionCount: 6, config: {} });
  });

  test("is created once, also where many ask at once; the first stays", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, async (_, index) => await create({ name: "once", partitionCount: index + 1 })),
    );
    expect(answers.map(({ status }) => status).filter((status) => status !== 409)).toEqual([201]);
    const made = answers.find(({ status }) => status === 201);
    expect(await (await call("/v1/topics/once")).json()).toMatchObject((await made?.json()) ?? {});
    expect(await errorOf(await create({ name: "once" }))).toMatchObject({
      status: 409,
      code: "TOPIC_ALREADY_EXISTS",
      topic: "once",
    });
  });

  test("that nobody made answers 404", async () => {
    const error = await errorOf(await call("/v1/topics/nobody"));
    expect(error).toMatchObject({ status: 404, code: "UNKNOWN_TOPIC_OR_PARTITION", topic: "nobody" });
  });
});

describe("what is not legal creates nothing:", () => {
  test.each(["", ".", "..", "a b", "a/b", "grün", "a\u0000", "x".repeat(LIMITS.topicNameCharsMax + 1)])(
    "the name %.20j",
    async (name) => {
      const before = await names();
      const error = await errorOf(await create({ name }));
      expect(error).toMatchObject({ status: 400, code: "INVALID_TOPIC_EXCEPTION", topic: name.slice(0, 64) });
      expect(await names()).toEqual(before);
    },
  );

  test.each([0, -1, 1.5, 1_001, 2 ** 53, 1e300])("%d partitions", async (partitionCount) => {
    const error = await errorOf(await create({ name: "illegal", partitionCount }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_PARTITIONS", partitionCount });
    expect(await names()).not.toContain("illegal");
  });

  test.each([
    ["max.message.bytes", "0"],
    ["max.message.bytes", "1e3"],
    ["max.message.bytes", `${LIMITS.batchBytesMax + 1}`],
    ["retention.ms", "-2"],
    ["retention.ms", "9007199254740993"],
    ["cleanup.policy", "shred"],
    ["compression.type", "gzip"],
    ["min.insync.replicas", "2"],
    ["constructor", "1"],
    ["nothing.of.ours", "1"],
  ])("the config %s = %s", async (config, value) => {
    const error = await errorOf(await create({ name: "illegal", config: { [config]: value } }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_CONFIG", config });
    expect(await names()).not.toContain("illegal");
  });

  test.each([
    null,
    [],
    1,
    {},
    { name: 1 },
    { name: "illegal", partitionCount: "3" },
    { name: "illegal", config: [] },
    { name: "illegal", config: { a: 1 } },
  ])("the body %j", async (body) => {
    expect(await errorOf(await create(body))).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    expect(await names()).not.toContain("illegal");
  });
});

describe("metadata", () => {
  test("tells who the caller is, and each topic in the order of the question", async () => {
    await create({ name: "known", partitionCount: 2 });
    const answer = await metadata("?topics=missing,known,a%20b");
    expect(answer).toMatchObject({
      namespace: "default",
      principal: "anonymous",
      topics: [
        { name: "missing", error: { code: "UNKNOWN_TOPIC_OR_PARTITION" }, topicId: null, partitionCount: 0 },
        { name: "known", error: null, partitionCount: 2 },
        { name: "a b", error: { code: "INVALID_TOPIC_EXCEPTION" }, topicId: null },
      ],
    });
    expect(await names()).not.toContain("missing");
  });

  test("without names tells of all", async () => {
    await create({ name: "one-of-all" });
    expect((await metadata("")).topics.map(({ name }) => name)).toEqual(await names());
  });

  test("creates what is missing where it is asked to, once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, async () => await metadata("?topics=made&create=true")),
    );
    const ids = new Set(answers.map(({ topics }) => topics[0]?.topicId));
    expect(ids.size).toBe(1);
    expect(answers[0]?.topics).toMatchObject([{ name: "made", error: null, partitionCount: 6 }]);
  });

  test("creates nothing where the edge is set not to", async () => {
    const closed = { ...env, STRANDLINE_AUTO_CREATE_TOPICS: "false" };
    const response = await createApp().request(
      "http://localhost/v1/metadata?topics=unmade&create=true",
      {},
      closed,
      createExecutionContext(),
    );
    expect(await response.json()).toMatchObject({
      topics: [{ name: "unmade", error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } }],
    });
    expect(await names()).not.toContain("unmade");
  });

  test("creates no name that is not legal", async () => {
    const answer = await metadata("?topics=..&create=true");
    expect(answer.topics).toMatchObject([{ error: { code: "INVALID_TOPIC_EXCEPTION" } }]);
    expect(await names()).not.toContain("..");
  });
});
