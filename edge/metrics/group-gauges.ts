/** The lag of groups as it is when somebody looks: what grows with time does so also where the partition sleeps. */
import type { LagStatus } from "../../shared/api/groups.ts";
import { keyOf, type Counts } from "./metric-table.ts";
import type { GroupReport } from "./report.ts";

/** The greater the worse. */
const GRADES: Readonly<Record<LagStatus, number>> = { OK: 0, WARNING: 1, STALLED: 2, STOPPED: 3 };

export function lagGauges(groups: readonly GroupReport[], now: number): Counts {
  const gauges: Record<string, number> = {};
  for (const { group, lag, waitingSince, status, stopsAt } of groups) {
    gauges[keyOf("group_lag", group)] = lag;
    gauges[keyOf("group_time_lag_seconds", group)] =
      waitingSince === null ? 0 : Math.max(0, now - waitingSince) / 1_000;
    gauges[keyOf("group_status", group)] = GRADES[stopsAt !== null && now > stopsAt ? "STOPPED" : status];
  }
  return gauges;
}
