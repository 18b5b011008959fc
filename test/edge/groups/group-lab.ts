/** Members of consumer groups as the tests drive them, over HTTP or over a tail's socket, and the object that coordinates them. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { groupName } from "../../../edge/group/group-name.ts";
import type { GroupObject } from "../../../edge/worker.ts";
import { base64Url } from "../../../edge/auth/mac.ts";
import type {
  CommitOffsets,
  CommittedOffset,
  CommittedOffsets,
  GroupAssignment,
  GroupDescription,
  GroupHeartbeat,
} from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";
import type { ErrorBody } from "../../../shared/strandline-error.ts";
import { call } from "../edge.ts";

let groups = 0;

export function newGroup(): string {
  groups += 1;
  return `group-${groups}`;
}

export function pathOf(group: string, rest = ""): string {
  return `/v1/groups/${encodeURIComponent(group)}${rest}`;
}

export function coordinator(group: string): DurableObjectStub<GroupObject> {
  return env.GROUP.get(env.GROUP.idFromName(groupName({ namespace: "default", groupId: group })));
}

/** Takes it out of memory; one that is not there is woken first. */
export async function evictGroup(group: string): Promise<void> {
  await runInDurableObject(coordinator(group), () => undefined);
  await evictDurableObject(coordinator(group));
}

export async function runGroupAlarm(group: string): Promise<boolean> {
  return await runDurableObjectAlarm(coordinator(group));
}

export async function describeGroup(group: string): Promise<GroupDescription> {
  const response = await call(pathOf(group));
  if (response.status !== 200) throw new Error(await response.text());
  return await response.json();
}

export function newName(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(16)));
}

export type Said = GroupAssignment | { readonly error: ErrorBody };
export type Beat = (group: string, beat: GroupHeartbeat) => Promise<Said>;

export const beatOverHttp: Beat = async (group, json) =>
  await (await call(pathOf(group, "/heartbeat"), { json })).json();

export interface MemberOptions extends Partial<GroupHeartbeat> {
  readonly topics?: readonly string[];
  readonly beat?: Beat;
}

/** `topic id:partition`. */
type Owned = Map<OwnedKey, CommittedOffset | null>;
type OwnedKey = `${TopicId}:${number}`;

/** Does what it is told to at once: what it is to let go of it no longer owns, and says so with its next heartbeat. */
export class Member {
  readonly group: string;
  readonly name: string = newName();
  memberId = "";
  memberEpoch = 0;
  /** With the offset that was granted with each. */
  readonly owned: Owned = new Map();
  error: ErrorBody | null = null;
  readonly #options: MemberOptions;
  #commits = 0;
  #said: Said | null = null;

  constructor(group: string, options: MemberOptions = {}) {
    this.group = group;
    this.#options = options;
  }

  /** Joins where it has not. */
  async beat(more: Partial<GroupHeartbeat> = {}): Promise<Said> {
    const { topics = [], beat = beatOverHttp, ...rest } = this.#options;
    const joining = this.memberEpoch === 0 ? { subscription: { topics, patterns: [] }, ...rest } : {};
    const said = await beat(this.group, {
      ...{ memberId: this.memberEpoch === 0 ? this.name : this.memberId, memberEpoch: this.memberEpoch },
      ...{ owned: this.#owned(), ...joining, ...more },
    });
    this.#said = said;
    this.error = "error" in said ? said.error : null;
    if (!("error" in said)) this.#hear(said);
    return said;
  }

  /** Until all is granted, and a round changes nothing; throws where that takes too long, or one is refused. */
  async settle(others: readonly Member[] = []): Promise<void> {
    const all = [this, ...others];
    for (let round = 0, isCalm = false; !isCalm; round += 1) {
      if (round > 20) throw new Error("the group does not settle");
      const before = stateOf(all);
      for (const one of all) {
        await one.beat();
        if (one.error !== null) throw new Error(`${one.error.code}: ${one.error.message}`);
      }
      isCalm = stateOf(all) === before && (await isGranted(all));
    }
  }

  get partitions(): string[] {
    return [...this.owned.keys()].toSorted();
  }

  async commit(
    topicId: TopicId,
    partition: number,
    offset: number,
    more: Partial<CommitOffsets> = {},
  ): Promise<string> {
    this.#commits += 1;
    const json = {
      ...{ memberId: this.memberId, memberEpoch: this.memberEpoch, commit: this.#commits },
      ...{ offsets: [{ topicId, partition, offset }], ...more },
    };
    const response = await call(pathOf(this.group, "/offsets"), { json });
    if (response.status !== 200) return ((await response.json()) as { error: ErrorBody }).error.code;
    const { offsets }: CommittedOffsets = await response.json();
    return offsets[0]?.error?.code ?? "ok";
  }

  async leave(forAWhile = false): Promise<Response> {
    return await call(pathOf(this.group, "/leave"), { json: { memberId: this.memberId, forAWhile } });
  }

  get said(): Said | null {
    return this.#said;
  }

  #owned(): GroupHeartbeat["owned"] {
    const byTopic = Map.groupBy(this.owned.keys(), (key) => key.split(":")[0] ?? "");
    return Array.from(byTopic, ([topicId, keys]) => ({
      topicId: topicId as TopicId,
      partitions: keys.map((key) => Number(key.split(":")[1])),
    }));
  }

  #hear({ memberId, memberEpoch, assignment }: GroupAssignment): void {
    this.memberId = memberId;
    this.memberEpoch = memberEpoch;
    const may = new Map(
      assignment.flatMap(({ topicId, partitions }) =>
        partitions.map(({ partition, committed }): [OwnedKey, CommittedOffset | null] => [
          `${topicId}:${partition}`,
          committed ?? null,
        ]),
      ),
    );
    for (const key of this.owned.keys()) if (!may.has(key)) this.owned.delete(key);
    for (const [key, committed] of may) if (!this.owned.has(key)) this.owned.set(key, committed);
  }
}

/** Whether each of the group's members owns what it is to have, and nothing else. */
async function isGranted(members: readonly Member[]): Promise<boolean> {
  const described = await describeGroup(members[0]?.group ?? "");
  return described.members.every(({ memberId, target }) => {
    const keys = target.flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId}:${partition}`));
    const member = members.find((one) => one.memberId === memberId);
    return member === undefined || keys.toSorted().join(" ") === member.partitions.join(" ");
  });
}

function stateOf(members: readonly Member[]): string {
  return JSON.stringify(members.map(({ memberEpoch, partitions }) => [memberEpoch, partitions]));
}
