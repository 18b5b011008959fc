/** A consumer session as a member of a group at the edge. What keeps it in the group is its loop (`edge-loop.ts`). */
import type { ConsumerOptions } from "../calls/consumer-calls.ts";
import { EdgeLoop, type EdgeLoopPorts } from "./edge-loop.ts";
import type {
  CommitRefusal,
  GroupMembership,
  GroupStart,
  MembershipEvents,
  OwnedOffset,
  Ownership,
} from "./group-membership.ts";

export class EdgeMember implements GroupMembership {
  readonly #ports: EdgeLoopPorts;
  readonly #loop: EdgeLoop;
  readonly #events: MembershipEvents;

  constructor(ports: EdgeLoopPorts, options: ConsumerOptions, events: MembershipEvents) {
    this.#ports = ports;
    this.#events = events;
    this.#loop = new EdgeLoop(ports, options, events);
  }

  get memberId(): string | null {
    return this.#loop.current?.life.facts?.memberId ?? null;
  }

  get joined(): boolean {
    return this.#loop.joined;
  }

  get holding(): boolean {
    return this.#loop.current?.life.holding ?? false;
  }

  get protocol(): string {
    return this.#loop.assignor;
  }

  owned(): readonly Ownership[] {
    return this.#loop.current?.life.shares.owned() ?? [];
  }

  /** A topic has become known that was granted before. */
  subscribed(): void {
    this.#loop.resolve();
  }

  polled(): void {
    this.#loop.polled();
  }

  async position(of: Ownership): Promise<GroupStart | null> {
    const share = this.#loop.current?.life.shares.get(of);
    if (share === undefined || share.position === null) return null;
    const { position, leaderEpoch } = share;
    const [row] = await this.#ports.replica.rows([of.ref]);
    // The log was rewound since the group committed there, and what stands there now is not what was handled.
    const isCut = (row?.leaderEpoch?.counter ?? -1) > (leaderEpoch?.counter ?? Infinity);
    if (row === undefined || !isCut || position.offset <= row.highWatermark) return position;
    return { offset: row.highWatermark, cutFrom: position.offset };
  }

  async commit(offsets: readonly OwnedOffset[]): Promise<readonly CommitRefusal[]> {
    if (this.#loop.current !== null) return await this.#loop.current.commits.commit(offsets);
    return offsets.map(({ of }) => ({ of, code: "UNKNOWN_MEMBER_ID" }));
  }

  release(of: readonly Ownership[]): void {
    if (this.#loop.current?.life.shares.release(of) !== true) return;
    this.#loop.hurry();
    this.#events.changed();
  }

  fence(): null {
    return null;
  }

  yield(): void {
    this.#loop.stepDown();
  }

  async close(): Promise<void> {
    await this.#loop.close();
  }
}
