/** An assignor that the edge was made with, in the class that is bound as `GROUP`. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { HeartbeatCall } from "../../../edge/group/group-calls.ts";
import { GroupObject } from "../../../examples/own-groups/own-groups-worker.ts";
import { newPlace } from "../edge.ts";
import { Member, newGroup, coordinator } from "./group-lab.ts";

test("members that ask for it have their partitions by it; elsewhere it is not known", async () => {
  const { name, topicId } = await newPlace({}, 3);
  const groupId = newGroup();
  const address = { namespace: "default", groupId };
  const topics = [{ topicId, topic: name, partitionCount: 3 }];
  const found = await runInDurableObject(coordinator(groupId), async (_instance, state) => {
    const group = new GroupObject(state, env);
    const beat = async (memberId: string, memberEpoch: number, owned: readonly number[], more = {}) => {
      const heartbeat = { memberId, memberEpoch, owned: [{ topicId, partitions: owned }], ...more };
      const resolution = memberEpoch === 0 ? { revision: 1, topics } : null;
      const call: HeartbeatCall = { heartbeat, revision: 1, resolution };
      const told = await group.heartbeat(address, call);
      if (!told.ok) return told.error.code;
      const { memberEpoch: epoch = 0, assignment = [] } = told.value.assignment ?? {};
      return { epoch, partitions: assignment.flatMap((one) => one.partitions.map(({ partition }) => partition)) };
    };
    const joins = { subscription: { topics: [name], patterns: [] }, assignor: "standby" };
    const all = [0, 1, 2];
    const steps = [await beat("b", 0, [], joins), await beat("a", 0, [], joins), await beat("b", 1, all)];
    // The one that stands by has it all once the other has left.
    await beat("b", -1, []);
    return [...steps, await beat("a", 2, []), await beat("c", 0, [], { ...joins, assignor: "nobody's" })];
  });
  expect(found).toEqual([
    { epoch: 1, partitions: [0, 1, 2] },
    { epoch: 2, partitions: [] },
    { epoch: 2, partitions: [0, 1, 2] },
    { epoch: 3, partitions: [0, 1, 2] },
    "UNSUPPORTED_ASSIGNOR",
  ]);
  const member = new Member(newGroup(), { topics: [name], assignor: "standby" });
  await member.beat();
  expect(member.error).toMatchObject({ code: "UNSUPPORTED_ASSIGNOR" });
});
