/**
 * Every metric: what it counts, what it is of and how it is named. A counter's name gets `_total` behind it, all get
 * `strandline_` before it. Metrics of partitions are labelled with topic and partition, those of Workers with neither.
 */
export type MetricName = PartitionCounter | PartitionGauge | GroupGauge | WorkerCounter;
export type PartitionCounter =
  | "appends"
  | "append_records"
  | "append_bytes"
  | "append_duplicates"
  | "append_refusals"
  | "rows_written"
  | "rows_read"
  | "fetches"
  | "fetch_bytes"
  | "tails_opened"
  | "tail_bytes"
  | "compacted_bytes"
  | "deleted_rows";
export type PartitionGauge = "size_bytes" | "log_start_offset" | "high_watermark" | "producer_bytes" | "tails_open";
/** Of each group on a partition, those that come first by name where there are many (`partition-groups.ts`). */
export type GroupGauge = "group_lag" | "group_time_lag_seconds" | "group_status";
export type WorkerCounter = "requests" | "errors" | "throttles";

interface Metric {
  readonly type: "counter" | "gauge";
  readonly of: "partition" | "worker";
  /** Labels besides topic and partition; their values follow the metric's name in a key. */
  readonly labels: readonly string[];
  readonly help: string;
  /** Where partitions are one series: a sum says nothing of it. */
  readonly isOfWorst?: boolean;
}

const ofPartition = (type: Metric["type"], help: string, ...labels: readonly string[]): Metric => ({
  type,
  of: "partition",
  labels,
  help,
});
const ofWorker = (help: string, ...labels: readonly string[]): Metric => ({
  type: "counter",
  of: "worker",
  labels,
  help,
});

const TABLE: Readonly<Record<MetricName, Metric>> = {
  appends: ofPartition("counter", "Runs that were stored, one row each."),
  append_records: ofPartition("counter", "Records that were stored."),
  append_bytes: ofPartition("counter", "Bytes of the batches that were stored."),
  append_duplicates: ofPartition("counter", "Runs that stood in the log already and were answered with their offsets."),
  append_refusals: ofPartition("counter", "Runs that were refused, by error code.", "code"),
  rows_written: ofPartition(
    "counter",
    "Rows written as they are billed: runs, snapshots, compaction, retention, alarms.",
  ),
  rows_read: ofPartition("counter", "Rows read as they are billed."),
  fetches: ofPartition("counter", "Reads of the log, those that found nothing included."),
  fetch_bytes: ofPartition("counter", "Bytes of the batches that reads answered."),
  tails_opened: ofPartition("counter", "Live tails that were opened."),
  tail_bytes: ofPartition("counter", "Bytes of the batches that live tails were sent."),
  compacted_bytes: ofPartition("counter", "Bytes that compaction has written."),
  deleted_rows: ofPartition("counter", "Rows that retention, compaction or a deletion of records has dropped."),
  size_bytes: ofPartition("gauge", "Bytes of the rows that are kept; with compaction an upper bound."),
  log_start_offset: ofPartition("gauge", "First offset that can be read."),
  high_watermark: ofPartition("gauge", "Offset of the next record."),
  producer_bytes: ofPartition("gauge", "Memory that the states of its producers take, in bytes."),
  tails_open: ofPartition("gauge", "Live tails that are open."),
  group_lag: ofPartition("gauge", "Records that a consumer group has still to handle.", "group"),
  group_time_lag_seconds: {
    ...ofPartition("gauge", "Age of the first record that a consumer group has not handled.", "group"),
    isOfWorst: true,
  },
  group_status: {
    ...ofPartition("gauge", "How a consumer group fares: 0 OK, 1 WARNING, 2 STALLED, 3 STOPPED.", "group"),
    isOfWorst: true,
  },
  requests: ofWorker("Requests, by pattern of the address and class of the status.", "route", "status"),
  errors: ofWorker("Requests answered with an error, by its code.", "code"),
  throttles: ofWorker(
    "Requests that were told to wait: refused (429), or carried out and the next is to come later.",
    "route",
  ),
};

export const METRICS: readonly (Metric & { readonly name: MetricName })[] = Object.entries(TABLE).map(
  ([name, metric]) => ({ ...metric, name: name as MetricName }),
);

/** Sums or levels by key: a metric's name, and behind it the values of its labels. */
export type Counts = Readonly<Record<string, number>>;

/** Names of groups may hold a bar. */
export function keyOf(name: MetricName, ...labels: readonly string[]): string {
  return [name, ...labels.map((label) => label.replaceAll("%", "%25").replaceAll("|", "%7C"))].join("|");
}

export function readKey(key: string): { readonly name: string; readonly labels: readonly string[] } {
  const [name = "", ...labels] = key.split("|");
  return { name, labels: labels.map((label) => label.replaceAll("%7C", "|").replaceAll("%25", "%")) };
}

export function summed(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}
