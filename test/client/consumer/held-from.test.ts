/** What the device dropped of its copy is not passed over in silence. */
import { expect, test } from "vitest";
import type { ConsumerNews, ConsumerOptions } from "../../../client/calls/consumer-calls.ts";
import { ConsumerSession } from "../../../client/consumer/consumer-session.ts";
import { evict } from "../../../client/storage/eviction.ts";
import { DeviceNews } from "../../../client/device-news.ts";
import { dropOldest } from "../../../client/log/held-rows.ts";
import { cryptoRandom, systemClock } from "../../../client/web-ports.ts";
import type { Offset } from "../../../shared/brands.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { ReplicaLab } from "../storage/replica-lab.ts";
import { SILENT_CHANNEL } from "./fake-log.ts";
import { GROUP, deviceGroups } from "./device-groups.ts";

const ASK = {
  bytesMax: 10_000,
  partitionBytesMax: 10_000,
  bytesMin: 1,
  waitMs: 0,
  rejoins: [],
  commit: [],
  paused: [],
};

/** Rows of one record each; the first `dropped` of them went. */
async function held(options: { readonly records: number; readonly dropped: number }): Promise<ReplicaLab> {
  const lab = await ReplicaLab.open();
  for (let at = 0; at < options.records; at += 1) await lab.put({ value: `v${at}` });
  await dropOldest(lab.tab.store, lab.ref, ({ lastOffset }) => lastOffset < options.dropped, { local: false });
  return lab;
}

function session(lab: ReplicaLab, options: Partial<ConsumerOptions>): ConsumerSession {
  const { replica, own, catalog } = lab.tab.log;
  const groupId = options.groupId ?? null;
  const news = new DeviceNews(SILENT_CHANNEL, systemClock);
  const ports = { clock: systemClock, random: cryptoRandom };
  return new ConsumerSession(
    {
      ...{ replica, own, catalog, readThrough: null, follow: () => lab.topicRow() },
      ...ports,
      news,
      join: deviceGroups({ ...ports, news, replica, locks: new MemoryLocks() }),
    },
    {
      groupId,
      group: groupId === null ? null : GROUP,
      isolation: "committed",
      topics: [{ name: "orders", fromBeginning: true, storage: "replica" }],
      patterns: [],
      ...options,
    },
  );
}

async function resets(
  consumer: ConsumerSession,
  seeks: { readonly topic: string; readonly partition: number; readonly offset: number }[] = [],
): Promise<{ readonly told: ConsumerNews[]; readonly from: number[] }> {
  await consumer.subscribe();
  const told: ConsumerNews[] = [];
  const from: number[] = [];
  for (let polls = 0; polls < 4; polls += 1) {
    const answer = await consumer.poll({ ...ASK, waitMs: 20, seeks: polls === 0 ? seeks : [] });
    told.push(...answer.news.filter(({ type }) => type === "reset"));
    from.push(...answer.runs.map((run) => run.from));
  }
  await consumer.close([]);
  return { told, from };
}

const NEVER = new AbortController().signal;
const RESET = { type: "reset", topic: "orders", partition: 0, to: 3, reason: "retention" };

test("a group whose offset is below what is held is told, and goes on where the device begins", async () => {
  const lab = await held({ records: 5, dropped: 3 });
  await lab.tab.log.replica.commit("billing", [{ ref: lab.ref, offset: 1 as Offset }]);
  const { told, from } = await resets(session(lab, { groupId: "billing" }));
  expect(told).toEqual([{ ...RESET, from: 1 }]);
  expect(from[0]).toBe(3);
});

test("a seek to what was dropped is told", async () => {
  const { told, from } = await resets(session(await held({ records: 5, dropped: 3 }), {}), [
    { topic: "orders", partition: 0, offset: 2 },
  ]);
  expect(told).toEqual([{ ...RESET, from: 2 }]);
  expect(from[0]).toBe(3);
});

test("all of it was dropped: told as well", async () => {
  const lab = await held({ records: 3, dropped: 3 });
  await lab.tab.log.replica.commit("billing", [{ ref: lab.ref, offset: 1 as Offset }]);
  expect((await resets(session(lab, { groupId: "billing" }))).told).toEqual([{ ...RESET, from: 1 }]);
});

test("a group that has read nothing yet is told what was dropped before it came, and not what the edge dropped", async () => {
  const lab = await held({ records: 5, dropped: 3 });
  const { told, from } = await resets(session(lab, { groupId: "billing" }));
  expect(told).toEqual([{ ...RESET, from: 0 }]);
  expect(from[0]).toBe(3);
  const cut = await held({ records: 5, dropped: 3 });
  await cut.change({ logStartOffset: 3 as Offset });
  expect((await resets(session(cut, { groupId: "billing" }))).told).toEqual([]);
});

test("what is evicted while a group reads is told to it, and what it had consumed is not", async () => {
  const lab = await held({ records: 6, dropped: 0 });
  const { replica } = lab.tab.log;
  await replica.commit("billing", [{ ref: lab.ref, offset: 4 as Offset }]);
  const first = await lab.partition();
  await evict(lab.tab.store, 1, NEVER);
  // What all groups have had goes first.
  expect((await lab.partition()).heldFrom).toBe((first.heldFrom ?? 0) + 1);
  expect((await resets(session(lab, { groupId: "billing" }))).told).toEqual([]);
  await evict(lab.tab.store, 1e9, NEVER);
  expect((await resets(session(lab, { groupId: "billing" }))).told).toEqual([{ ...RESET, from: 4, to: 6 }]);
});

test("who asked for the beginning has it, without a word", async () => {
  const { told, from } = await resets(session(await held({ records: 5, dropped: 3 }), {}));
  expect(told).toEqual([]);
  expect(from[0]).toBe(3);
});

test("what compaction took is no gap", async () => {
  const lab = await held({ records: 5, dropped: 0 });
  await lab.tab.store.transact(["log"], { mode: "readwrite" }, (transaction) =>
    transaction.delete("log", { from: [lab.ref.topicKey, 0, 1], to: [lab.ref.topicKey, 0, 3] }),
  );
  const { told } = await resets(session(lab, {}), [{ topic: "orders", partition: 0, offset: 1 }]);
  expect(told).toEqual([]);
});
