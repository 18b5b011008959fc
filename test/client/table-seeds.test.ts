/** Whatever the device, the edge and the worker do, a table is what the store says. */
import { expect, test } from "vitest";
import { recordsOf } from "../../client/log/batch-codec.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { LocalSequence, Offset } from "../../shared/brands.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { TOPIC_ID, type Tab } from "./log/log-fixture.ts";
import { becomes, world } from "./table-world.ts";

/** What the table should be, straight from the store: the committed log, then what waits, as long as it waits. */
async function expected(edge: Tab): Promise<string> {
  const values = new Map<string, string>();
  const text = new TextDecoder();
  const row = await edge.log.catalog.byName("orders");
  const apply = (bytes: Uint8Array, to: number): void => {
    for (const { key, value, offset } of recordsOf(bytes)) {
      if (offset >= to) continue;
      if (value === null) values.delete(text.decode(key ?? undefined));
      else values.set(text.decode(key ?? undefined), text.decode(value));
    }
  };
  for (let partition = 0; partition < (row?.partitionCount ?? 0); partition += 1) {
    const { runs, nextOffset } = await edge.log.replica.read(await edge.ref(`orders-${partition}`), 0 as Offset, 1e9);
    for (const run of runs) apply(run, nextOffset);
  }
  for (const place of ["orders", "orders-0", "orders-1"])
    for (const { bytes } of await edge.log.outbox.read(await edge.ref(place), 0 as LocalSequence, {
      bytesMax: 1e9,
      countMax: 1e6,
    }))
      apply(bytes, Infinity);
  return [...values]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "seed %i: whatever happens, it is what the store says",
  async (seed) => {
    const random = new SeededRandom(seed);
    const { open, page, edge, send, commit, fetched, refuse } = await world(seed);
    const pages = [page, await open()];
    const record = (partition: number): string =>
      `${random.pick(["a", "b", "c"])}${partition}${random.chance(0.25) ? "" : `=${random.below(100)}`}`;
    const records = (partition: number): string =>
      Array.from({ length: 1 + random.below(3) }, () => record(partition)).join(" ");
    await send("orders", "a=0 b=0 lost=0");
    let tables = pages.map((each) => each.table("orders"));
    const ends = [0, 0];
    for (let step = 0; step < 60; step += 1) {
      const partition = random.below(2);
      const place = `orders-${partition}`;
      if (step === 12) await edge.learn("orders", 2, TOPIC_ID);
      if (step < 12) await send("orders", records(2));
      else if (random.chance(0.4)) await send(place, records(partition));
      else if (random.chance(0.3)) {
        const some = records(partition);
        await fetched(place, ends[partition] ?? 0, some);
        ends[partition] = (ends[partition] ?? 0) + some.split(" ").length;
      } else {
        const [first] = await edge.log.outbox.read(await edge.ref(place), 0 as LocalSequence, {
          bytesMax: 1,
          countMax: 1,
        });
        if (first !== undefined && random.chance(0.2)) await refuse(place);
        else if (first !== undefined) {
          await commit(place, first.count, ends[partition] ?? 0);
          ends[partition] = (ends[partition] ?? 0) + first.count;
        }
      }
      if (random.chance(0.05)) random.pick(pages).kill();
      if (random.chance(0.05)) {
        await tables[0]?.close();
        tables = [page.table("orders"), ...tables.slice(1)];
      }
      if (random.chance(0.3)) await systemClock.sleep(random.below(8));
      if (random.chance(0.2)) for (const table of tables) await becomes(table, await expected(edge));
    }
    for (const table of tables) await becomes(table, await expected(edge));
    for (const table of tables) await table.close();
    const late = (await open()).table("orders");
    await becomes(late, await expected(edge));
    await late.close();
    await Promise.all(pages.map((each) => each.close()));
    expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
  },
);
