/** Consumers that come, go, poll at the same time and are evicted, with their group: nothing is skipped or told twice. */
import { expect, test } from "vitest";
import type { FetchedRecord } from "../../../edge/kafka-rest/fetched.ts";
import { seeded } from "../../harness/seeded.ts";
import { newPlace } from "../edge.ts";
import { evictGroup, newGroup } from "../groups/group-lab.ts";
import { evictConsumer, produce, RestClient } from "./consumer-lab.ts";

const PARTITIONS = [0, 1, 2, 3, 4];
const STEPS = 60;

test.each([1, 2, 3, 4])("storm %d", async (seed) => {
  const random = seeded(seed);
  const next = (below: number): number => Math.floor(random() * below);
  const { name } = await newPlace({}, PARTITIONS.length);
  const group = newGroup();
  const clients: RestClient[] = [];
  const told: FetchedRecord[] = [];
  let produced = 0;
  const join = async (): Promise<void> => {
    const client = await RestClient.create({ group });
    await client.subscribe(name);
    clients.push(client);
  };
  const some = (): RestClient | undefined => clients[next(clients.length)];
  const polled = async (client: RestClient | undefined): Promise<void> => {
    told.push(...((await client?.poll(`timeout=0&max_bytes=${1 + next(30)}`)) ?? []));
  };
  await join();
  for (let step = 0; step < STEPS; step += 1) {
    const kind = next(10);
    if (kind === 0 && clients.length < 4) await join();
    else if (kind === 1 && clients.length > 1) await clients.splice(next(clients.length), 1)[0]?.delete();
    else if (kind === 2) await evictGroup(group);
    else if (kind === 3) await evictConsumer(some() ?? { group, instance: "none" });
    else if (kind === 4) {
      const one = some();
      await Promise.all([polled(one), polled(one), polled(some())]);
    } else if (kind < 7) {
      const partition = next(PARTITIONS.length);
      const values = Array.from({ length: 1 + next(3) }, () => `${produced++}`);
      await produce(name, partition, ...values);
    } else await polled(some());
  }
  for (let calm = 0, before = -1; calm < 5;) {
    for (const client of clients) await polled(client);
    calm = told.length >= produced && told.length === before ? calm + 1 : 0;
    before = told.length;
  }
  const places = told.map(({ partition, offset }) => `${partition}:${offset}`);
  expect(new Set(places).size).toBe(places.length);
  expect(told.map(({ value }) => Number(value)).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: produced }, (_, index) => index),
  );
  for (const partition of PARTITIONS) {
    const offsets = told.flatMap((one) => (one.partition === partition ? [one.offset] : []));
    expect(offsets).toEqual(offsets.map((_, index) => index));
  }
});
