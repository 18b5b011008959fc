/** What the edge does not know it refuses by name: a misspelt option is not one that nobody asked for. */
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../edge/app.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { call, errorOf, newPlace } from "./edge.ts";
import { TailClient } from "./tail-client.ts";

const topicId = "00000000-0000-4000-8000-000000000000";
const leaderEpoch = { counter: 0, random: 0 };
const run = { topicId, partition: 0, leaderEpoch: null, producerKey: null, chain: 0, bytes: 1 };
const read = { topicId, partition: 0, offset: 0, leaderEpoch: null, previousCrc: null, maxBytes: 1 };
const fetchBody = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1, partitions: [read] };
const reconcileBody = { topicId, producerKey: "0".repeat(32), from: 0, batches: [{ count: 1, crc: 1 }], giveUp: false };
const RECONCILE = "/v1/topics/none/partitions/0/reconcile";
const RECORDS = "/v1/topics/none/partitions/0/records";

describe("a body's field that is not known is named:", () => {
  test.each([
    ["POST", "/v1/topics", { name: "a", partitions: 3 }, "partitions"],
    ["POST", "/v1/topics", { nmae: "a" }, "nmae"],
    ["PATCH", "/v1/topics/none", { config: {}, configs: {} }, "configs"],
    ["POST", "/v1/topics/none/partitions", { partitionCount: 2, count: 2 }, "count"],
    ["POST", "/v1/fetch", { ...fetchBody, isolationLevel: "read_committed" }, "isolationLevel"],
    ["POST", "/v1/fetch", { ...fetchBody, partitions: [{ ...read, offest: 3 }] }, "partitions.0.offest"],
    [
      "POST",
      "/v1/fetch",
      { ...fetchBody, partitions: [{ ...read, leaderEpoch: { ...leaderEpoch, epoch: 1 } }] },
      "partitions.0.leaderEpoch.epoch",
    ],
    ["POST", RECONCILE, { ...reconcileBody, giveup: true }, "giveup"],
    ["POST", RECONCILE, { ...reconcileBody, batches: [{ count: 1, crc: 1, length: 9 }] }, "batches.0.length"],
    ["POST", "/v1/topics", JSON.parse('{"name": "a", "__proto__": {}}') as object, "__proto__"],
  ])("%s %s %j: %s", async (method, path, body, field) => {
    const error = await errorOf(await call(path, { method, body: JSON.stringify(body) }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", retriable: false, field });
    expect(error.message).toContain(field);
  });

  test.each([
    [{ partitions: [run], acks: -1 }, "acks"],
    [{ partitions: [{ ...run, epoch: 1 }] }, "partitions.0.epoch"],
  ])("POST /v1/produce %j: %s", async (head, field) => {
    const body = writeEnvelope(head, [new Uint8Array(1)]);
    expect(await errorOf(await call("/v1/produce", { body }))).toMatchObject({ code: "INVALID_REQUEST", field });
  });

  test("and none of it was done", async () => {
    const { name } = await newPlace();
    const json = { partitionCount: 3, dryRun: true };
    await call(`/v1/topics/${name}/partitions`, { json });
    expect(await (await call(`/v1/topics/${name}`)).json()).toMatchObject({ partitionCount: 1 });
  });
});

describe("a query's parameter that is not known is named:", () => {
  test.each([
    ["GET", `${RECORDS}?maxbytes=1`, "maxbytes"],
    ["GET", `${RECORDS}?offset=0&limit=1`, "limit"],
    ["DELETE", `${RECORDS}?before=latest&dryRun=true`, "dryRun"],
    ["GET", "/v1/topics/none/partitions/0/offsets?at=latest&time=1", "time"],
    ["GET", "/v1/metadata?topic=a", "topic"],
  ])("%s %s", async (method, path, field) => {
    expect(await errorOf(await call(path, { method }))).toMatchObject({ status: 400, code: "INVALID_REQUEST", field });
  });

  // A key that is none is refused before (`ingest.test.ts`), and tools for the REST proxy send what they know of others.
  const asked = ROUTES.filter(([, path, { admit }]) => admit === undefined && !path.startsWith("/kafka-rest/"));
  test.each(asked.map(([method, path]) => [method, path] as const))("%s %s", async (method, pattern) => {
    const path = `${pattern.replace(":topic", "none").replace(":partition", "0")}?verbos=1`;
    const body = method === "GET" || method === "DELETE" ? {} : { body: "{}" };
    const error = await errorOf(await call(path, { method, ...body }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "verbos", value: '"1"' });
  });

  test("and metadata's create is true or false", async () => {
    const error = await errorOf(await call("/v1/metadata?topics=a&create=yes"));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "create" });
  });
});

test("a name of any length is told in part", async () => {
  const body = JSON.stringify({ name: "a", ["x".repeat(100_000)]: 1 });
  const error = await errorOf(await call("/v1/topics", { body }));
  expect(error).toMatchObject({ code: "INVALID_REQUEST", field: "x".repeat(200) });
  expect(error.message.length).toBeLessThan(500);
});

test("a tail's frame with an option that is not known ends the socket, and names it", async () => {
  const tail = await TailClient.open();
  tail.send(JSON.stringify({ type: "subscribe", id: 1, topicId, partition: 0, offset: 0, keyorder: true }));
  await tail.until(() => tail.closed !== null);
  expect(tail.came).toMatchObject([{ type: "error", id: null, error: { code: "INVALID_REQUEST", field: "keyorder" } }]);
});

test("the document says so: what is asked has no other fields, answers may have", async () => {
  const document: { components: { schemas: Record<string, { additionalProperties?: boolean }> } } = await (
    await call("/openapi.json")
  ).json();
  const { schemas } = document.components;
  for (const name of ["ProduceHead", "FetchRequest", "ReconcileRequest", "CreateTopicRequest", "GrowTopicRequest"])
    expect(schemas[name]).toMatchObject({ additionalProperties: false });
  for (const name of ["ProduceAnswer", "FetchHead", "Topic", "RecordsAnswer", "RecordsHead"])
    expect(schemas[name]?.additionalProperties).toBeUndefined();
});
