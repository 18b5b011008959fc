import { expect, test } from "vitest";
import { partitionId, type IdSpace } from "../../edge/partition/partition-name.ts";

/** Ids that tell the jurisdiction they are of, as Cloudflare's do. */
function space(within: string): IdSpace<string> {
  return { idFromName: (name) => `${within}${name}`, jurisdiction: (jurisdiction) => space(`${jurisdiction}:`) };
}

const ADDRESS = { namespace: "n", topicId: "t", partition: 3 };

test("a partition of a jurisdiction has an id of it, in the Worker, the controller and the object itself", () => {
  expect(partitionId(space(""), ADDRESS)).toBe('["n","t",3]');
  expect(partitionId(space(""), { ...ADDRESS, jurisdiction: "eu" })).toBe('eu:["n","t",3]');
});
