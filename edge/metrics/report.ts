/**
 * What objects and Workers tell the controller of their namespace. Counts are since the life of the teller began, not
 * since its last report: a report that is lost, or heard twice, is made good by the next.
 */
import type { Counts, PartitionGauge } from "./metric-table.ts";

export interface WorkerReport {
  /** Names one life of one isolate or object; counts begin at 0 with each. */
  readonly instance: string;
  readonly counts: Counts;
}

export interface PartitionReport extends WorkerReport {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly gauges: Readonly<Partial<Record<PartitionGauge, number>>>;
}

export type Report = WorkerReport | PartitionReport;
