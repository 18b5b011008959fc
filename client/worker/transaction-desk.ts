/** Handlers' transactions: what is sent, what is put and the group's offset, in one transaction of the store. */
import { offset as toOffset } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Pack } from "../calls/append-calls.ts";
import type { TransactionCalls, TransactionCommit, TransactionOutcome } from "../calls/transaction-calls.ts";
import type { ConsumerSession } from "../consumer/consumer-session.ts";
import type { Alongside } from "../log/device-log.ts";
import { commitGroup, groupCommit, GroupCommitRefused, readState } from "../log/group-state.ts";
import type { Store } from "../log/store.ts";

export interface TransactionDeskDeps {
  readonly store: Store;
  readonly session: (consumer: number) => ConsumerSession;
  readonly append: (pack: Pack, alongside: Alongside) => Promise<unknown>;
}

export class TransactionDesk {
  readonly #deps: TransactionDeskDeps;

  constructor(deps: TransactionDeskDeps) {
    this.#deps = deps;
  }

  get calls(): TransactionCalls {
    const { session, store } = this.#deps;
    return {
      readState: async (consumer, key) => {
        const { groupId } = session(consumer);
        if (groupId === null) throw new StrandlineError("INVALID_ARGUMENT", "a consumer without groupId has no state");
        const row = await readState(store, groupId, key);
        return { value: row?.value, version: row?.version ?? null };
      },
      commitTransaction: async (consumer, commit) => await this.#commit(session(consumer), commit),
    };
  }

  async #commit(session: ConsumerSession, commit: TransactionCommit): Promise<TransactionOutcome> {
    const { topic, partition, joins, pack, changes, reads } = commit;
    const member = session.member(topic, partition, joins);
    if (member === null) return "fenced";
    const expected = commit.expected === null ? null : toOffset(commit.expected);
    const offset = toOffset(commit.offset);
    const readFrom = commit.readFrom === undefined ? undefined : toOffset(commit.readFrom);
    const { groupId: group, fence, ref } = member;
    if (fence === null) throw new StrandlineError("UNSUPPORTED_OPERATION", "tx needs coordinator 'device'", { group });
    const inGroup = { group, fence, ref, expected, offset, readFrom, changes, reads };
    try {
      if (pack === null) await commitGroup(this.#deps.store, inGroup);
      else await this.#deps.append(pack, groupCommit(inGroup));
    } catch (error) {
      if (error instanceof GroupCommitRefused) return error.outcome;
      // The fence's: the store has heard of it before the member has.
      if (error instanceof StrandlineError && error.code === "ILLEGAL_GENERATION") return "fenced";
      throw error;
    }
    member.applied(offset);
    return "applied";
  }
}
