/**
 * The state of a consumer group and the transaction of one of its handlers: what it put and deleted, and the offset
 * behind what it handled, in one. The offset that stood there before decides: where it is another one, somebody else
 * has done the work, or this very transaction has.
 */
import type { Offset } from "../../shared/brands.ts";
import type { Alongside, PartitionRef } from "./device-log.ts";
import { offsetKey, stateKey } from "./keys.ts";
import type { OffsetRow, StateRow } from "./rows.ts";
import type { Key, Store, StoreTransaction } from "./store.ts";

type StateKey = string | number | readonly (string | number)[];

export interface GroupCommit {
  readonly group: string;
  /** Throws where the member may not commit any more. Absent: the offset alone decides. */
  readonly fence?: (transaction: StoreTransaction) => Promise<void>;
  readonly ref: PartitionRef;
  readonly expected: Offset | null;
  readonly offset: Offset;
  readonly readFrom?: Offset | undefined;
  readonly changes: readonly { readonly key: StateKey; readonly put?: { readonly value: unknown } }[];
  readonly reads: readonly { readonly key: StateKey; readonly version: string | null }[];
}

/** Nothing was done. */
export class GroupCommitRefused extends Error {
  readonly outcome: "fenced" | "conflict";

  constructor(outcome: "fenced" | "conflict") {
    super(outcome);
    this.outcome = outcome;
  }
}

export async function readState(store: Store, group: string, key: StateKey): Promise<StateRow | undefined> {
  return await store.transact(["state"], { mode: "readonly" }, (transaction) =>
    transaction.get<StateRow>("state", stateKey(group, key)),
  );
}

export async function commitGroup(store: Store, commit: GroupCommit): Promise<void> {
  const alongside = groupCommit(commit);
  await store.transact(alongside.stores, { mode: "readwrite", durability: "strict" }, (transaction) =>
    alongside.write(transaction),
  );
}

export function groupCommit(commit: GroupCommit): Alongside {
  const { group, fence, ref, expected, offset, readFrom, changes, reads } = commit;
  const at = offsetKey(group, ref);
  const write = async (transaction: StoreTransaction): Promise<void> => {
    const [, stored, ...versions] = await Promise.all([
      fence?.(transaction),
      transaction.get<OffsetRow>("offsets", at),
      ...reads.map(({ key }) => versionAt(transaction, stateKey(group, key))),
    ]);
    if ((stored?.offset ?? null) !== expected) throw new GroupCommitRefused("fenced");
    if (reads.some(({ version }, index) => versions[index] !== version)) throw new GroupCommitRefused("conflict");
    // Of no other transaction: the offset goes on with each.
    const version = `${ref.topicKey}/${ref.partition}/${offset}`;
    for (const { key, put } of changes) {
      const target = stateKey(group, key);
      if (put === undefined) void transaction.delete("state", target);
      else void transaction.put("state", target, { value: put.value, version } satisfies StateRow);
    }
    void transaction.put("offsets", at, offsetRow(offset, readFrom));
  };
  return { stores: ["offsets", "state"], write };
}

export function offsetRow(offset: Offset, readFrom: Offset | undefined): OffsetRow {
  return { offset, ...(readFrom === undefined ? {} : { readFrom }), syncedToEdge: false };
}

async function versionAt(transaction: StoreTransaction, key: Key): Promise<string | null> {
  return (await transaction.get<StateRow>("state", key))?.version ?? null;
}
