/** Prometheus' text exposition format 0.0.4. */
import { METRICS, readKey, type Counts } from "./metric-table.ts";
import type { PartitionSeries } from "./totals.ts";

type Labels = readonly (readonly [name: string, value: string])[];
/** The value of each set of labels, by its text. */
type Samples = Map<string, number>;
type Metric = (typeof METRICS)[number];

/** Of one metric. Above this partitions of a topic are one series, and above it again all are one. */
export const SERIES_MAX = 1_000;

export function prometheusText(partitions: readonly PartitionSeries[], workers: Counts): string {
  const lines = METRICS.flatMap((metric) => {
    const samples = metric.of === "worker" ? workerSamples(metric, workers) : partitionSamples(metric, partitions);
    return samples.size === 0 ? [] : linesOf(metric, samples);
  });
  return lines.map((line) => `${line}\n`).join("");
}

function linesOf(metric: Metric, samples: Samples): string[] {
  const name = `strandline_${metric.name}${metric.type === "counter" ? "_total" : ""}`;
  return [
    `# HELP ${name} ${escaped(metric.help)}`,
    `# TYPE ${name} ${metric.type}`,
    ...Array.from(samples, ([labels, value]) => `${name}${labels} ${value}`),
  ];
}

function workerSamples(metric: Metric, workers: Counts): Samples {
  const samples: Samples = new Map();
  for (const [labels, value] of countsOf(metric, workers))
    add(samples, { metric, labels: named(metric, labels), value });
  return samples;
}

function partitionSamples(metric: Metric, partitions: readonly PartitionSeries[]): Samples {
  for (const place of [byPartition, byTopic]) {
    const samples = samplesBy(metric, partitions, place);
    if (samples.size <= SERIES_MAX) return samples;
  }
  return samplesBy(metric, partitions, () => []);
}

function byPartition({ topic, partition }: PartitionSeries): Labels {
  return [...byTopic({ topic }), ["partition", String(partition)]];
}

function byTopic({ topic }: Pick<PartitionSeries, "topic">): Labels {
  return [["topic", topic]];
}

function samplesBy(
  metric: Metric,
  partitions: readonly PartitionSeries[],
  place: (series: PartitionSeries) => Labels,
): Samples {
  const samples: Samples = new Map();
  for (const series of partitions) {
    for (const [labels, value] of countsOf(metric, series.counts))
      add(samples, { metric, labels: [...place(series), ...named(metric, labels)], value });
  }
  return samples;
}

function* countsOf(metric: Metric, counts: Counts): Generator<readonly [labels: readonly string[], value: number]> {
  if (metric.labels.length === 0) {
    const value = counts[metric.name];
    if (value !== undefined) yield [[], value];
    return;
  }
  for (const [key, value] of Object.entries(counts)) {
    const { name, labels } = readKey(key);
    if (name === metric.name) yield [labels, value];
  }
}

function named(metric: Metric, values: readonly string[]): Labels {
  return metric.labels.map((label, index) => [label, values[index] ?? ""]);
}

function add(
  samples: Samples,
  { metric, labels, value }: { readonly metric: Metric; readonly labels: Labels; readonly value: number },
): void {
  const text =
    labels.length === 0
      ? ""
      : `{${labels.map(([name, held]) => `${name}="${escaped(held).replaceAll('"', String.raw`\"`)}"`).join(",")}}`;
  const held = samples.get(text) ?? 0;
  samples.set(text, metric.isOfWorst === true ? Math.max(held, value) : held + value);
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", String.raw`\n`);
}
