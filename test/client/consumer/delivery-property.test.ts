/**
 * Random interleavings of handling, seeking, pausing, failing handlers and dying workers: every record is handled at
 * least once, in order within its partition, and no group commits more than was handled.
 */
import { expect, test } from "vitest";
import type { EachBatchPayload, EachMessagePayload, RunConfig } from "../../../client/page/consumer-events.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";

const PARTITIONS = 3;
const RECORDS = 40;

function seeded(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 48_271) + 11) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Trial {
  readonly random: (below: number) => number;
  readonly lab: ConsumerLab;
  /** By partition: the highest offset + 1 up to which all was handled without a gap, from the start. */
  readonly handledTo: number[] = Array.from({ length: PARTITIONS }, () => 0);
  /** Where the next record may be, at most: a seek or a fresh start goes back, nothing skips. */
  readonly expected: number[] = Array.from({ length: PARTITIONS }, () => 0);
  readonly faults = { failures: 0, seeks: 0, pauses: 0, kills: 0, commits: 0 };
  readonly wrong: string[] = [];
  appended = 0;

  constructor(seed: number, lab: ConsumerLab) {
    this.random = seeded(seed);
    this.lab = lab;
  }

  see(partition: number, offset: number): void {
    const next = this.expected[partition] ?? 0;
    if (offset > next) this.wrong.push(`${partition}@${offset} after ${next - 1}`);
    this.expected[partition] = offset + 1;
  }

  handled(partition: number, offset: number): void {
    this.handledTo[partition] = Math.max(this.handledTo[partition] ?? 0, offset + 1);
  }

  /** What a group has committed must have been handled. */
  checkCommitted(offsets: readonly { readonly partition: number; readonly offset: number }[]): void {
    for (const { partition, offset } of offsets) {
      this.faults.commits += 1;
      if (offset > (this.handledTo[partition] ?? 0))
        this.wrong.push(`committed ${partition}@${offset}, handled to ${this.handledTo[partition]}`);
    }
  }

  async append(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const count = 1 + this.random(4);
      await this.lab.append(`t-${partition}: ${Array.from({ length: count }, (_, at) => `v${at}`).join(" ")}`);
    }
    this.appended += 1;
  }
}

async function runTrial(seed: number, inGroup: boolean, byBatch: boolean): Promise<Trial["faults"]> {
  const lab = await ConsumerLab.open({ localPartitionCount: PARTITIONS });
  const trial = new Trial(seed, lab);
  await trial.append();
  const consumer = lab.consumer({
    ...(inGroup ? { groupId: "g" } : {}),
    maxBytes: 200 + trial.random(400),
    maxBytesPerPartition: 100 + trial.random(300),
  });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  consumer.on("commit_offsets", ({ offsets }) => trial.checkCommitted(offsets));
  const fault = async (partition: number): Promise<void> => {
    const dice = trial.random(14);
    if (dice === 0) {
      trial.faults.failures += 1;
      throw new Error("planned");
    }
    if (dice === 1) {
      trial.faults.kills += 1;
      lab.kill();
    }
    if (dice === 2) await systemClock.sleep(trial.random(3));
    if (dice === 3) {
      trial.faults.seeks += 1;
      const offset = trial.random(1 + (trial.handledTo[partition] ?? 0));
      consumer.seek({ topic: "t", partition, offset });
      // After an earlier seek back this one may go forward, over what was handled before.
      trial.expected[partition] = Math.max(offset, trial.expected[partition] ?? 0);
    }
    if (dice === 4) {
      trial.faults.pauses += 1;
      consumer.pause([{ topic: "t", partitions: [partition] }]);
      void systemClock.sleep(3).then(() => consumer.resume([{ topic: "t", partitions: [partition] }]));
    }
    if (dice === 5 && trial.appended < RECORDS / 4) await trial.append();
  };
  const handlers: RunConfig = byBatch
    ? {
        eachBatchAutoResolve: trial.random(2) === 0,
        async eachBatch({ batch, resolveOffset, isStale, isRunning, commitOffsetsIfNecessary }: EachBatchPayload) {
          for (const { offset } of batch.messages) {
            if (isStale() || !isRunning()) throw new Error("left in the middle");
            trial.see(batch.partition, offset);
            await fault(batch.partition);
            trial.handled(batch.partition, offset);
            resolveOffset(offset);
          }
          if (trial.random(3) === 0) await commitOffsetsIfNecessary();
        },
      }
    : {
        async eachMessage({ partition, message: { offset } }: EachMessagePayload) {
          trial.see(partition, offset);
          await fault(partition);
          trial.handled(partition, offset);
        },
      };
  const interval = [{}, { autoCommitThreshold: 5 }, { autoCommitInterval: 3 }][trial.random(3)];
  await consumer.run({ ...handlers, ...interval, partitionsConsumedConcurrently: 1 + trial.random(3) });
  const ends = async (): Promise<number[]> => {
    const refs = await Promise.all(Array.from({ length: PARTITIONS }, (_, index) => lab.tab.ref(`t-${index}`)));
    return (await lab.tab.log.replica.rows(refs)).map((row) => row?.replicatedTo ?? 0);
  };
  for (let done = false; !done;) {
    const at = await ends();
    await until(() => at.every((end, partition) => (trial.handledTo[partition] ?? 0) >= end));
    done = (await ends()).join() === at.join();
  }
  await consumer.stop();
  expect(trial.wrong, `seed ${seed}`).toEqual([]);
  return trial.faults;
}

for (const [name, inGroup, byBatch] of [
  ["a group, record by record", true, false],
  ["a group, batch by batch", true, true],
  ["no group, record by record", false, false],
  ["no group, batch by batch", false, true],
] as const) {
  test(`${name}: at least once, in order, and commits never ahead`, async () => {
    const sum = { failures: 0, seeks: 0, pauses: 0, kills: 0, commits: 0 };
    for (let seed = 1; seed <= 25; seed += 1) {
      const faults = await runTrial(seed, inGroup, byBatch);
      for (const fault of Object.keys(sum) as (keyof typeof sum)[]) sum[fault] += faults[fault];
    }
    expect(Math.min(sum.failures, sum.seeks, sum.pauses, sum.kills)).toBeGreaterThan(5);
    expect(sum.commits > 20).toBe(inGroup);
  });
}
