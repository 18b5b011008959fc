/** What is refused, with each code that the routes of groups tell of. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp, ROUTES } from "../../../edge/app.ts";
import type { Env } from "../../../edge/env.ts";
import type { GroupHeartbeat } from "../../../shared/api/groups.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { checkAnswer } from "../answer-check.ts";
import { controller } from "../controller.ts";
import { call, errorOf, newPlace, type Place } from "../edge.ts";
import { SAMPLES } from "../route-samples.ts";
import { beatOverHttp, evictGroup, Member, newGroup, newName, pathOf } from "./group-lab.ts";

const EDGE: Env = env;

let place: Place;
beforeEach(async () => void (place = await newPlace({}, 2)));
afterEach(() => void vi.restoreAllMocks());

async function joined(more: Partial<GroupHeartbeat> = {}, group = newGroup()): Promise<Member> {
  const member = new Member(group, { topics: [place.name], ...more });
  await member.settle();
  return member;
}

async function codeOfBeat(member: Member, more: Partial<GroupHeartbeat> = {}): Promise<string | undefined> {
  await member.beat(more);
  return member.error?.code;
}

const OF_GROUP = ROUTES.flatMap(([method, path]) =>
  path.startsWith("/v1/groups/:group") ? [`${method} ${path}`] : [],
);

async function ask(route: string, group: string, settings: Partial<Env> = {}): Promise<Response> {
  const sample = SAMPLES.get(route);
  const [method = ""] = route.split(" ");
  const path = sample?.path.replace("/groups/g", `/groups/${encodeURIComponent(group)}`) ?? "";
  const { memberId } = route.endsWith("/leave") ? await joined() : { memberId: "A".repeat(22) };
  const body =
    typeof sample?.body === "string"
      ? sample.body
          .replaceAll('"orders"', `"${place.name}"`)
          .replace("00000000-0000-4000-8000-000000000000", place.topicId)
          .replace("A".repeat(22), memberId)
      : undefined;
  const request = new Request(`http://localhost${path}`, { method, ...(body === undefined ? {} : { body }) });
  const response = await createApp().fetch(request, { ...EDGE, ...settings }, createExecutionContext());
  await checkAnswer({ method, path }, response);
  return response;
}

describe.each(OF_GROUP)("%s", (route) => {
  test.each(["x".repeat(250), "a\u0000b", "a\nb", "\u0085"])("refuses the name %j", async (group) => {
    expect(await errorOf(await ask(route, group))).toMatchObject({ status: 400, code: "INVALID_GROUP_ID" });
  });

  test("says so where the group's object cannot be reached", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const broken = {
      idFromName: () => "",
      get: () => {
        throw new Error("the object is gone");
      },
    };
    const error = await errorOf(await ask(route, "g", { GROUP: broken as never }));
    expect(error).toMatchObject({ status: 503, code: "COORDINATOR_NOT_AVAILABLE", retriable: true });
  });
});

test("names of any script are groups", async () => {
  for (const group of ["a/b", "é", "集団", "🦀 x?y#z", "%2F", "..", "."].map((one) => `${one}-${newGroup()}`)) {
    const member = await joined({}, group);
    expect(member.partitions).toHaveLength(2);
    const { groups }: { groups: { groupId: string }[] } = await (await call("/v1/groups")).json();
    expect(groups.map(({ groupId }) => groupId)).toContain(group);
  }
});

describe("a heartbeat", () => {
  test("of a group, or a member, that is not there", async () => {
    const member = await joined();
    const { memberId } = member;
    expect(await beatOverHttp("nowhere", { memberId, memberEpoch: 1, owned: [] })).toMatchObject({
      error: { code: "UNKNOWN_MEMBER_ID" },
    });
    expect((await call(pathOf("nowhere"))).status).toBe(404);
    await member.leave();
    expect(await codeOfBeat(member)).toBe("UNKNOWN_MEMBER_ID");
    expect(await errorOf(await member.leave())).toMatchObject({ status: 409, code: "UNKNOWN_MEMBER_ID" });
  });

  test("of an epoch that its member has not come to", async () => {
    expect(await codeOfBeat(await joined(), { memberEpoch: 99 })).toBe("FENCED_MEMBER_EPOCH");
  });

  test.each([
    [{ assignor: "by-weather" }, "UNSUPPORTED_ASSIGNOR"],
    [{ sessionTimeoutMs: 1 }, "INVALID_SESSION_TIMEOUT"],
    [{ sessionTimeoutMs: 100_000_000 }, "INVALID_SESSION_TIMEOUT"],
    [{ subscription: { topics: [], patterns: [{ source: "(", flags: "" }] } }, "INVALID_REGULAR_EXPRESSION"],
    [{ subscription: { topics: [], patterns: [{ source: "a", flags: "qq" }] } }, "INVALID_REGULAR_EXPRESSION"],
    [{ subscription: { topics: ["no/topic"], patterns: [] } }, "INVALID_TOPIC_EXCEPTION"],
    [{ memberId: "short" }, "INVALID_REQUEST"],
    [{ memberEpoch: -3 }, "INVALID_REQUEST"],
  ])("that joins with %j is %s, and leaves no group behind", async (more, code) => {
    const group = newGroup();
    const member = new Member(group, { topics: [place.name] });
    expect(await codeOfBeat(member, more)).toBe(code);
    expect((await call(pathOf(group))).status).toBe(404);
    await vi.waitFor(async () => {
      const { groups }: { groups: { groupId: string }[] } = await (await call("/v1/groups")).json();
      expect(groups.map(({ groupId }) => groupId)).not.toContain(group);
    });
    expect((await joined({}, group)).partitions).toHaveLength(2);
  });

  test("of a static member whose place is taken, of one that takes it, and of its earlier life", async () => {
    const first = await joined({ instanceId: "till-1" });
    const second = new Member(first.group, { topics: [place.name], instanceId: "till-1" });
    expect(await codeOfBeat(second)).toBe("UNRELEASED_INSTANCE_ID");
    expect(await codeOfBeat(second, { previousMemberId: first.memberId })).toBeUndefined();
    expect(second.memberEpoch).toBeGreaterThan(0);
    await second.settle();
    expect(second.partitions).toHaveLength(2);
    expect(await codeOfBeat(first)).toBe("FENCED_INSTANCE_ID");
    expect(await errorOf(await first.leave())).toMatchObject({ code: "FENCED_INSTANCE_ID" });
    expect((await second.leave(true)).status).toBe(204);
    const third = await joined({ instanceId: "till-1" }, first.group);
    expect(third.partitions).toEqual(second.partitions);
  });

  test("of one member too many", async () => {
    const member = await joined();
    const { groupMembersMax } = LIMITS;
    Object.assign(LIMITS, { groupMembersMax: 1 });
    try {
      await evictGroup(member.group);
      expect(await codeOfBeat(new Member(member.group, { topics: [place.name] }))).toBe("GROUP_MAX_SIZE_REACHED");
    } finally {
      Object.assign(LIMITS, { groupMembersMax });
    }
  });
});

test("a namespace has so many groups", async () => {
  await joined();
  const { groupsPerNamespaceMax } = LIMITS;
  Object.assign(LIMITS, { groupsPerNamespaceMax: 1 });
  try {
    const group = newGroup();
    expect(await codeOfBeat(new Member(group, { topics: [place.name] }))).toBe("POLICY_VIOLATION");
    const offsets = [{ topicId: place.topicId, partition: 0, offset: 0 }];
    const committed = await call(pathOf(group, "/offsets"), {
      json: { memberId: null, memberEpoch: 0, commit: 0, offsets },
    });
    expect(await errorOf(committed)).toMatchObject({ status: 409, code: "POLICY_VIOLATION" });
    const reset = await call(pathOf(group, "/offsets/reset"), { json: { topics: [place.name], to: "latest" } });
    expect(await errorOf(reset)).toMatchObject({ code: "POLICY_VIOLATION", limit: 1 });
  } finally {
    Object.assign(LIMITS, { groupsPerNamespaceMax });
  }
});

test("incarnations never repeat, and one that is no more takes no other with it", async () => {
  const group = newName();
  const take = async (): Promise<number> => {
    const registered = await controller().registerGroup(group);
    return registered.ok ? registered.value : -1;
  };
  const first = await take();
  expect(await take()).toBe(first);
  await controller().unregisterGroup(group, first);
  const second = await take();
  expect(second).toBeGreaterThan(first);
  await controller().unregisterGroup(group, first);
  expect(await take()).toBe(second);
  // As after a restore of an older copy of the controller: its counter has gone back.
  await runInDurableObject(controller(), (_, { storage: { sql } }: DurableObjectState) => {
    sql.exec("UPDATE counters SET value = 1 WHERE name = 'incarnation'");
  });
  await controller().unregisterGroup(group, second);
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(second));
  expect(await take()).toBeGreaterThan(second);
});
