/** A member of a group that works on nothing: it lets go at once of what it is told to, and beats by the interval it is told. */
import type { GroupAssignment, GroupHeartbeat } from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";
import type { ErrorBody } from "../../../shared/strandline-error.ts";

const NAME_BYTES = 16;

export interface BenchMemberOptions {
  readonly edge: string;
  readonly group: string;
  readonly topic: string;
  readonly sessionTimeoutMs: number;
  /** It has heard what it owns. */
  readonly heard: () => void;
  readonly failed: (error: unknown) => void;
}

export class BenchMember {
  readonly #options: BenchMemberOptions;
  readonly owned: Set<number> = new Set();
  /** Those that are due by the interval: one that follows a release at once is none of them. */
  beats = 0;
  /** When its last heartbeat was answered. */
  heardAt = 0;
  intervalMs = 0;
  #memberId = Buffer.from(crypto.getRandomValues(new Uint8Array(NAME_BYTES))).toString("base64url");
  #memberEpoch = 0;
  #topicId: TopicId | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isGone = false;
  /** One at a time, as the protocol has it. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: BenchMemberOptions) {
    this.#options = options;
  }

  /** `afterMs`: when its heartbeats begin, where many join. */
  async join(): Promise<void> {
    const { topic, sessionTimeoutMs } = this.#options;
    const subscription = { topics: [topic], patterns: [] };
    await this.#say({ subscription, sessionTimeoutMs });
    this.#schedule(performance.now());
  }

  /** Says nothing any more. */
  async crash(): Promise<void> {
    this.#isGone = true;
    clearTimeout(this.#timer);
    await this.#turn;
  }

  async leave(): Promise<void> {
    await this.crash();
    await this.#post("leave", { memberId: this.#memberId });
  }

  /** By the clock, so that heartbeats do not come more slowly than they are due. */
  #schedule(last: number): void {
    const due = last + this.intervalMs;
    this.#timer = setTimeout(
      () => {
        this.beats += 1;
        this.#turn = this.#beat().catch(this.#options.failed);
        if (!this.#isGone) this.#schedule(due);
      },
      Math.max(0, due - performance.now()),
    );
  }

  async #beat(): Promise<void> {
    await this.#turn;
    while (!this.#isGone && (await this.#say({})));
  }

  /** True: it has let go of something, which it says at once. */
  async #say(more: Partial<GroupHeartbeat>): Promise<boolean> {
    const owned = this.#topicId === null ? [] : [{ topicId: this.#topicId, partitions: [...this.owned] }];
    const said = { memberId: this.#memberId, memberEpoch: this.#memberEpoch, owned, ...more };
    const answer = (await this.#post("heartbeat", said)) as GroupAssignment;
    this.heardAt = performance.now();
    this.#memberId = answer.memberId;
    this.#memberEpoch = answer.memberEpoch;
    this.intervalMs = answer.heartbeatIntervalMs;
    const [mine] = answer.assignment;
    this.#topicId ??= mine?.topicId ?? null;
    const may = new Set(mine?.partitions.map(({ partition }) => partition));
    const released = [...this.owned].filter((partition) => !may.has(partition));
    this.owned.clear();
    for (const partition of may) this.owned.add(partition);
    if (!this.#isGone) this.#options.heard();
    return released.length > 0;
  }

  async #post(what: "heartbeat" | "leave", body: unknown): Promise<unknown> {
    const { edge, group } = this.#options;
    const url = `${edge}/v1/groups/${group}/${what}`;
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error((JSON.parse(text) as { readonly error: ErrorBody }).error.code);
    return text === "" ? null : JSON.parse(text);
  }
}
