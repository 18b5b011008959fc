/** What is asked, and when, for how old an entry. */
import { beforeEach, expect, test } from "vitest";
import type { ControllerPort, KnownTopic, TopicLookup } from "../../edge/operations/ports.ts";
import { TopicCache } from "../../edge/topic-cache.ts";
import type { TopicId } from "../../shared/brands.ts";

function topic(id: string, partitionCount = 1): KnownTopic {
  return { name: "orders", error: null, topicId: id as TopicId, partitionCount, config: {} };
}

let nowMs: number;
/** As the controller has it; null: there is none. */
let held: KnownTopic | null;
let asked: string[];
/** Answers that the controller holds back. */
let gate: Promise<void>;
let background: Promise<void>[];
let lookup: TopicLookup;

beforeEach(() => {
  nowMs = 1_000_000;
  held = topic("a");
  asked = [];
  gate = Promise.resolve();
  background = [];
  lookup = new TopicCache({ now: () => nowMs, sleep: async () => undefined }).lookup(controller(), (work) => {
    background.push(work);
  });
});

function controller(): ControllerPort {
  const notAsked = (): never => {
    throw new Error("a look-up changes nothing");
  };
  return {
    metrics: notAsked,
    rules: notAsked,
    createAcls: notAsked,
    deleteAcls: notAsked,
    describeAcls: notAsked,
    alterQuotas: notAsked,
    bornPartitions: notAsked,
    topics: async () => {
      asked.push("name");
      const answer = held;
      await gate;
      return answer === null ? [] : [{ ok: true, value: answer }];
    },
    topicById: async (topicId) => {
      asked.push("id");
      const answer = held;
      await gate;
      return answer?.topicId === topicId ? answer : null;
    },
    createTopic: notAsked,
    alterTopic: notAsked,
    growTopic: notAsked,
    deleteTopic: notAsked,
    remindPartition: notAsked,
  };
}

async function settled(): Promise<void> {
  await Promise.all(background);
}

const WAYS = [
  { way: "id", ask: async () => await lookup.byId("a") },
  { way: "name", ask: async () => await lookup.byName("orders") },
];

test.each(WAYS)("by $way: for five seconds nothing is asked", async ({ ask }) => {
  await ask();
  nowMs += 4_999;
  expect(await ask()).toEqual(topic("a"));
  expect(asked).toHaveLength(1);
});

test.each(WAYS)("by $way: then one asks behind the answer, however many look", async ({ way, ask }) => {
  await ask();
  held = topic("a", 7);
  nowMs += 5_000;
  let open = (): void => undefined;
  gate = new Promise((resolve) => (open = resolve));
  for (let count = 0; count < 3; count += 1) expect(await ask()).toEqual(topic("a"));
  expect(asked).toEqual([way, way]);
  open();
  await settled();
  expect(await ask()).toEqual(topic("a", 7));
  nowMs += 4_999;
  await ask();
  expect(asked).toHaveLength(2);
});

test.each(WAYS)("by $way: after a minute it is asked before it is answered", async ({ ask }) => {
  await ask();
  held = topic("a", 7);
  nowMs += 60_000;
  expect(await ask()).toEqual(topic("a", 7));
  expect(background).toEqual([]);
});

test.each(WAYS)("by $way: what was deleted is told for a while and then no more", async ({ ask }) => {
  await ask();
  held = null;
  nowMs += 5_000;
  expect(await ask()).toEqual(topic("a"));
  await settled();
  expect(await lookup.byId("a")).toBeNull();
  expect(await lookup.byName("orders")).toBeNull();
});

test.each(WAYS)("by $way: that a topic is not there is never remembered", async ({ ask }) => {
  held = null;
  expect(await ask()).toBeNull();
  held = topic("a");
  expect(await ask()).toEqual(topic("a"));
});

test("a refresh that fails leaves what is known, and the next look-up tries again", async () => {
  await lookup.byId("a");
  nowMs += 5_000;
  gate = Promise.reject(new Error("the controller is gone"));
  expect(await lookup.byId("a")).toEqual(topic("a"));
  await settled();
  gate = Promise.resolve();
  held = topic("a", 2);
  expect(await lookup.byId("a")).toEqual(topic("a"));
  await settled();
  expect(await lookup.byId("a")).toEqual(topic("a", 2));
});

test("a topic made again under its name drops the one before it", async () => {
  await lookup.byName("orders");
  held = topic("b");
  nowMs += 5_000;
  await lookup.byName("orders");
  await settled();
  expect(await lookup.byName("orders")).toEqual(topic("b"));
  expect(asked).toEqual(["name", "name"]);
  expect(await lookup.byId("a")).toBeNull();
  expect(asked).toEqual(["name", "name", "id"]);
});

test("an answer that was overtaken takes no partitions back", async () => {
  lookup.learn(topic("a", 4));
  lookup.learn(topic("a", 2));
  expect(await lookup.byId("a")).toEqual(topic("a", 4));
});

test("what is forgotten is asked for, by either way", async () => {
  lookup.learn(topic("a"));
  lookup.forget("a");
  lookup.forget("never known");
  await lookup.byName("orders");
  lookup.forget("a");
  await lookup.byId("a");
  expect(asked).toEqual(["name", "id"]);
});

test("a clock that was set back makes an entry old", async () => {
  await lookup.byId("a");
  nowMs -= 1;
  await lookup.byId("a");
  expect(asked).toHaveLength(2);
});
