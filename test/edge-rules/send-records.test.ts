/** Records one by one into partitions of memory: each answers for itself, and what stands in the logs is what was taken. */
import { describe, expect, test } from "vitest";
import type { OutgoingRecord } from "../../edge/intake/outgoing-record.ts";
import type { EdgePorts, KnownTopic } from "../../edge/operations/ports.ts";
import { sendRecords, type RecordOutcome } from "../../edge/operations/send-records.ts";
import type { AppendAnswer, AppendRequest } from "../../edge/partition/partition-port.ts";
import type { Outcome } from "../../edge/outcome.ts";
import { NO_QUOTA } from "../../edge/quota/request-quota.ts";
import { NO_CHAIN, type TopicId } from "../../shared/brands.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import { bytesOf, textOf } from "../../shared/utf8.ts";

const NOW = 1_800_000_000_000;
const LATEST = { leaderEpoch: { counter: 0, random: 1 }, logStartOffset: 0, nextSequence: null, chain: NO_CHAIN };

/** Logs of values, and what stands in for the partitions that fail. */
class Lab {
  readonly logs = new Map<number, (string | null)[]>();
  readonly refusedCodes: string[] = [];
  rows = 0;
  failing: (partition: number, append: number) => Outcome<AppendAnswer> | null = () => null;
  logAppendTime: number | null = null;
  asked: KnownTopic | null = null;
  mayWrite = true;

  readonly ports = {
    access: { allows: () => this.mayWrite },
    quota: NO_QUOTA,
    clock: { now: () => NOW },
    refused: (code: string) => void this.refusedCodes.push(code),
    topics: { asked: () => Promise.resolve(this.asked) },
    partition: (_topic: KnownTopic, partition: number) => ({
      append: async (request: AppendRequest) => await this.#append(partition, request),
    }),
  } as unknown as EdgePorts;

  async #append(partition: number, { bytes, producer }: AppendRequest): Promise<Outcome<AppendAnswer>> {
    await Promise.resolve();
    const failed = this.failing(partition, (this.rows += 1));
    if (failed !== null) return failed;
    expect(producer).toEqual({ kind: "none" });
    const log = this.logs.get(partition) ?? [];
    this.logs.set(partition, log);
    const baseOffset = log.length;
    for (const batch of batches(bytes))
      for (const { value } of records(batch)) log.push(value === null ? null : textOf(value));
    const { logAppendTime } = this;
    const answer = { ...LATEST, highWatermark: log.length, held: [], baseOffset, logAppendTime, rowsWritten: 1 };
    return { ok: true, value: { ...answer, error: null } };
  }
}

const topicOf = (partitionCount: number, config: Readonly<Record<string, string>> = {}): KnownTopic => ({
  name: "orders",
  error: null,
  topicId: "00000000-0000-4000-8000-000000000001" as TopicId,
  partitionCount,
  config,
});
const record = (value: string | null, rest: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  key: null,
  value,
  headers: [],
  partition: null,
  timestamp: null,
  ...rest,
});
const shown = (outcomes: readonly RecordOutcome[]): string[] =>
  outcomes.map((one) => (one.error === null ? `${one.partition}@${one.offset}` : one.error.code));

test("offsets, partitions and times of each, in the order of the request", async () => {
  const lab = new Lab();
  const outcomes = await sendRecords(lab.ports, topicOf(3), [
    record("a", { partition: 1 }),
    record("b", { key: "k" }),
    record("c", { partition: 1, timestamp: 5 }),
    record(null, { key: bytesOf("k") }),
  ]);
  const own = partitionForKey(bytesOf("k"), 3);
  expect(own).not.toBe(1);
  expect(outcomes).toEqual([
    { error: null, partition: 1, offset: 0, timestamp: NOW },
    { error: null, partition: own, offset: 0, timestamp: NOW },
    { error: null, partition: 1, offset: 1, timestamp: 5 },
    { error: null, partition: own, offset: 1, timestamp: NOW },
  ]);
  expect(lab.logs).toEqual(
    new Map([
      [1, ["a", "c"]],
      [own, ["b", null]],
    ]),
  );
  expect(lab.rows).toBe(2);
});

test("the log's own time, where the topic has it", async () => {
  const lab = new Lab();
  lab.logAppendTime = NOW + 7;
  const [outcome] = await sendRecords(lab.ports, topicOf(1), [record("a", { timestamp: 5 })]);
  expect(outcome).toMatchObject({ timestamp: NOW + 7 });
});

describe("a refused record leaves the others as they are:", () => {
  test.each([
    ["UNKNOWN_TOPIC_OR_PARTITION", record("x", { partition: 9 }), {}],
    ["MESSAGE_TOO_LARGE", record("x".repeat(300)), { "max.message.bytes": "200" }],
    ["INVALID_TIMESTAMP", record("x", { timestamp: -1 }), {}],
    ["INVALID_TIMESTAMP", record("x", { timestamp: 2 ** 53 }), {}],
    ["INVALID_RECORD", record("x"), { "cleanup.policy": "compact" }],
  ] as const)("%s", async (code, bad, config) => {
    const lab = new Lab();
    const good = record("good", { key: "k" });
    const outcomes = await sendRecords(lab.ports, topicOf(1, config), [good, bad, good]);
    expect(shown(outcomes)).toEqual(["0@0", code, "0@1"]);
    expect(lab.logs.get(0)).toEqual(["good", "good"]);
    expect(lab.refusedCodes).toEqual([code]);
  });
});

test("a partition that fails is told of each of its records, and of no others", async () => {
  const lab = new Lab();
  lab.failing = (partition) => {
    if (partition === 0) throw new Error("the call broke: secret");
    return null;
  };
  const outcomes = await sendRecords(lab.ports, topicOf(2), [
    record("a", { partition: 0 }),
    record("b", { partition: 1 }),
    record("c", { partition: 0 }),
  ]);
  expect(shown(outcomes)).toEqual(["KAFKA_STORAGE_ERROR", "1@0", "KAFKA_STORAGE_ERROR"]);
  expect(JSON.stringify(outcomes.map((one) => one.error?.toBody()))).not.toContain("secret");
});

test("runs of one partition go one after the other: one that fails takes its own records only", async () => {
  const lab = new Lab();
  const full = { code: "STORAGE_FULL" as const, said: "1 bytes" };
  lab.failing = (_partition, append) =>
    append === 2
      ? {
          ok: true,
          value: {
            ...LATEST,
            highWatermark: 0,
            held: [],
            baseOffset: null,
            logAppendTime: null,
            rowsWritten: 0,
            error: full,
          },
        }
      : null;
  const outcomes = await sendRecords(
    lab.ports,
    topicOf(1),
    Array.from({ length: 3 }, (_, index) => record(String(index).repeat(700_000))),
  );
  expect(shown(outcomes)).toEqual(["0@0", "STORAGE_FULL", "0@1"]);
  expect(lab.logs.get(0)?.map((value) => value?.slice(0, 1))).toEqual(["0", "2"]);
});

test("a partition that the topic has grown is found", async () => {
  const lab = new Lab();
  lab.asked = topicOf(4);
  expect(shown(await sendRecords(lab.ports, topicOf(2), [record("a", { partition: 3 })]))).toEqual(["3@0"]);
});

test("who may not write stores nothing", async () => {
  const lab = new Lab();
  lab.mayWrite = false;
  await expect(sendRecords(lab.ports, topicOf(1), [record("a")])).rejects.toMatchObject({
    code: "TOPIC_AUTHORIZATION_FAILED",
  });
  expect(lab.logs.size).toBe(0);
});
