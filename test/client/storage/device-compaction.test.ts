import { describe, expect, test } from "vitest";
import { compactPartition } from "../../../client/log/device-compaction.ts";
import type { Store, StoreTransaction } from "../../../client/log/store.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { gzipBatch } from "../../../shared/gzip.ts";
import type { Offset } from "../../../shared/brands.ts";
import { seeded } from "../../harness/seeded.ts";
import { batchOfRecords, epoch, ReplicaLab } from "./replica-lab.ts";

const OPTIONS = { signal: new AbortController().signal, dirtyOffsetsMin: 1 };

async function compact(lab: ReplicaLab, more: { readonly keysMax?: number } = {}): Promise<number> {
  return await compactPartition(lab.tab.store, lab.ref, { ...OPTIONS, ...more });
}

describe("compaction on the device", () => {
  test("leaves the latest record of each key at its offset; keyless ones, tombstones and the newest row stay", async () => {
    const lab = await ReplicaLab.open();
    await lab.put({ key: "a", value: "1" }, { key: "b", value: "1" }, { value: "keyless" });
    await lab.put({ key: "a", value: "2" }, { key: "c", value: null });
    await lab.put({ key: "a", value: "3" }, { key: "b", value: "2" });
    expect(await compact(lab)).toBeGreaterThan(0);
    // The newest row is not learned from.
    expect(await lab.read()).toBe("1:b=1 2:-=keyless 3:a=2 4:c=- 5:a=3 6:b=2");
    await lab.put({ key: "d", value: "1" });
    await compact(lab);
    expect(await lab.read()).toBe("2:-=keyless 4:c=- 5:a=3 6:b=2 7:d=1");
    expect(await lab.partition()).toMatchObject({ compactedTo: 7, replicatedTo: 8 });
  });

  test("a row of which nothing is left goes, and readers from within it go on behind", async () => {
    const lab = await ReplicaLab.open();
    await lab.put({ key: "a", value: "1" }, { key: "a", value: "2" });
    await lab.put({ key: "a", value: "3" });
    await lab.put({ key: "z", value: "1" });
    await compact(lab);
    expect(await lab.read(0)).toBe("2:a=3 3:z=1");
    expect(await lab.read(1)).toBe("2:a=3 3:z=1");
  });

  test("opens gzip and leaves gzip", async () => {
    const lab = await ReplicaLab.open();
    const many = Array.from({ length: 50 }, (_, index) => ({ key: `k${index % 5}`, value: `value ${index}` }));
    await lab.putBatch(await gzipBatch(batchOfRecords(many)));
    await lab.put({ key: "z", value: "1" });
    expect(await compact(lab)).toBeGreaterThan(0);
    expect(await lab.read()).toBe("45:k0=value 45 46:k1=value 46 47:k2=value 47 48:k3=value 48 49:k4=value 49 50:z=1");
  });

  test("in as many passes as its memory asks for it comes to the same", async () => {
    const random = seeded(7);
    const lab = await ReplicaLab.open();
    const latest = new Map<string, string>();
    let offset = 0;
    for (let row = 0; row < 40; row += 1) {
      const all = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
        const key = `k${Math.floor(random() * 12)}`;
        latest.set(key, `${offset}:${key}=${offset}`);
        return { key, value: String(offset++) };
      });
      await lab.put(...all);
    }
    await lab.put({ value: "end" });
    for (let pass = 0; pass < 60; pass += 1) await compact(lab, { keysMax: 3 });
    const expected = [...latest.values()].toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    expect(await lab.read()).toBe([...expected, `${offset}:-=end`].join(" "));
  });

  test("a pass that a truncation overtakes changes nothing of the log that came in its place", async () => {
    const store = new MemoryStore();
    const lab = await ReplicaLab.open({}, store);
    await lab.put({ key: "a", value: "1" }, { key: "b", value: "1" });
    await lab.put({ key: "a", value: "2" });
    await lab.put({ key: "z", value: "1" });
    let overtaken = false;
    const overtaking: Store = {
      close: () => store.close(),
      async transact(stores, options, body: (transaction: StoreTransaction) => Promise<never>) {
        if (options.mode === "readwrite" && !overtaken) {
          overtaken = true;
          // The very same bytes stand in the new log, but for what followed them.
          await lab.change({ leaderEpoch: epoch(2), replicatedTo: 2 as Offset });
        }
        return await store.transact(stores, options, body);
      },
    };
    await compactPartition(overtaking, lab.ref, OPTIONS);
    expect(overtaken).toBe(true);
    expect(await lab.read()).toBe("0:a=1 1:b=1");
    expect((await lab.partition()).compactedTo).toBeUndefined();
  });

  test("waits until there is something to gain", async () => {
    const lab = await ReplicaLab.open();
    for (let row = 0; row < 5; row += 1) await lab.put({ key: "a", value: String(row) });
    expect(await compactPartition(lab.tab.store, lab.ref, { ...OPTIONS, dirtyOffsetsMin: 5 })).toBe(0);
    expect((await lab.read()).split(" ")).toHaveLength(5);
  });
});
