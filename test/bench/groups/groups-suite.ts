/** Consumer groups: what their coordinator takes for a change, and what members of a group process. */
import type { Figure } from "../figure.ts";
import { coordinatorBench } from "./coordinator-bench.ts";
import { memberBench } from "./member-bench.ts";

export async function groupsSuite(): Promise<readonly Figure[]> {
  return [...(await coordinatorBench()), ...(await memberBench())];
}
