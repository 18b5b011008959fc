/**
 * Storms: members come and go, partitions are revoked and lost at random, handlers and commits are slow or fail, workers die. All
 * is handled, nothing is committed that was not, and no member begins a record of what is not its own as far as it can know.
 */
import { expect, test } from "vitest";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";
import { FakeGroup, type FakeMember } from "./fake-group.ts";

const PARTITIONS = 4;
const RECORDS = 60;
const CHANGES = 50;

class Storm {
  readonly random: SeededRandom;
  readonly group = new FakeGroup();
  readonly consumers: PageConsumer[] = [];
  /** By place: which records were handled, by whomever. */
  readonly handled = new Map<string, Set<number>>();
  readonly wrong: string[] = [];
  readonly counts = { handovers: 0, losses: 0, failures: 0, duplicates: 0 };
  /** Where a partition goes once its owner has let go. */
  readonly #wanted = new Map<string, FakeMember>();
  /** How often a partition was taken away without asking. */
  readonly #losses = new Map<string, number>();
  /** Of handlers at work: how often it had been by then. */
  readonly #atWork = new Map<string, Set<{ readonly losses: number }>>();
  #lab: ConsumerLab | null = null;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.group.onCommit = (place, offset, before) => {
      if (offset < before) this.wrong.push(`${place}@${offset} after ${before}`);
      for (let at = 0; at < offset; at += 1)
        if (this.handled.get(place)?.has(at) !== true) return void this.wrong.push(`${place}@${offset}: ${at} was not`);
    };
  }

  get places(): string[] {
    return Array.from({ length: PARTITIONS }, (_, partition) => `t-${partition}`);
  }

  async begin(): Promise<void> {
    this.#lab = await ConsumerLab.open({ localPartitionCount: PARTITIONS, groups: this.group.groups });
    for (const place of this.places) {
      this.handled.set(place, new Set());
      for (let at = 0; at < RECORDS; at += 5) await this.#lab.append(`${place}: a b c d e`);
    }
    for (let index = 0; index < 3; index += 1) await this.join();
  }

  async join(): Promise<void> {
    if (this.#lab === null) return;
    const consumer = this.#lab.consumer({ groupId: "g", maxBytes: 100 + this.random.below(401) });
    this.consumers.push(consumer);
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    const members = this.group.members.length;
    const commits = [{}, { autoCommitThreshold: 3 }, { autoCommitInterval: 2 }][this.random.below(3)];
    await consumer.run({
      ...commits,
      partitionsConsumedConcurrently: 1 + this.random.below(4),
      eachMessage: async ({ partition, message, isStale }) => {
        if (isStale()) this.wrong.push(`began ${partition}@${message.offset}, which is stale`);
        const end = this.begun(`t-${partition}`);
        if (this.random.chance(0.3)) await systemClock.sleep(this.random.below(4));
        end();
        if (this.random.chance(0.03)) {
          this.counts.failures += 1;
          throw new Error("planned");
        }
        const handled = this.handled.get(`t-${partition}`);
        if (handled?.has(message.offset) === true) this.counts.duplicates += 1;
        handled?.add(message.offset);
      },
    });
    await until(() => this.group.members.length > members && this.group.living.at(-1)?.knows("t-3") === true);
  }

  /** Two at a time may only be where one was not asked. */
  begun(place: string): () => void {
    const losses = this.#losses.get(place) ?? 0;
    const atWork = this.#atWork.get(place) ?? new Set();
    this.#atWork.set(place, atWork);
    for (const other of atWork) if (other.losses === losses) this.wrong.push(`two handlers of ${place}`);
    const handler = { losses };
    atWork.add(handler);
    return () => void atWork.delete(handler);
  }

  #lost(...places: string[]): void {
    for (const place of places) this.#losses.set(place, (this.#losses.get(place) ?? 0) + 1);
  }

  /** One change: a member comes, leaves or dies with its worker, or a partition goes to another, asked or not. */
  async change(): Promise<void> {
    const dice = this.random.below(20);
    if (dice === 0 && this.consumers.length < 5) await this.join();
    else if (dice === 1 && this.consumers.length > 1) await this.consumers.shift()?.stop();
    else if (dice === 2) {
      this.#lost(...this.places);
      this.#lab?.kill();
    } else {
      const place = this.places[this.random.below(PARTITIONS)] ?? "";
      const [owner] = this.group.ownersOf(place);
      if (owner === undefined) return;
      const living = this.group.living;
      const next = living[this.random.below(living.length)];
      if (next !== undefined) this.#wanted.set(place, next);
      if (dice < 6) {
        this.counts.losses += 1;
        this.#lost(place);
        owner.lose(place);
      } else {
        this.counts.handovers += 1;
        owner.revoke(place);
      }
    }
  }

  /** Or are slow; one after the other in any case. */
  commitsFail(): void {
    const { group, random } = this;
    group.failing = random.chance(0.2) ? new StrandlineError("STORE_FAILED", "planned") : null;
    const slow = systemClock.sleep(random.below(6));
    group.underWay = Promise.all([group.underWay, slow]).then(() => {});
  }

  /** As a coordinator does: what nobody owns is given to somebody. */
  grant(): void {
    for (const place of this.places) {
      const owners = this.group.ownersOf(place);
      if (owners.length > 1) this.wrong.push(`${place} has ${owners.length} owners`);
      if (owners.length > 0) continue;
      const able = this.group.living.filter((member) => member.knows(place));
      const wanted = this.#wanted.get(place);
      const next = wanted !== undefined && able.includes(wanted) ? wanted : able[0];
      next?.assign(place);
    }
  }

  get complete(): boolean {
    return this.places.every((place) => this.handled.get(place)?.size === RECORDS);
  }
}

test("storms of fifty changes: the union is complete, one owner at a time, commits never ahead", async () => {
  const sum = { handovers: 0, losses: 0, failures: 0, duplicates: 0 };
  for (let seed = 1; seed <= 8; seed += 1) {
    const storm = new Storm(seed);
    await storm.begin();
    for (let change = 0; change < CHANGES; change += 1) {
      storm.grant();
      await systemClock.sleep(storm.random.below(5));
      storm.commitsFail();
      await storm.change();
    }
    storm.group.failing = null;
    while (!storm.complete) {
      storm.grant();
      await systemClock.sleep(2);
    }
    await Promise.all(storm.consumers.map((consumer) => consumer.stop()));
    expect(storm.wrong, `seed ${seed}`).toEqual([]);
    for (const each of Object.keys(sum) as (keyof typeof sum)[]) sum[each] += storm.counts[each];
  }
  expect(Math.min(sum.handovers, sum.losses, sum.failures)).toBeGreaterThan(10);
});
