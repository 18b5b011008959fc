/**
 * What objects and Workers tell the controller of their namespace. Counts are since the life of the teller began, not
 * since its last report: a report that is lost, or heard twice, is made good by the next.
 */
import type { LagStatus } from "../../shared/api/groups.ts";
import type { Counts, PartitionGauge } from "./metric-table.ts";

export interface WorkerReport {
  /** Names one life of one isolate or object; counts begin at 0 with each. */
  readonly instance: string;
  readonly counts: Counts;
}

/** What of a group's lag does not change while the partition sleeps; the rest follows from the time. */
export interface GroupReport {
  readonly group: string;
  /** Records. */
  readonly lag: number;
  /** When the first record that is not handled was appended; null: there is none. */
  readonly waitingSince: number | null;
  readonly status: LagStatus;
  /** From when on it is `STOPPED`; null: not as things are. */
  readonly stopsAt: number | null;
}

export interface PartitionReport extends WorkerReport {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly gauges: Readonly<Partial<Record<PartitionGauge, number>>>;
  /** Absent: there are none. */
  readonly groups?: readonly GroupReport[];
}

export type Report = WorkerReport | PartitionReport;
