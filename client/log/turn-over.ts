import { StrandlineError } from "../../shared/strandline-error.ts";

/** Another consumer of the group has begun its turn. */
export function turnOver(group: string): StrandlineError {
  return new StrandlineError("ILLEGAL_GENERATION", `group ${group}`, { groupId: group });
}
