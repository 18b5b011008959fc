/** Heartbeats of groups over the tail's socket: answered there, or said again by a request. */
import { beforeEach, expect, test } from "vitest";
import { groupTransport } from "../../../client/group/edge-transport.ts";
import { TailBeats } from "../../../client/sync/tail-beats.ts";
import type { TailListener, TailSocket, TailTransport } from "../../../client/sync/tail-transport.ts";
import type { GroupAssignment, GroupHeartbeat } from "../../../shared/api/groups.ts";
import type { TailHeartbeat } from "../../../shared/api/tail.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";

const HEARTBEAT: GroupHeartbeat = { memberId: "m", memberEpoch: 3, owned: [] };
const ASSIGNMENT: GroupAssignment = {
  ...{ memberId: "m", memberEpoch: 4, assignment: [] },
  ...{ heartbeatIntervalMs: 5_000, sessionTimeoutMs: 45_000 },
};

let clock: VirtualClock;
let beats: TailBeats;
let sent: TailHeartbeat[];
let requests: { path: string; timeoutMs: number }[];
let listener: TailListener;
let heard: (string | Uint8Array)[];
let socket: TailSocket;
let ended: number;

const web: TailTransport = {
  ticketed: false,
  connect: async (_, given) => {
    listener = given;
    return { send: (text) => void sent.push(JSON.parse(text) as TailHeartbeat), close: () => {} };
  },
};

beforeEach(async () => {
  clock = new VirtualClock();
  beats = new TailBeats(clock);
  [sent, requests, heard, ended] = [[], [], [], 0];
  const closed = (): void => void (ended += 1);
  const own = { received: (data: string | Uint8Array) => void heard.push(data), closed };
  socket = await beats.over(web).connect([], own, new AbortController().signal);
});

function heartbeat(): Promise<GroupAssignment> {
  const request = async ({ path, timeoutMs }: { path: string; timeoutMs: number }): Promise<unknown> => {
    requests.push({ path, timeoutMs });
    return ASSIGNMENT;
  };
  const transport = groupTransport({ groupId: "a/b", request, beats });
  return transport.heartbeat(HEARTBEAT, { timeoutMs: 9_000, signal: new AbortController().signal });
}

const answer = (id: number, error: StrandlineError | null = null): string =>
  JSON.stringify({
    ...{ type: "heartbeat", id, group: "a/b" },
    ...{ assignment: error === null ? ASSIGNMENT : null, error: error?.toBody() ?? null },
  });

test("it is asked and answered over the socket, and the tail hears nothing of it", async () => {
  const asked = heartbeat();
  await clock.settle();
  expect(sent).toEqual([{ type: "heartbeat", id: 1, group: "a/b", heartbeat: HEARTBEAT }]);
  listener.received("pong");
  listener.received(answer(1));
  expect(await asked).toEqual(ASSIGNMENT);
  expect([heard, requests]).toEqual([["pong"], []]);
});

test("what the edge refuses is refused, and not asked for again", async () => {
  const asked = heartbeat();
  await clock.settle();
  listener.received(answer(1, new StrandlineError("FENCED_MEMBER_EPOCH", "")));
  await expect(asked).rejects.toMatchObject({ code: "FENCED_MEMBER_EPOCH" });
  expect(requests).toEqual([]);
});

test("a socket that does not answer in time leaves the rest of it to a request; what it answers then is nobody's", async () => {
  const asked = heartbeat();
  await clock.advance(2_999);
  expect(requests).toEqual([]);
  await clock.advance(1);
  expect(await asked).toEqual(ASSIGNMENT);
  expect(requests).toEqual([{ path: "/v1/groups/a%2Fb/heartbeat", timeoutMs: 6_000 }]);
  listener.received(answer(1));
  expect(heard).toEqual([]);
});

test("a socket that ends leaves it to a request at once, and so does none", async () => {
  const asked = heartbeat();
  await clock.settle();
  listener.closed();
  expect(await asked).toEqual(ASSIGNMENT);
  expect([ended, clock.elapsedMs]).toEqual([1, 0]);
  await heartbeat();
  expect([sent.length, requests.length]).toEqual([1, 2]);
});

test("a socket that the tail closes answers nobody any more", async () => {
  const asked = heartbeat();
  await clock.settle();
  socket.close();
  expect(await asked).toEqual(ASSIGNMENT);
  await heartbeat();
  expect([sent.length, requests.length]).toEqual([1, 2]);
});
