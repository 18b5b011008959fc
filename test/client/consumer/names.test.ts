/** What stands for a partition in maps is one partition's alone. */
import { expect, test } from "vitest";
import { partitionName } from "../../../client/consumer/assigned-partition.ts";
import { lineName, nameOf } from "../../../client/page/line-position.ts";

test("partition -1 of a topic is not partition 1 of another, whose name ends in a dash", () => {
  expect(partitionName("a", -1)).not.toBe(partitionName("a-", 1));
  expect(nameOf({ topic: "a", partition: -1 })).not.toBe(nameOf({ topic: "a-", partition: 1 }));
  const line = { topic: "a", partition: -1, pending: false };
  expect(lineName(line)).not.toBe(lineName({ ...line, topic: "a-", partition: 1 }));
});
