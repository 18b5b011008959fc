/** Each topic for itself: its partitions in a row, cut into as many runs as it has members; the first ones get one more. */
import { inOrder, subscribersOf, type Assignor } from "./assignor.ts";

export const rangeAssignor: Assignor = {
  name: "range",
  assign({ members, topics }) {
    const ordered = inOrder(members);
    return new Map(
      topics.map(({ topicId, partitionCount }) => {
        const subscribers = subscribersOf(topicId, ordered);
        const owners = Array.from({ length: partitionCount }, (_, partition) => {
          // The member whose run [n * count / members, ...) it falls in, where the longer runs come first.
          const short = Math.floor(partitionCount / subscribers.length);
          const long = partitionCount % subscribers.length;
          const inLong = long * (short + 1);
          const at =
            partition < inLong ? Math.floor(partition / (short + 1)) : long + Math.floor((partition - inLong) / short);
          return subscribers[at]?.memberId ?? null;
        });
        return [topicId, owners];
      }),
    );
  },
};
