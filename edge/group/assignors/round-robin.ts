/** All partitions of all topics, dealt to the members in turn; one that does not subscribe to the topic is passed over. */
import { inOrder, type Assignor } from "./assignor.ts";

export const roundRobinAssignor: Assignor = {
  name: "roundrobin",
  assign({ members, topics }) {
    const ordered = inOrder(members);
    let turn = 0;
    return new Map(
      topics.map(({ topicId, partitionCount }) => {
        const hasReader = ordered.some((member) => member.topics.has(topicId));
        const owners = Array.from({ length: partitionCount }, () => {
          if (!hasReader) return null;
          for (;;) {
            const member = ordered[turn % ordered.length];
            turn += 1;
            if (member?.topics.has(topicId) === true) return member.memberId;
          }
        });
        return [topicId, owners];
      }),
    );
  },
};
