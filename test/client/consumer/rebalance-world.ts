/** A consumer of three partitions in a group that its test tells what to do; its handlers wait where they are told to. */
import { onTestFinished } from "vitest";
import type { EachMessagePayload, RunConfig } from "../../../client/page/consumer-events.ts";
import type { ConsumerConfig } from "../../../client/page/consumer-config.ts";
import { ConsumerLab, inWords, until, type LabOptions } from "./consumer-lab.ts";
import { FakeGroup, type FakeMember } from "./fake-group.ts";

export interface RebalanceOptions extends LabOptions {
  readonly config?: ConsumerConfig;
  readonly run?: Partial<RunConfig>;
}

/** Handlers that wait, by the place of their record. */
export class Gates {
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  shut(...places: string[]): void {
    for (const place of places) this.#gates.set(place, Promise.withResolvers<void>());
  }

  open(place: string): void {
    this.#gates.get(place)?.resolve();
    this.#gates.delete(place);
  }

  async pass(place: string): Promise<void> {
    await this.#gates.get(place)?.promise;
  }
}

/** `0a@0` is record `a` of partition 0. `told`: what was told of the group. Its consumer stops with the test. */
export async function rebalanceWorld(options: RebalanceOptions = {}) {
  const { config, run, ...lab_ } = options;
  const group = new FakeGroup();
  const lab = await ConsumerLab.open({ localPartitionCount: 3, groups: group.groups, ...lab_ });
  for (const partition of [0, 1, 2]) await lab.append(`t-${partition}: a b c d`);
  const consumer = lab.consumer({ groupId: "g", ...config });
  onTestFinished(() => consumer.stop());
  const gates = new Gates();
  const [seen, done, told]: [string[], string[], string[]] = [[], [], []];
  const payloads = new Map<string, EachMessagePayload>();
  for (const name of ["partitions_assigned", "partitions_revoked", "partitions_lost"] as const)
    consumer.on(name, ({ partitions }) => told.push(`${name.slice(11)} ${JSON.stringify(partitions)}`));
  consumer.on("group_join", ({ memberAssignment }) => told.push(`join ${JSON.stringify(memberAssignment)}`));
  consumer.on("rebalancing", () => told.push("rebalancing"));
  consumer.on("commit_fenced", ({ topic, partition, from, to, code }) =>
    told.push(`fenced ${topic}-${partition} ${from}-${to} ${code}`),
  );
  consumer.on("crash", ({ error }) => told.push(`crash ${String(error)}`));
  const eachMessage = async (payload: EachMessagePayload): Promise<void> => {
    const place = `${payload.partition}${inWords(payload.message)}`;
    payloads.set(place, payload);
    seen.push(place);
    await gates.pass(place);
    done.push(place);
  };
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  await consumer.run({ partitionsConsumedConcurrently: 3, eachMessage, ...(run as object) });
  await until(() => group.living.at(-1)?.knows("t-2") === true);
  const member = (): FakeMember => group.living.at(-1) as FakeMember;
  const of = (list: readonly string[], partition: number): string[] =>
    list.filter((place) => place.startsWith(String(partition)));
  return { group, lab, consumer, gates, seen, done, told, payloads, member, of };
}
