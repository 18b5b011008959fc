/**
 * An assignor of one's own, held to what it promises. One that throws, or leaves a partition to nobody or to a member
 * that does not subscribe to it, would leave the group without an owner there until somebody joins or goes: `sticky`
 * shares in its place then, and the log says why.
 */
import { log, thrownFields } from "../../log.ts";
import type { Assignor, AssignorInput, Target } from "./assignor.ts";
import { stickyAssignor } from "./sticky.ts";

export function guarded(assignor: Assignor): Assignor {
  const { name } = assignor;
  return {
    name,
    assign(input) {
      try {
        const target = assignor.assign(input);
        if (isWhole(target, input)) return target;
        log.error("an assignor left partitions to nobody who subscribes to them", { reason: name });
      } catch (thrown) {
        log.error("an assignor failed", { ...thrownFields(thrown), reason: name });
      }
      return stickyAssignor.assign(input);
    },
  };
}

function isWhole(target: Target, { members, topics }: AssignorInput): boolean {
  return topics.every(({ topicId, partitionCount }) => {
    const able = new Set(members.flatMap((member) => (member.topics.has(topicId) ? [member.memberId] : [])));
    const owners = target.get(topicId);
    const partitions = Array.from({ length: partitionCount }, (_, partition) => owners?.[partition] ?? null);
    return able.size === 0 || partitions.every((owner) => owner !== null && able.has(owner));
  });
}
