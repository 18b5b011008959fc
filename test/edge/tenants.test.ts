/** S03 at the edge: nothing of one namespace or principal is seen, hit, fenced or written by another. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MetadataAnswer, TopicMetadata } from "../../shared/api/metadata.ts";
import type { ProduceAnswer } from "../../shared/api/produce.ts";
import { NO_CHAIN, type ProducerKey } from "../../shared/brands.ts";
import { readEnvelope, writeEnvelope } from "../../shared/envelope.ts";
import { hexOf, producerIdOf } from "../../shared/producer-identity.ts";
import { seal } from "../../shared/record-batch-seal.ts";
import { lockedEdge, tokenOf } from "./credentials.ts";
import { plainBatch } from "./device.ts";
import { errorOf } from "./edge.ts";

const SEED = 20_261_122;
const ask = lockedEdge();

interface Who {
  readonly namespace: string;
  readonly principal: string;
}

async function tokenFor({ namespace, principal }: Who): Promise<string> {
  return await tokenOf({ claims: { namespace, sub: principal } });
}

async function made(token: string, name: string): Promise<TopicMetadata & { readonly topicId: string }> {
  const response = await ask("/v1/topics", { token, method: "POST", body: JSON.stringify({ name }) });
  const topic: TopicMetadata = await response.json();
  if (topic.topicId === null) throw new Error(`${response.status}`);
  return { ...topic, topicId: topic.topicId };
}

const newKey = (): ProducerKey => hexOf(crypto.getRandomValues(new Uint8Array(16))) as ProducerKey;

/** One record of the producer whom `owner` and `key` come to, under the token of whoever sends it. */
async function sent(token: string, topicId: string, owner: Who, key: ProducerKey): Promise<string | null> {
  const batch = plainBatch(["secret"]).slice();
  seal(batch, 0, { producerId: await producerIdOf({ ...owner, producerKey: key }), baseSequence: 0 });
  const place = { topicId, partition: 0, leaderEpoch: null, producerKey: key, chain: NO_CHAIN };
  const body = writeEnvelope({ partitions: [{ ...place, bytes: batch.length }] }, [batch]);
  const response = await ask("/v1/produce", { token, method: "POST", body });
  const answer: ProduceAnswer = await response.json();
  return answer.partitions[0]?.error?.code ?? null;
}

/** Code of the partition's error; null: it was read, and these are the bytes. */
async function fetched(token: string, topicId: string, rest: object = {}): Promise<string | number> {
  const one = { topicId, partition: 0, offset: 0, leaderEpoch: null, previousCrc: null, maxBytes: 1_000 };
  const request = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1_000, partitions: [one], ...rest };
  const response = await ask("/v1/fetch", { token, method: "POST", body: JSON.stringify(request) });
  const { head } = readEnvelope(new Uint8Array(await response.arrayBuffer()));
  const [partition] = (head as { partitions: { error: { code: string } | null; bytes: number }[] }).partitions;
  return partition?.error?.code ?? partition?.bytes ?? -1;
}

async function topicsOf(token: string): Promise<string[]> {
  const { topics }: { topics: TopicMetadata[] } = await (await ask("/v1/topics", { token })).json();
  return topics.map(({ name }) => name);
}

const ODD = [
  "__proto__",
  "constructor",
  "a'b",
  'a"b',
  'a","b',
  "a/b",
  "..",
  "%00",
  "a b",
  "ä",
  "a\u0308",
  "🌊",
  "*",
  "[]",
];
const name = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text)),
);
const who: fc.Arbitrary<Who> = fc.record({ namespace: name, principal: name });

