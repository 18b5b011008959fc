/** A tab that is a member of a group at the edge, for tests that kill, freeze and cut it off. */
import { Strandline, type Consumer } from "../../client/index.ts";

export interface JoinSettings {
  readonly topic: string;
  readonly group: string;
  readonly sessionTimeout: number;
  readonly instanceId?: string;
  /** Where records are to last: a pause behind each of so many. */
  readonly pauseEvery?: number;
  /** What is handled is committed so seldom that whoever is killed has something uncommitted. */
  readonly commitsSeldom?: boolean;
  /** Counts what is on the device. */
  readonly counts?: boolean;
}

/** What was handled, told in the moment a handler begins. */
export interface Handled {
  readonly tab: string;
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

export interface MemberEvent {
  readonly type: string;
  readonly partitions: readonly number[];
  /** Of an error. */
  readonly code: string | null;
  readonly from: number | null;
  readonly to: number | null;
}

export interface MemberState {
  readonly memberId: string;
  readonly epoch: number;
  readonly owned: readonly number[];
  readonly events: readonly MemberEvent[];
  /** Records of the device's copy of the topic (`counts`). */
  readonly onDevice: number;
}

export interface GroupPage {
  join(settings: JoinSettings): Promise<void>;
  state(): MemberState;
  /** No handler gets on until `go`. */
  hold(): void;
  go(): void;
  /** The main thread does nothing else for so long. */
  busy(ms: number): void;
  leave(): Promise<void>;
}

declare global {
  interface Window {
    group: GroupPage;
    /** In the page that is in front. */
    memberHandled: Handled[];
  }
}

const PAUSE_TASKS = 100;
/** Hand-overs are soon done; the session is what tests wait for. */
const HEARTBEAT_MS = 500;
const search = new URLSearchParams(location.search);
const tab = search.get("tab") ?? "";
const told = new BroadcastChannel("member-handled");

function open(): GroupPage {
  const client = new Strandline({
    url: search.get("edge") ?? "",
    retry: { initialRetryTime: 20, maxRetryTime: 200 },
    worker: () => new Worker(`worker.js?tab=${tab}`, { type: "module" }),
  });
  const state = { memberId: "", epoch: 0, owned: [] as number[], events: [] as MemberEvent[], onDevice: 0 };
  let consumer: Consumer | undefined;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  let handled = 0;
  return {
    join: async (settings) => {
      const { topic, group, sessionTimeout, instanceId, pauseEvery = Infinity, counts = false } = settings;
      const instance = instanceId === undefined ? {} : { groupInstanceId: instanceId };
      const timing = { sessionTimeout, heartbeatInterval: HEARTBEAT_MS };
      consumer = client.consumer({ groupId: group, coordinator: "edge", ...timing, ...instance });
      watch(consumer, topic, state);
      await consumer.subscribe({ topic, fromBeginning: true });
      if (counts) {
        const all = client.consumer();
        await all.subscribe({ topic, fromBeginning: true });
        await all.run({ eachMessage: () => void (state.onDevice += 1) });
      }
      await consumer.run({
        autoCommitThreshold: settings.commitsSeldom === true ? 500 : 50,
        autoCommitInterval: settings.commitsSeldom === true ? 2_000 : 100,
        eachMessage: async ({ partition, message }) => {
          await gate.promise;
          told.postMessage({ tab, partition, offset: message.offset, value: message.text() ?? "" } satisfies Handled);
          handled += 1;
          if (handled % pauseEvery === 0) await pause();
        },
      });
    },
    state: () => state,
    hold: () => void (gate = Promise.withResolvers()),
    go: () => gate.resolve(),
    busy: (ms) => {
      const until = performance.now() + ms;
      while (performance.now() < until);
    },
    leave: async () => await consumer?.disconnect(),
  };
}

/** In tasks: timers are slow in a tab behind, and a request that a freeze has met may never come to an end. */
async function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  for (let left = PAUSE_TASKS; left > 0; left -= 1)
    await new Promise<void>((resolve) => {
      port2.onmessage = () => resolve();
      port1.postMessage(null);
    });
  port1.close();
}

type Mutable = { -readonly [Key in keyof MemberState]: MemberState[Key] } & { events: MemberEvent[] };

function watch(consumer: Consumer, topic: string, state: Mutable): void {
  const note = (type: string, more: Partial<MemberEvent>): void =>
    void state.events.push({ type, partitions: [], code: null, from: null, to: null, ...more });
  consumer.on("heartbeat", ({ memberId, groupGenerationId }) => {
    state.memberId = memberId ?? "";
    state.epoch = groupGenerationId;
  });
  consumer.on("group_join", ({ memberAssignment }) => {
    state.owned = [...(memberAssignment[topic] ?? [])];
    note("group_join", { partitions: state.owned });
  });
  for (const type of ["partitions_assigned", "partitions_revoked", "partitions_lost"] as const)
    consumer.on(type, ({ partitions: { [topic]: partitions = [] } }) => {
      if (type !== "partitions_assigned") state.owned = state.owned.filter((one) => !partitions.includes(one));
      note(type, { partitions });
    });
  consumer.on("commit_fenced", ({ partition, code, from, to }) =>
    note("commit_fenced", { partitions: [partition], code, from, to }),
  );
  consumer.on("crash", ({ error }) =>
    note("crash", { code: (error as { readonly code?: string }).code ?? String(error) }),
  );
}

if (tab !== "front") window.group = open();
