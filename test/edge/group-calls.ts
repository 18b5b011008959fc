/** What a coordinator and the members of a group ask of a partition's object, as a test says it. */
import type { FenceAnswer, CommitRequest, FenceRequest, GroupStanding } from "../../edge/partition/group-port.ts";
import { take, type Outcome } from "../../edge/outcome.ts";
import type { CommittedOffset } from "../../shared/api/groups.ts";
import { addressOf, within } from "./aged-log.ts";
import { stubOf, type Place } from "./edge.ts";

export async function fence(place: Place, request: Partial<FenceRequest> = {}): Promise<FenceAnswer> {
  const whole = { group: "g", incarnation: 1, epoch: 1, memberId: "a", ...request };
  return take((await stubOf(place).fence(addressOf(place), whole)) as Outcome<FenceAnswer>);
}

/** What was said is left out of a refusal. */
export async function commit(place: Place, request: Partial<CommitRequest> = {}): Promise<CommittedOffset | string> {
  const member = { group: "g", memberId: "a", memberEpoch: 1, commit: 1 };
  const whole: CommitRequest = { ...member, offset: 0, metadata: "", leaderEpoch: null, ...request };
  const outcome = await stubOf(place).commitOffset(addressOf(place), whole);
  return outcome.ok ? outcome.value : outcome.error.code;
}

export async function standing(place: Place, group = "g"): Promise<GroupStanding> {
  return take((await stubOf(place).groupStanding(addressOf(place), group)) as Outcome<GroupStanding>);
}

export async function forget(place: Place, group: string, incarnation: number): Promise<void> {
  take(await stubOf(place).forgetGroup(addressOf(place), group, incarnation));
}

export interface Watched {
  /** As they are billed. */
  readonly rowsWritten: number;
  readonly queries: readonly string[];
}

/** What the object asks its storage for from here on, until it is evicted. */
export async function watchSql(place: Place): Promise<() => Watched> {
  let rowsWritten = 0;
  const queries: string[] = [];
  await within(place, (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    sql.exec = (query, ...values) => {
      const cursor = exec(query, ...(values as never[]));
      rowsWritten += cursor.rowsWritten;
      queries.push(query);
      return cursor as never;
    };
  });
  return () => ({ rowsWritten, queries: [...queries] });
}
