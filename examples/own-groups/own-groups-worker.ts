/**
 * The edge with an assignor of one's own: `standby`, by which one member of a group has everything and the others wait to
 * take its place. Set it as `main` of wrangler.toml. Consumers ask for it by its name:
 *
 *   strandline.consumer({ groupId: "nightly", coordinator: "edge", partitionAssigners: ["standby"] })
 */
import type { Assignor } from "../../edge/group/assignors/assignor.ts";
import { GroupObject as EdgeGroups } from "../../edge/group/group-object.ts";
import worker from "../../edge/worker.ts";

export { ControllerObject, PartitionObject, RestConsumerObject } from "../../edge/worker.ts";

/** Who has partitions keeps them, so that nobody takes over from a member that works. */
const standby: Assignor = {
  name: "standby",
  assign({ members, topics }) {
    const has = new Set(topics.flatMap(({ owners }) => owners));
    return new Map(
      topics.map(({ topicId, partitionCount }) => {
        const able = members.filter((member) => member.topics.has(topicId));
        const one = able.find(({ memberId }) => has.has(memberId)) ?? able[0];
        return [topicId, Array.from({ length: partitionCount }, () => one?.memberId ?? null)];
      }),
    );
  },
};

/** Bound as `GROUP`. The first assignor is that of members which name none. */
export class GroupObject extends EdgeGroups {
  protected override assignors(): readonly Assignor[] {
    return [...super.assignors(), standby];
  }
}

export default worker;
