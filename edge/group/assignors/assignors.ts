import type { Assignor } from "./assignor.ts";
import { rangeAssignor } from "./range.ts";
import { roundRobinAssignor } from "./round-robin.ts";
import { stickyAssignor } from "./sticky.ts";

/** Those that every edge has. The first is the one of members that name none. */
export const ASSIGNORS: readonly Assignor[] = [stickyAssignor, rangeAssignor, roundRobinAssignor];
