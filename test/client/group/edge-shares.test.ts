/** What a member takes from the answers to its heartbeats. */
import { expect, test } from "vitest";
import { EdgeShares } from "../../../client/group/edge-shares.ts";
import type { TopicRow } from "../../../client/log/rows.ts";
import type { AssignedTopic, CommittedOffset } from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";

const topicId = "id" as TopicId;
const TOPICS = [{ topicKey: 1, name: "t", topicId, partitionCount: 4, retired: false }] as unknown as TopicRow[];

const at = (offset: number, metadata = ""): CommittedOffset => ({
  offset,
  metadata,
  committedAt: 1,
  leaderEpoch: null,
});

function granting(partition: number, committed?: CommittedOffset | null): AssignedTopic[] {
  return [{ topicId, topic: "t", partitions: [committed === undefined ? { partition } : { partition, committed }] }];
}

test("what is not granted with an offset, and is not here, is not taken: the next heartbeat does not name it", () => {
  const shares = new EdgeShares();
  shares.assign(granting(0), []);
  expect([shares.named(), shares.resolve(TOPICS)]).toEqual([[], []]);
  shares.assign(granting(0, null), []);
  expect(shares.named()).toEqual([{ topicId, partitions: [0] }]);
});

test("a grant that says that somebody else has gone on is another ownership; one that repeats what is known is not", () => {
  const shares = new EdgeShares();
  shares.assign(granting(0, at(5)), []);
  shares.resolve(TOPICS);
  const [first] = shares.owned();
  shares.assign(granting(0, at(5)), shares.named());
  shares.assign(granting(0), shares.named());
  expect(shares.owned()).toEqual([first]);
  shares.assign(granting(0, at(9)), shares.named());
  shares.resolve(TOPICS);
  const [next] = shares.owned();
  expect(first?.state).toBe("lost");
  expect(next).not.toBe(first);
  expect(next === undefined ? null : shares.get(next)?.position).toEqual({ offset: 9 });
});

test("metadata of somebody else's is no place to read from", () => {
  for (const metadata of [
    "",
    "strandline readFrom=",
    "strandline readFrom=9",
    "readFrom=1",
    "strandline readFrom=1 ",
  ]) {
    const shares = new EdgeShares();
    shares.assign(granting(0, at(9, metadata)), []);
    shares.resolve(TOPICS);
    const [of] = shares.owned();
    expect(of === undefined ? null : shares.get(of)?.position).toEqual({ offset: 9 });
  }
});

test("a partition that nobody here could work on yet is let go of without a word", () => {
  const shares = new EdgeShares();
  shares.assign(granting(7, null), []);
  expect(shares.resolve(TOPICS)).toEqual(["t"]);
  expect([shares.assign([], shares.named()), shares.named()]).toEqual([[], []]);
});
