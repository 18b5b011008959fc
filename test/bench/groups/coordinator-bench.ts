/** What a change of a large group takes and costs: its members beat as they are told to, over HTTP, and work on nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import type { GroupDescription } from "../../../shared/api/groups.ts";
import { startBroker } from "../../harness/workerd-broker.ts";
import type { Workerd } from "../../harness/workerd.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { absolute, type Figure } from "../figure.ts";
import { BenchMember } from "./bench-member.ts";
import { optimumOfMoves } from "./moves.ts";

const MEMBERS = 100;
const PARTITIONS = 300;
/** Short, that a crash is soon noticed: heartbeats are due every third of it. */
const SESSION_MS = 6_000;
const CHANGES = 3;
const CRASHES = 2;
const SETTLED_MS_MAX = 60_000;
const GROUP = "bench";
const TOPIC = "bench-groups";

interface Costs {
  readonly rows: number;
  readonly alarms: number;
}

interface Change extends Costs {
  /** Heartbeats that were due for a member until the group had settled: of the member that had most. */
  readonly beats: number;
  readonly ms: number;
  readonly epochs: number;
  readonly moved: number;
  readonly optimum: number;
}

type Owners = ReadonlyMap<number, BenchMember>;

export async function coordinatorBench(): Promise<Figure[]> {
  const dir = await tempDir("bench-groups");
  const edge = await startBroker({ dir: dir.path, entry: "test/edge/counted-groups-worker.ts" });
  const group = new BenchGroup(edge);
  try {
    return await group.measure();
  } finally {
    await group.end();
    await edge.kill();
    await dir.remove();
  }
}

class BenchGroup {
  readonly #edge: Workerd;
  #members: BenchMember[] = [];
  #onHeard = (): void => {};
  /** What a heartbeat was refused with: none is to be. */
  #failure: Error | null = null;

  constructor(edge: Workerd) {
    this.#edge = edge;
  }

  async measure(): Promise<Figure[]> {
    await this.#createTopic();
    const began = performance.now();
    // Over one interval, as their heartbeats come from then on.
    const joins = Array.from({ length: MEMBERS }, async (_, index) => {
      await sleep((index * SESSION_MS) / 3 / MEMBERS);
      await this.#add().join();
    });
    await Promise.all(joins);
    await this.#settled();
    const formedMs = performance.now() - began;
    await sleep((2 * SESSION_MS) / 3);
    const steady = await this.#costsOf(async () => await sleep(SESSION_MS));
    const [leaves, joined, crashes]: [Change[], Change[], Change[]] = [[], [], []];
    for (let at = 0; at < CHANGES; at += 1) {
      leaves.push(await this.#change(async () => await this.#take().leave()));
      joined.push(await this.#change(async () => await this.#add().join()));
    }
    const crashMs: number[] = [];
    for (let at = 0; at < CRASHES; at += 1) {
      const gone = this.#take();
      await gone.crash();
      const change = await this.#change(() => Promise.resolve());
      crashes.push(change);
      crashMs.push(performance.now() - gone.heardAt);
      await this.#change(async () => await this.#add().join());
    }
    return figuresOf({ leaves, joined, crashes, crashMs, steady, formedMs });
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.map(async (member) => await member.crash()));
  }

  #add(): BenchMember {
    const member = new BenchMember({
      ...{ edge: this.#edge.url, group: GROUP, topic: TOPIC, sessionTimeoutMs: SESSION_MS },
      heard: () => this.#onHeard(),
      failed: (error) => (this.#failure ??= error instanceof Error ? error : new Error(String(error))),
    });
    this.#members.push(member);
    return member;
  }

  #take(): BenchMember {
    return this.#members.shift() as BenchMember;
  }

  async #change(make: () => Promise<unknown>): Promise<Change> {
    const before = this.#owners();
    const epoch = await this.#epoch();
    const costs = await this.#costs();
    const beats = new Map(this.#members.map((member) => [member, member.beats]));
    const began = performance.now();
    await make();
    await this.#settled();
    const ms = performance.now() - began;
    const due = this.#members.map((member) => member.beats - (beats.get(member) ?? 0));
    const after = await this.#costs();
    const owners = this.#owners();
    return {
      ...{ ms, beats: Math.max(...due), epochs: (await this.#epoch()) - epoch },
      ...{ rows: after.rows - costs.rows, alarms: after.alarms - costs.alarms },
      moved: [...owners].filter(([partition, member]) => before.get(partition) !== member).length,
      optimum: optimumOfMoves(before, this.#members),
    };
  }

  #owners(): Owners {
    return new Map(
      this.#members.flatMap((member) => [...member.owned].map((partition) => [partition, member] as const)),
    );
  }

  /** Everything is owned once, by members whose shares differ by one at most. */
  async #settled(): Promise<void> {
    const until = performance.now() + SETTLED_MS_MAX;
    while (!this.#isSettled()) {
      if (performance.now() > until) throw new Error("the group does not settle");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, SESSION_MS);
        this.#onHeard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (this.#failure !== null) throw this.#failure;
    }
  }

  #isSettled(): boolean {
    const sizes = this.#members.map(({ owned }) => owned.size);
    const owned = sizes.reduce((sum, size) => sum + size, 0);
    return owned === PARTITIONS && this.#owners().size === PARTITIONS && Math.max(...sizes) - Math.min(...sizes) <= 1;
  }

