/** Ingest keys made, listed, changed, deleted; secrets of webhooks come out of none of it. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../shared/limits.ts";
import type { IngestKey, ListIngestKeysAnswer } from "../../shared/api/ingest-keys.ts";
import { call, errorOf, newPlace, recordsOf, valuesOf } from "./edge.ts";
import { ingest, keyOf, newKey } from "./ingest-lab.ts";

const CANARY = "canary-of-a-webhook-secret";

async function patch(id: string, json: object): Promise<Response> {
  return await call(`/v1/ingest-keys/${id}`, { method: "PATCH", json });
}

async function listed(query = ""): Promise<readonly IngestKey[]> {
  const answer: ListIngestKeysAnswer = await (await call(`/v1/ingest-keys${query}`)).json();
  return answer.keys;
}

test("a key says what it may; what was not asked for is not bound", async () => {
  const { name, topicId } = await newPlace();
  const key = await keyOf({ topic: name });
  expect(key).toEqual({
    id: expect.stringMatching(/^[\w-]{22}$/),
    key: expect.stringMatching(/^ik1\.[\w-]+\.[\w-]{22}\.[\w-]{43}$/),
    topic: name,
    topicId,
    origins: null,
    quota: null,
    disabled: false,
    webhook: null,
    createdAt: expect.any(Number),
  });
  expect(await listed(`?topic=${name}`)).toEqual([key]);
  expect((await listed()).map(({ id }) => id)).toContain(key.id);
  expect(await listed("?topic=another")).toEqual([]);
});

test("changes: what is not named stays, null takes away", async () => {
  const quota = { requestsPerSecond: 100 };
  const { id, name } = await newKey({ origins: ["https://a.example"], quota });
  const changed = await patch(id, { origins: null, disabled: true });
  expect(await changed.json()).toMatchObject({ id, origins: null, quota, disabled: true });
  expect(await listed(`?topic=${name}`)).toMatchObject([{ origins: null, quota, disabled: true }]);
  expect(await (await patch(id, {})).json()).toMatchObject({ quota, disabled: true });
});

test("a key that is disabled or deleted takes nothing more", async () => {
  const keyed = await newKey();
  expect((await ingest(keyed)).status).toBe(200);
  await patch(keyed.id, { disabled: true });
  expect(await errorOf(await ingest(keyed))).toMatchObject({ status: 401, check: "ingest-key" });
  await patch(keyed.id, { disabled: false });
  expect((await ingest(keyed)).status).toBe(200);
  const deleted = await call(`/v1/ingest-keys/${keyed.id}`, { method: "DELETE" });
  expect(await deleted.json()).toEqual({ id: keyed.id });
  expect(await errorOf(await ingest(keyed))).toMatchObject({ status: 401, check: "ingest-key" });
  expect(await valuesOf(keyed)).toEqual(["a", "a"]);
  expect((await patch(keyed.id, { disabled: false })).status).toBe(404);
  expect((await call(`/v1/ingest-keys/${keyed.id}`, { method: "DELETE" })).status).toBe(404);
});

describe("S07: a webhook's secret goes in, and nowhere out", () => {
  test("of answers, of a record, of a refusal", async () => {
    const place = await newPlace();
    const made = await call("/v1/ingest-keys", {
      json: { topic: place.name, webhook: { preset: "github", secret: CANARY, keep: ["X-GitHub-Event"] } },
    });
    const text = await made.text();
    const { id, key, webhook } = JSON.parse(text) as IngestKey;
    expect(webhook).toEqual({
      preset: "github",
      signature: expect.objectContaining({ header: "x-hub-signature-256", algorithm: "sha256" }),
      keep: ["x-github-event"],
    });
    const said = [
      text,
      JSON.stringify(await listed()),
      await (await patch(id, { disabled: false })).text(),
      await (await ingest({ key }, { headers: { "x-hub-signature-256": `sha256=${"0".repeat(64)}` } })).text(),
      await (await patch(id, { webhook: { preset: "unsigned", secret: CANARY } })).text(),
      await (await patch(id, { webhook: { preset: "standard-webhooks", secret: `${CANARY}!` } })).text(),
      await (await patch(id, { webhook: { preset: "github", secret: CANARY, more: CANARY.length } })).text(),
      await (await call("/metrics")).text(),
    ];
    expect(said.filter((one) => one.includes(CANARY))).toEqual([]);
    expect(await recordsOf(place)).toEqual([]);
  });

  test("not of a refusal of what holds it, wherever it stands", async () => {
    const { id } = await newKey();
    const [long, short] = [CANARY.repeat(40), CANARY.slice(0, LIMITS.webhookSecretCharsMin - 1)];
    for (const [secret, json] of [
      [long, { webhook: { preset: "github", secret: long } }],
      [short, { webhook: { preset: "github", secret: short } }],
      [CANARY, { webhook: { preset: "nobody", secret: CANARY } }],
      [CANARY, { webhook: { signature: { secret: CANARY } } }],
      [CANARY, { webhok: { preset: "github", secret: CANARY } }],
      [CANARY, { secret: CANARY }],
      [CANARY, [CANARY]],
    ] as const) {
      const response = await patch(id, json);
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain(secret.slice(0, 7));
    }
  });
});

describe("what is refused", () => {
  test.each([
    {},
    { topic: 1 },
    { topic: "T", origins: [] },
    { topic: "T", origins: ["*"] },
    { topic: "T", origins: ["null"] },
    { topic: "T", origins: ["https://a.example/"] },
    { topic: "T", origins: ["https://A.example"] },
    { topic: "T", origins: ["https://a.example:443"] },
    { topic: "T", origins: ["a.example"] },
    { topic: "T", origins: ["ftp://a.example"] },
    { topic: "T", origins: Array.from({ length: LIMITS.originsPerListMax + 1 }, (_, n) => `https://a${n}.example`) },
    { topic: "T", quota: { requestsPerSecond: 0 } },
    { topic: "T", quota: { requestsPerMinute: 1 } },
    { topic: "T", webhook: { preset: "nobody", secret: CANARY } },
    { topic: "T", webhook: { preset: "__proto__", secret: CANARY } },
    { topic: "T", webhook: { signature: { header: "a b", algorithm: "sha256", encoding: "hex", secret: CANARY } } },
    { topic: "T", webhook: { signature: { header: "a", algorithm: "md5", encoding: "hex", secret: CANARY } } },
    { topic: "T", disabled: "yes" },
    { topic: "T", owner: "me" },
  ])("%j", async (asked) => {
    const { name } = await newPlace();
    const json = "topic" in asked && asked.topic === "T" ? { ...asked, topic: name } : asked;
    const response = await call("/v1/ingest-keys", { json });
    expect(await errorOf(response)).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    expect(await listed(`?topic=${name}`)).toEqual([]);
  });

  test.each(["__proto__", "constructor", "", "never made", "a/b"])("no topic %j, and so no key", async (topic) => {
    const response = await call("/v1/ingest-keys", { json: { topic } });
    expect(await errorOf(response)).toMatchObject({ status: 404, code: "UNKNOWN_TOPIC_OR_PARTITION" });
  });

  test.each(["__proto__", "A".repeat(22), "x"])("no key %j", async (id) => {
    expect(await errorOf(await patch(id, { disabled: true }))).toMatchObject({ status: 404, code: "NOT_FOUND" });
    const deleted = await call(`/v1/ingest-keys/${id}`, { method: "DELETE" });
    expect(await errorOf(deleted)).toMatchObject({ status: 404, code: "NOT_FOUND" });
  });

  test("more keys than a topic may have", async () => {
    const { name } = await newPlace();
    for (let made = 0; made < LIMITS.ingestKeysPerTopicMax; made += 1) await keyOf({ topic: name });
    const response = await call("/v1/ingest-keys", { json: { topic: name } });
    expect(await errorOf(response)).toMatchObject({ status: 400, limit: LIMITS.ingestKeysPerTopicMax });
  });
});
