/** Partitions that come and go under a consumer, at a group's word. */
import { expect, test } from "vitest";
import { systemClock } from "../../../client/web-ports.ts";
import { until } from "./consumer-lab.ts";
import { rebalanceWorld } from "./rebalance-world.ts";

test("only what is assigned is read, from where the group is; more comes when it is assigned", async () => {
  const { group, seen, told, member } = await rebalanceWorld();
  group.committed.set("t-1", 2);
  expect(seen).toEqual([]);
  member().assign("t-0");
  await until(() => seen.length === 4);
  expect(seen).toEqual(["0a@0", "0b@1", "0c@2", "0d@3"]);
  member().assign("t-1");
  await until(() => seen.length === 6);
  expect(seen.slice(4)).toEqual(["1c@2", "1d@3"]);
  await until(() => group.told.includes("commit t-1@4"));
  const [zero, one] = ['{"t":[0]}', '{"t":[1]}'];
  expect(told.filter((each) => each !== "join {}")).toEqual([
    `assigned ${zero}`,
    `join ${zero}`,
    `assigned ${one}`,
    'join {"t":[0,1]}',
  ]);
});

test.each([
  ["as it comes", {}],
  ["by threshold", { autoCommitThreshold: 1_000 }],
  ["by interval", { autoCommitInterval: 1_000_000 }],
] as const)("revoked while its handler works, commits %s: it ends, is committed, then released", async (_, run) => {
  const { group, gates, seen, done, told, payloads, member } = await rebalanceWorld({ run });
  gates.shut("0b@1");
  member().assign("t-0");
  await until(() => seen.includes("0b@1"));
  member().revoke("t-0");
  await until(() => payloads.get("0b@1")?.isStale() === true);
  await payloads.get("0b@1")?.heartbeat();
  expect(group.ownersOf("t-0")).toHaveLength(1);
  gates.open("0b@1");
  await until(() => told.at(-1) === "join {}" && told.length > 3);
  expect(group.told.slice(-2)).toEqual(["commit t-0@2", "release t-0"]);
  expect(done).toEqual(["0a@0", "0b@1"]);
  expect(told.slice(-3)).toEqual(["rebalancing", 'revoked {"t":[0]}', "join {}"]);
  member().assign("t-0");
  await until(() => done.length === 4);
  expect(done.slice(2)).toEqual(["0c@2", "0d@3"]);
});

test("without autoCommit what its user has committed of a revoked partition stands, and no more", async () => {
  const { group, gates, seen, consumer, member } = await rebalanceWorld({ run: { autoCommit: false } });
  gates.shut("0c@2");
  member().assign("t-0");
  await until(() => seen.includes("0c@2"));
  await consumer.commitOffsets([{ topic: "t", partition: 0, offset: 1 }]);
  member().revoke("t-0");
  gates.open("0c@2");
  await until(() => group.told.includes("release t-0"));
  expect(group.told).toEqual(["commit t-0@1", "release t-0"]);
  await expect(consumer.commitOffsets([{ topic: "t", partition: 0, offset: 2 }])).rejects.toMatchObject({
    code: "ILLEGAL_GENERATION",
    details: { topic: "t", partition: 0 },
  });
});

test("a slow handler holds up the hand-over of no other partition", async () => {
  const { group, gates, seen, done, payloads, member, of } = await rebalanceWorld();
  gates.shut("0a@0", "1a@0");
  member().assign("t-0", "t-1", "t-2");
  await until(() => seen.includes("0a@0") && seen.includes("1a@0") && done.includes("2d@3"));
  member().revoke("t-2");
  await until(() => group.told.includes("release t-2"));
  member().revoke("t-1");
  await until(() => payloads.get("1a@0")?.isStale() === true);
  gates.open("1a@0");
  await until(() => group.told.includes("release t-1"));
  expect(["t-2", "t-1", "t-0"].map((place) => group.committed.get(place))).toEqual([4, 1, undefined]);
  expect(of(seen, 1)).toEqual(["1a@0"]);
  gates.open("0a@0");
  await until(() => done.includes("0d@3"));
});

test("lost while its handler works: the handler can know, nothing of it is committed, and it is told", async () => {
  const { group, gates, seen, done, told, payloads, member, of } = await rebalanceWorld({
    run: { autoCommitThreshold: 1_000 },
  });
  gates.shut("0c@2");
  member().assign("t-0");
  await until(() => seen.includes("0c@2"));
  member().lose("t-0");
  await until(() => payloads.get("0c@2")?.isStale() === true);
  await expect(payloads.get("0c@2")?.heartbeat()).rejects.toMatchObject({ code: "ILLEGAL_GENERATION" });
  gates.open("0c@2");
  await until(() => done.includes("0c@2"));
  member().assign("t-1");
  await until(() => done.includes("1d@3"));
  expect(group.told.filter((each) => each.includes("t-0"))).toEqual([]);
  expect(of(seen, 0)).toEqual(["0a@0", "0b@1", "0c@2"]);
  expect(told).toContain("fenced t-0 0-2 ILLEGAL_GENERATION");
  expect(told).toContain('lost {"t":[0]}');
});