test("S03: two namespaces never meet, whatever they and their principals are called", async () => {
  const pairs = fc.tuple(who, who).filter(([one, other]) => one.namespace !== other.namespace);
  let turns = 0;
  const property = fc.asyncProperty(pairs, async ([owner, stranger]) => {
    turns += 1;
    const topic = `shared-${turns}`;
    const [mine, theirs] = [await tokenFor(owner), await tokenFor(stranger)];
    const { topicId } = await made(mine, topic);
    expect(await sent(mine, topicId, owner, newKey())).toBeNull();
    // Known to this isolate's caches, and read once.
    expect(await fetched(mine, topicId)).toBeGreaterThan(0);

    expect(await fetched(theirs, topicId)).toBe("UNKNOWN_TOPIC_ID");
    expect(await sent(theirs, topicId, stranger, newKey())).toBe("UNKNOWN_TOPIC_ID");
    expect(await topicsOf(theirs)).not.toContain(topic);
    for (const [method, path] of [
      ["GET", `/v1/topics/${topic}`],
      ["DELETE", `/v1/topics/${topic}`],
      ["GET", `/v1/topics/${topic}/partitions/0/records`],
      ["DELETE", `/v1/topics/${topic}/partitions/0/records?before=latest`],
    ] as const)
      expect((await errorOf(await ask(path, { token: theirs, method }))).code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect((await made(theirs, topic)).topicId).not.toBe(topicId);
    expect(await topicsOf(mine)).toContain(topic);
    const metadata: MetadataAnswer = await (await ask(`/v1/metadata?topics=${topic}`, { token: mine })).json();
    expect(metadata).toMatchObject({ ...owner, topics: [{ topicId }] });
  });
  await fc.assert(property, { seed: SEED, numRuns: 30 });
  expect(turns).toBeGreaterThanOrEqual(30);
});

test("S03: a namespace is not what a request says it is", async () => {
  const token = await tokenFor({ namespace: "mine", principal: "me" });
  await made(await tokenFor({ namespace: "theirs", principal: "me" }), "hidden");
  const response = await ask("/v1/metadata?namespace=theirs", {
    token,
    headers: { "x-namespace": "theirs", namespace: "theirs", host: "theirs.example", cookie: "namespace=theirs" },
  });
  expect(await response.json()).toEqual({ namespace: "mine", principal: "me", topics: [] });
});

test("S03: a name that hides another in half a surrogate pair is no name", async () => {
  for (const half of ["a\ud800", "a\udfff"]) {
    const response = await ask("/v1/topics", { token: await tokenFor({ namespace: half, principal: "me" }) });
    expect(await errorOf(response)).toMatchObject({ status: 401, check: "namespace" });
  }
});

describe("S03: a stolen producer key", () => {
  const owner = { namespace: "keys", principal: "alice" };

  test.each([
    ["another principal's", { namespace: "keys", principal: "bob" }],
    ["a principal's whose name begins alike", { namespace: "keys", principal: "alice\u200b" }],
  ])("writes nothing in the owner's name under %s token", async (_whose, thief) => {
    const key = newKey();
    const token = await tokenFor(owner);
    const { topicId } = await made(token, `stolen-${thief.principal.length}`);
    expect(await sent(token, topicId, owner, key)).toBeNull();
    const before = await fetched(token, topicId);
    const stolen = await tokenFor(thief);
    expect(await sent(stolen, topicId, owner, key)).toBe("INVALID_PRODUCER_ID_MAPPING");
    expect(await fetched(token, topicId)).toBe(before);
    // Under the thief's own name it is another producer, which fences nobody.
    expect(await sent(stolen, topicId, thief, key)).toBeNull();
  });

  test("of another namespace comes to another producer there", async () => {
    const key = newKey();
    const thief = { namespace: "other-keys", principal: "alice" };
    const token = await tokenFor(thief);
    const { topicId } = await made(token, "stolen");
    expect(await sent(token, topicId, owner, key)).toBe("INVALID_PRODUCER_ID_MAPPING");
    expect(await fetched(token, topicId)).toBe(0);
    expect(await sent(token, topicId, thief, key)).toBeNull();
  });
});

test("S03: the wait of a session is not ended by a session that another principal calls the same", async () => {
  const [alice, bob] = await Promise.all(
    ["alice", "bob"].map((principal) => tokenFor({ namespace: "waits", principal })),
  );
  if (alice === undefined || bob === undefined) throw new Error("no tokens");
  const { topicId } = await made(alice, "quiet");
  const waits = { sessionId: "session", maxWaitMs: 2_000, minBytes: 1 };
  const startedAt = Date.now();
  const waited = async (): Promise<number> => {
    await fetched(alice, topicId, waits);
    return Date.now() - startedAt;
  };
  const first = waited();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await fetched(bob, topicId, { ...waits, maxWaitMs: 100 });
  expect(await first).toBeGreaterThanOrEqual(2_000);

  // Its own next one does end it: the wait is the session's.
  const replaced = fetched(alice, topicId, { ...waits, maxWaitMs: 25_000 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await fetched(alice, topicId, { ...waits, maxWaitMs: 100 });
  await replaced;
  expect(Date.now() - startedAt).toBeLessThan(20_000);
});
