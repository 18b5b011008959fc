/** A group without an offset, whose consumers begin at the end: where it began is the group's, whoever goes on. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import type { RunConfig } from "../../../client/page/consumer-events.ts";
import { ConsumerLab, inWords, until } from "./consumer-lab.ts";
import { FakeGroup, type FakeMember } from "./fake-group.ts";

let group: FakeGroup;
let lab: ConsumerLab;
let seen: string[];
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  group = new FakeGroup();
  lab = await ConsumerLab.open({ localPartitionCount: 1, groups: group.groups });
  await lab.append("t-0: a b");
  seen = [];
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function consumer(run: Partial<RunConfig> = {}): Promise<{ consumer: PageConsumer; member: FakeMember }> {
  const made = lab.consumer({ groupId: "g" });
  stops.push(() => made.stop());
  await made.subscribe({ topic: "t" });
  await made.run({ eachMessage: ({ message }) => void seen.push(inWords(message)), ...run } as RunConfig);
  const member = group.members.at(-1) as FakeMember;
  await until(() => member.knows("t-0"));
  return { consumer: made, member };
}

test.each([
  ["by itself", {}],
  ["in a while", { autoCommitInterval: 3_600_000 }],
  ["after many", { autoCommitThreshold: 100 }],
])("what comes between one owner and the next is the next one's, where commits come %s", async (_, when) => {
  const first = await consumer(when);
  first.member.assign("t-0");
  await until(() => group.committed.get("t-0") === 2);
  first.member.lose("t-0");
  await lab.append("t-0: c d");
  const second = await consumer();
  second.member.assign("t-0");
  await until(() => seen.length === 2);
  expect(seen).toEqual(["c@2", "d@3"]);
});

test("nothing is told of a start that is lost before it is committed: nobody has handled anything", async () => {
  const first = await consumer({ autoCommitThreshold: 100 });
  const told: unknown[] = [];
  first.consumer.on("commit_fenced", (event) => told.push(event));
  const revoked: unknown[] = [];
  first.consumer.on("partitions_revoked", (event) => revoked.push(event));
  first.member.assign("t-0");
  // Where it begins is decided.
  await lab.polled();
  await lab.append("t-0: c");
  await until(() => seen.length === 1);
  first.member.revoke("t-0");
  await until(() => revoked.length === 1);
  expect([group.committed.get("t-0"), told]).toEqual([3, []]);
});

test("without autoCommit nothing is committed but what is asked for", async () => {
  const first = await consumer({ autoCommit: false });
  first.member.assign("t-0");
  // Where it begins is decided.
  await lab.polled();
  await lab.append("t-0: c");
  await until(() => seen.length === 1);
  await first.consumer.stop();
  expect(group.committed.size).toBe(0);
});

test("a transaction on the first record is applied, whenever the start was committed", async () => {
  const device = await ConsumerLab.open({ localPartitionCount: 1 });
  const made = device.consumer({ groupId: "g" });
  stops.push(() => made.stop());
  const handled: string[] = [];
  let fenced = 0;
  made.on("fenced", () => (fenced += 1));
  const starts: unknown[] = [];
  made.on("commit_offsets", ({ offsets }) => starts.push(offsets));
  await device.append("t-0: a");
  await made.subscribe({ topic: "t" });
  await made.run({
    eachMessage: ({ message, tx }) => {
      tx.state.put("at", message.offset);
      handled.push(inWords(message));
    },
  });
  await until(() => starts.length === 1);
  await device.append("t-0: b c");
  await until(() => handled.length === 2);
  expect([handled, fenced]).toEqual([["b@1", "c@2"], 0]);
});
