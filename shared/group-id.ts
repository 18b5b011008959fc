import { LIMITS } from "./limits.ts";
import { StrandlineError } from "./strandline-error.ts";

/** Control characters, halves of characters, which are no text, and what leads an address elsewhere. */
const ILLEGAL = /[\p{Cc}\p{Cs}]|^\.\.?$/u;

/** 1 to 249 characters of any script, but neither `.` nor `..`. Throws `INVALID_GROUP_ID`. */
export function checkGroupId(groupId: string): string {
  if (groupId !== "" && groupId.length <= LIMITS.groupIdCharsMax && !ILLEGAL.test(groupId)) return groupId;
  const shown = groupId.slice(0, 64);
  const said = `${JSON.stringify(shown)}: 1 to ${LIMITS.groupIdCharsMax} characters, none of control, neither "." nor ".."`;
  throw new StrandlineError("INVALID_GROUP_ID", said, { groupId: shown });
}