test("a handler that ends with what its heartbeat rejected with is no crash", async () => {
  const seen: number[] = [];
  const { group, told, member } = await rebalanceWorld({
    run: {
      eachMessage: async ({ partition, heartbeat }) => {
        seen.push(partition);
        while (partition === 0) await heartbeat();
      },
    },
  });
  member().assign("t-0", "t-1");
  await until(() => seen.includes(0));
  member().lose("t-0");
  await until(() => group.committed.get("t-1") === 4);
  expect(told.filter((each) => each.startsWith("crash"))).toEqual([]);
});

test("lost and given back while the first handler still works: its work does not count for the second time", async () => {
  const { group, gates, seen, done, member } = await rebalanceWorld({ run: { autoCommitThreshold: 1 } });
  gates.shut("0b@1");
  member().assign("t-0");
  await until(() => seen.includes("0b@1"));
  group.told.length = 0;
  member().lose("t-0");
  group.committed.set("t-0", 1);
  member().assign("t-0");
  await systemClock.sleep(20);
  // Never two handlers of one partition at a time.
  expect(seen).toEqual(["0a@0", "0b@1"]);
  gates.open("0b@1");
  await until(() => group.committed.get("t-0") === 4);
  expect(done).toEqual(["0a@0", "0b@1", "0b@1", "0c@2", "0d@3"]);
  expect(group.told).toEqual(["commit t-0@2", "commit t-0@3", "commit t-0@4"]);
});

test("what was read ahead for an earlier ownership is not handled for the next", async () => {
  const { group, gates, seen, payloads, member } = await rebalanceWorld({ config: { maxBytes: 1 } });
  gates.shut("0a@0");
  member().assign("t-0");
  await until(() => seen.includes("0a@0"));
  member().lose("t-0");
  group.committed.set("t-0", 3);
  member().assign("t-0");
  await until(() => payloads.get("0a@0")?.isStale() === true);
  gates.open("0a@0");
  await until(() => group.committed.get("t-0") === 4);
  expect(seen).toEqual(["0a@0", "0d@3"]);
});

test("a commit that is refused on the way out is told with its range, and stops nobody else", async () => {
  const { group, gates, seen, done, told, payloads, member } = await rebalanceWorld({
    run: { autoCommitThreshold: 1_000 },
  });
  gates.shut("0c@2");
  member().assign("t-0", "t-1");
  await until(() => seen.includes("0c@2") && done.includes("1d@3"));
  group.refusing.add("t-0");
  member().revoke("t-0");
  await until(() => payloads.get("0c@2")?.isStale() === true);
  gates.open("0c@2");
  await until(() => told.some((each) => each.startsWith("fenced")));
  expect(told).toContain("fenced t-0 0-3 FENCED_MEMBER_EPOCH");
  member().revoke("t-1");
  await until(() => group.told.includes("release t-1"));
  expect(group.committed.get("t-1")).toBe(4);
  expect(told.filter((each) => each.startsWith("crash"))).toEqual([]);
});

test("a commit that is refused for an earlier ownership takes nothing from the one that there is", async () => {
  const { group, consumer, seen, told, member } = await rebalanceWorld({ run: { autoCommitThreshold: 1_000 } });
  const decided = Promise.withResolvers<void>();
  member().assign("t-0");
  await until(() => seen.length === 4);
  group.underWay = decided.promise;
  const committing = consumer.commitOffsets([{ topic: "t", partition: 0, offset: 4 }]);
  const refused = expect(committing).rejects.toMatchObject({ code: "FENCED_MEMBER_EPOCH" });
  await until(() => group.commits > 0);
  member().lose("t-0");
  member().assign("t-0");
  await until(() => seen.length === 8);
  decided.resolve();
  await refused;
  member().revoke("t-0");
  await until(() => group.told.includes("release t-0"));
  expect(group.told).toEqual(["refused t-0@4", "commit t-0@4", "release t-0"]);
  expect(told.filter((each) => each.startsWith("fenced"))).toEqual(["fenced t-0 0-4 ILLEGAL_GENERATION"]);
});

test("a commit that is refused keeps none beside it from standing", async () => {
  const { group, seen, told, member } = await rebalanceWorld();
  group.refusing.add("t-1");
  member().assign("t-0", "t-1", "t-2");
  await until(() => group.committed.get("t-0") === 4 && group.committed.get("t-2") === 4);
  await until(() => told.some((each) => each.startsWith("fenced t-1")));
  expect(seen).toHaveLength(12);
  expect(told.filter((each) => each.startsWith("crash"))).toEqual([]);
});

test("a worker that dies takes its ownerships with it; what its handlers end with counts for no other", async () => {
  const { group, lab, gates, seen, done, told, payloads, member } = await rebalanceWorld({
    run: { autoCommitThreshold: 1 },
  });
  gates.shut("0b@1");
  member().assign("t-0");
  await until(() => seen.includes("0b@1"));
  lab.kill();
  await until(() => payloads.get("0b@1")?.isStale() === true);
  gates.open("0b@1");
  await until(() => group.members.length === 2 && member().knows("t-0"));
  member().assign("t-0");
  await until(() => group.committed.get("t-0") === 4);
  expect(told).toContain('lost {"t":[0]}');
  expect(done.slice(2)).toEqual(["0b@1", "0c@2", "0d@3"]);
});
