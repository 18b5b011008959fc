/** A partition goes from one member to another: over HTTP, over the socket, with the coordinator evicted at every step. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TailEdgeFrame } from "../../../shared/api/tail.ts";
import { newDevice } from "../device.ts";
import { newPlace, type Place } from "../edge.ts";
import { TailClient } from "../tail-client.ts";
import { beatOverHttp, describeGroup, evictGroup, Member, newGroup, type Beat, type Said } from "./group-lab.ts";

afterEach(() => void vi.restoreAllMocks());

/** Four partitions; the first one with three records. */
async function written(): Promise<Place> {
  const place = await newPlace({}, 4);
  const device = await newDevice(place);
  for (const value of ["a", "b", "c"]) await device.send(device.batch(value));
  return place;
}

async function overSocket(): Promise<Beat> {
  const client = await TailClient.open();
  let beats = 0;
  return async (group, heartbeat) => {
    beats += 1;
    const id = beats;
    client.send({ type: "heartbeat", id, group, heartbeat });
    const isIt = (one: unknown): boolean => {
      const frame = one as TailEdgeFrame;
      return frame.type === "heartbeat" && frame.id === id;
    };
    await client.until(() => client.came.some(isIt));
    const frame = client.came.find(isIt) as TailEdgeFrame & { readonly type: "heartbeat" };
    expect(frame.group).toBe(group);
    return (frame.assignment ?? { error: frame.error }) as Said;
  };
}

describe.each([
  { name: "over HTTP", beats: async () => await Promise.resolve(beatOverHttp) },
  { name: "over the socket", beats: overSocket },
])("$name", ({ beats }) => {
  test("two members share, one leaves, and the other goes on where that one was", async () => {
    const place = await written();
    const { topicId } = place;
    const group = newGroup();
    const beat = await beats();
    const first = new Member(group, { topics: [place.name], beat });
    await first.settle();
    expect(first.partitions).toEqual([0, 1, 2, 3].map((partition) => `${topicId}:${partition}`));
    expect(await first.commit(topicId, 0, 2)).toBe("ok");
    const second = new Member(group, { topics: [place.name], beat });
    await second.settle([first]);
    expect([first.partitions.length, second.partitions.length]).toEqual([2, 2]);
    expect(new Set([...first.partitions, ...second.partitions]).size).toBe(4);
    expect((await describeGroup(group)).state).toBe("Stable");
    const [owner, other] = first.owned.has(`${topicId}:0`) ? [first, second] : [second, first];
    expect(await owner.commit(topicId, 0, 3, { commit: 10 })).toBe("ok");
    expect(await other.commit(topicId, 0, 1, { commit: 11 })).toBe("FENCED_MEMBER_EPOCH");
    expect((await owner.leave()).status).toBe(204);
    await other.settle();
    expect(other.partitions).toHaveLength(4);
    expect(other.owned.get(`${topicId}:0`)).toMatchObject({ offset: 3 });
    expect(await owner.commit(topicId, 0, 3, { commit: 12 })).toBe("FENCED_MEMBER_EPOCH");
  });
});

test("a heartbeat that is refused, or is none, is answered on the socket, which goes on", async () => {
  const client = await TailClient.open();
  const heartbeat = { memberId: "short", memberEpoch: 0, owned: [] };
  const refused: readonly (readonly [object, string])[] = [
    [{ id: 1, group: "g", heartbeat }, "INVALID_REQUEST"],
    [{ id: 2, group: "", heartbeat: { ...heartbeat, memberEpoch: 1 } }, "INVALID_GROUP_ID"],
    [{ id: 3, group: "g", heartbeat: { ...heartbeat, memberEpoch: 1 } }, "UNKNOWN_MEMBER_ID"],
    [{ id: 4, group: "g", heartbeat: { ...heartbeat, colour: "red" } }, "INVALID_REQUEST"],
    // No address leads to a group of that name.
    [{ id: 5, group: ".", heartbeat: { ...heartbeat, memberEpoch: 1 } }, "INVALID_GROUP_ID"],
    [{ id: 6, group: "..", heartbeat: { ...heartbeat, memberEpoch: 1 } }, "INVALID_GROUP_ID"],
  ];
  for (const [frame] of refused) client.send(JSON.stringify({ type: "heartbeat", ...frame }));
  await client.until(() => client.frames("heartbeat").length === refused.length);
  const codeOf = (id: number): unknown =>
    client.came.flatMap((one) => (one.type === "heartbeat" && one.id === id ? [one.error?.code] : []));
  for (const [index, [, code]] of refused.entries()) expect(codeOf(index + 1)).toEqual([code]);
  client.send("ping");
  await client.until(() => client.frames("pong").length === 1);
  client.send(JSON.stringify({ type: "heartbeat", id: 7, group: "g" }));
  await client.until(() => client.closed !== null);
});

/** What the members saw, and how many heartbeats that took. `evictedAt`: after which one, or each; null: it lives on. */
async function history(evictedAt: number | "each" | null): Promise<{ readonly seen: unknown; readonly beats: number }> {
  const place = await written();
  const group = newGroup();
  let beats = 0;
  const beat: Beat = async (of, json) => {
    const said = await beatOverHttp(of, json);
    if (beats === evictedAt || evictedAt === "each") await evictGroup(group);
    beats += 1;
    return said;
  };
  const first = new Member(group, { topics: [place.name], beat });
  const second = new Member(group, { topics: [place.name], beat });
  const states = (): unknown => [first, second].map(({ memberEpoch, owned }) => [memberEpoch, owned.size]);
  await first.settle();
  const seen = [states(), await first.commit(place.topicId, 0, 2)];
  await second.settle([first]);
  seen.push(states());
  await first.leave();
  await second.settle();
  seen.push(states(), second.owned.get(`${place.topicId}:0`)?.offset);
  return { seen, beats };
}

test("R22 the coordinator is evicted at any step of it, and nobody sees it", async () => {
  const { seen, beats } = await history(null);
  expect(beats).toBeGreaterThan(8);
  for (let step = 0; step < beats; step += 1) expect([step, (await history(step)).seen]).toEqual([step, seen]);
});

test("R22 the coordinator is evicted after each heartbeat, and nobody sees it", async () => {
  expect((await history("each")).seen).toEqual((await history(null)).seen);
});
