import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionRef } from "./device-log.ts";
import { turnKey } from "./keys.ts";
import type { TurnRow } from "./rows.ts";
import type { StoreTransaction } from "./store.ts";

/** The latest turn that a consumer of the group has begun with the partition. */
export async function turnOf(transaction: StoreTransaction, group: string, ref: PartitionRef): Promise<number> {
  return (await transaction.get<TurnRow>("offsets", turnKey(group, ref)))?.turn ?? 0;
}

/** Every earlier one is over. */
export async function nextTurn(transaction: StoreTransaction, group: string, ref: PartitionRef): Promise<number> {
  const turn = (await turnOf(transaction, group, ref)) + 1;
  void transaction.put("offsets", turnKey(group, ref), { turn } satisfies TurnRow);
  return turn;
}

/** Another consumer of the group has begun its turn. */
export function turnOver(group: string): StrandlineError {
  return new StrandlineError("ILLEGAL_GENERATION", `group ${group}`, { groupId: group });
}