  async #createTopic(): Promise<void> {
    const body = JSON.stringify({ name: TOPIC, partitionCount: PARTITIONS });
    const answer = await fetch(`${this.#edge.url}/v1/topics`, { method: "POST", body });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async #costs(): Promise<Costs> {
    return (await (await fetch(`${this.#edge.url}/count?group=${GROUP}`)).json()) as Costs;
  }

  async #costsOf(work: () => Promise<void>): Promise<Costs> {
    const before = await this.#costs();
    await work();
    const after = await this.#costs();
    return { rows: after.rows - before.rows, alarms: after.alarms - before.alarms };
  }

  async #epoch(): Promise<number> {
    const answer = await fetch(`${this.#edge.url}/v1/groups/${GROUP}`);
    return ((await answer.json()) as GroupDescription).groupEpoch;
  }
}

interface Measured {
  readonly leaves: readonly Change[];
  readonly joined: readonly Change[];
  readonly crashes: readonly Change[];
  /** From the last heartbeat that was answered until the others had everything. */
  readonly crashMs: readonly number[];
  readonly steady: Costs;
  readonly formedMs: number;
}

function figuresOf({ leaves, joined, crashes, crashMs, steady, formedMs }: Measured): Figure[] {
  const told = `${MEMBERS} members, ${PARTITIONS} partitions (workerd)`;
  const all = [...leaves, ...joined, ...crashes];
  const intervalMs = SESSION_MS / 3;
  const most = (changes: readonly Change[], of: (change: Change) => number): number => Math.max(...changes.map(of));
  const settled = (name: string, changes: readonly Change[], peers: Record<string, number> = {}): Figure =>
    absolute(
      {
        ...{ name: `${name} is settled, ${told}`, unit: "heartbeats", ours: most(changes, ({ beats }) => beats) },
        peers: { "slowest, ms": most(changes, ({ ms }) => ms), ...peers },
        note: `of the member that was to send most, the slowest of ${changes.length}; one is due every ${intervalMs} ms`,
      },
      { atMost: 2 },
    );
  const slowest = Math.max(...crashMs);
  return [
    settled("a join", joined, { [`all ${MEMBERS} joins, ms`]: formedMs }),
    settled("a leave", leaves),
    absolute(
      {
        ...{ name: `a crash is settled, ${told}`, unit: "heartbeats behind the session" },
        ours: (slowest - SESSION_MS) / intervalMs,
        peers: { "slowest, ms": slowest },
        note: `from its last heartbeat, the slowest of ${crashes.length}; a session of ${SESSION_MS} ms`,
      },
      { atMost: 1 },
    ),
    absolute(
      {
        ...{ name: `partitions that move, above the sticky optimum, ${told}`, unit: "partitions" },
        ours: most(all, ({ moved, optimum }) => moved - optimum),
        peers: { "moved by a change": most(all, ({ moved }) => moved) },
        note: `the most of ${all.length} joins, leaves and crashes`,
      },
      { atMost: 0 },
    ),
    absolute(
      {
        ...{ name: `rows for a change of epoch, ${told}`, unit: "rows" },
        ours: most(all, ({ rows, epochs }) => rows / epochs),
        peers: { "epochs of a change": most(all, ({ epochs }) => epochs) },
        note: "as they are billed, alarms beside",
      },
      { atMost: 2 },
    ),
    absolute(
      {
        ...{ name: `alarms for a change of epoch, ${told}`, unit: "alarms" },
        ours: most([...leaves, ...joined], ({ alarms, epochs }) => alarms / epochs),
        note: "set while a join or a leave settled, those of the sessions among them",
      },
      { atMost: 1 },
    ),
    absolute(
      {
        ...{ name: `rows of steady heartbeats, ${told}`, unit: "rows", ours: steady.rows },
        peers: { "alarms set": steady.alarms },
        note: "over a session: three heartbeats of each member",
      },
      { atMost: 0 },
    ),
  ];
}
