import { StrandlineError } from "../../shared/strandline-error.ts";
import { turnKey } from "./keys.ts";
import type { TurnRow } from "./rows.ts";
import type { StoreTransaction } from "./store.ts";

/** The latest turn that a consumer of the group has begun. */
export async function turnOf(transaction: StoreTransaction, group: string): Promise<number> {
  return (await transaction.get<TurnRow>("offsets", turnKey(group)))?.turn ?? 0;
}

/** Another consumer of the group has begun its turn. */
export function turnOver(group: string): StrandlineError {
  return new StrandlineError("ILLEGAL_GENERATION", `group ${group}`, { groupId: group });
}
