/** S03 and rights: a member id is good for its member alone, and a group is shown to whoever may see it. */
import { expect, test } from "vitest";
import type { GroupAssignment, GroupDescription, GroupList, GroupOffsets } from "../../../shared/api/groups.ts";
import type { ErrorBody } from "../../../shared/strandline-error.ts";
import { aclOf, RightsLab } from "../rights-lab.ts";
import { newName } from "./group-lab.ts";

const GROUP = { resourceType: "GROUP", resourceName: "g" } as const;

function beat(memberId: string, memberEpoch: number, topics: readonly string[] = ["orders"], more = {}): object {
  const joining = memberEpoch === 0 ? { subscription: { topics, patterns: [] } } : {};
  return {
    method: "POST",
    path: "/v1/groups/g/heartbeat",
    json: { memberId, memberEpoch, owned: [], ...joining, ...more },
  };
}

async function codeOf(response: Response): Promise<string> {
  return response.ok ? "ok" : ((await response.json()) as { error: ErrorBody }).error.code;
}

test("S03 whoever has learned a member id can do nothing with it", async () => {
  const lab = new RightsLab();
  const { topicId } = await lab.topic("orders");
  const ann = await lab.asAdmin<GroupAssignment>(beat(newName(), 0) as never);
  const { memberId } = ann;
  const commit = {
    ...{ method: "POST", path: "/v1/groups/g/offsets" },
    json: { memberId, memberEpoch: 1, commit: 9, offsets: [{ topicId, partition: 0, offset: 1 }] },
  };
  const leave = { method: "POST", path: "/v1/groups/g/leave", json: { memberId } };
  for (const asked of [beat(memberId, 1), beat(memberId, -1), commit, leave])
    expect(await codeOf(await lab.as("bob", asked as never, "admin"))).toBe("UNKNOWN_MEMBER_ID");
  // Its name makes another member of somebody else, and its place is not taken with it either.
  const [name = ""] = memberId.split(".");
  const bob = (await (await lab.as("bob", beat(name, 0) as never, "admin")).json()) as GroupAssignment;
  expect(bob.memberId).not.toBe(memberId);
  const root = await lab.asAdmin<GroupAssignment>(beat(newName(), 0, ["orders"], { instanceId: "i" }) as never);
  const taking = beat(newName(), 0, ["orders"], { instanceId: "i", previousMemberId: root.memberId });
  expect(await codeOf(await lab.as("bob", taking as never, "admin"))).toBe("UNRELEASED_INSTANCE_ID");
  const described = await lab.asAdmin<GroupDescription>({ method: "GET", path: "/v1/groups/g" });
  expect(described.members.map((one) => one.memberId)).toContain(memberId);
  // Another namespace has another group of that name.
  const other = new RightsLab();
  expect(await codeOf(await other.as("root", { method: "GET", path: "/v1/groups/g" }, "admin"))).toBe(
    "GROUP_ID_NOT_FOUND",
  );
});

test("patterns pass by what may not be read, names do not, and what may not be described is left out", async () => {
  const lab = new RightsLab();
  await lab.topic("orders");
  await lab.topic("secrets");
  await lab.allow(aclOf({}), aclOf({ ...GROUP, operation: "READ" }));
  const all = { subscription: { topics: [], patterns: [{ source: ".*", flags: "" }] } };
  const joined = (await (await lab.as("bob", beat(newName(), 0, [], all) as never)).json()) as GroupAssignment;
  expect(joined.assignment.map(({ topic }) => topic)).toEqual(["orders"]);
  expect(await codeOf(await lab.as("bob", beat(newName(), 0, ["orders", "secrets"]) as never))).toBe(
    "TOPIC_AUTHORIZATION_FAILED",
  );
  expect(await codeOf(await lab.as("bob", beat(newName(), 0, ["orders", "none"]) as never))).toBe(
    "TOPIC_AUTHORIZATION_FAILED",
  );
  await lab.asAdmin(beat(newName(), 0, ["secrets"]) as never);
  const described = (await (await lab.as("bob", { method: "GET", path: "/v1/groups/g" })).json()) as GroupDescription;
  expect(JSON.stringify(described)).not.toContain("secrets");
  expect(described.topics.map(({ topic }) => topic)).toEqual(["orders"]);
  const offsets = (await (await lab.as("bob", { method: "GET", path: "/v1/groups/g/offsets" })).json()) as GroupOffsets;
  expect(offsets.offsets.map(({ topic }) => topic)).toEqual(["orders"]);
  const listed = await (await lab.as("eve", { method: "GET", path: "/v1/groups" })).json();
  expect(listed as GroupList).toEqual({ groups: [] });
  for (const asked of [
    beat(newName(), 0),
    { method: "GET", path: "/v1/groups/g" },
    { method: "DELETE", path: "/v1/groups/g" },
  ])
    expect(await codeOf(await lab.as("eve", asked as never))).toBe("GROUP_AUTHORIZATION_FAILED");
});

test("a right to read that is given or taken away moves partitions with the next heartbeat, though no topic changed", async () => {
  const lab = new RightsLab();
  await lab.topic("orders");
  await lab.topic("secrets");
  const mayRead = aclOf({ resourceName: "secrets" });
  await lab.allow(aclOf({}), aclOf({ ...GROUP, operation: "READ" }));
  const all = { subscription: { topics: [], patterns: [{ source: ".*", flags: "" }] } };
  const { memberId, ...joined } = (await (
    await lab.as("bob", beat(newName(), 0, [], all) as never)
  ).json()) as GroupAssignment;
  const next = async (epoch: number): Promise<GroupAssignment> =>
    (await (await lab.as("bob", beat(memberId, epoch) as never)).json()) as GroupAssignment;
  expect(joined.assignment.map(({ topic }) => topic)).toEqual(["orders"]);
  await lab.allow(mayRead);
  const given = await next(joined.memberEpoch);
  expect(given.assignment.map(({ topic }) => topic)).toEqual(["orders", "secrets"]);
  await lab.asAdmin({ method: "DELETE", path: "/v1/acls?resourceName=secrets" });
  const taken = await next(given.memberEpoch);
  expect(taken.assignment.map(({ topic }) => topic)).toEqual(["orders"]);
});

test("a member whose next token lets it read less loses what it may not read, though no rule changed", async () => {
  const lab = new RightsLab();
  await lab.topic("orders");
  await lab.topic("secrets");
  await lab.allow(aclOf({}), aclOf({ ...GROUP, operation: "READ" }));
  const all = { subscription: { topics: [], patterns: [{ source: ".*", flags: "" }] } };
  const said = async (asked: object, scope: string): Promise<GroupAssignment> =>
    (await (await lab.as("bob", asked as never, scope)).json()) as GroupAssignment;
  const joined = await said(beat(newName(), 0, [], all), "admin");
  expect(joined.assignment.map(({ topic }) => topic)).toEqual(["orders", "secrets"]);
  const later = await said(beat(joined.memberId, joined.memberEpoch), "");
  expect(later.assignment.map(({ topic }) => topic)).toEqual(["orders"]);
});
