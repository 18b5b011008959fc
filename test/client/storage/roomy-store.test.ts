import { expect, test } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { evictableReplica } from "../../../client/storage/evictable-replica.ts";
import { evict } from "../../../client/storage/eviction.ts";
import { QuotaGovernor } from "../../../client/storage/quota-governor.ts";
import { roomyStore } from "../../../client/storage/roomy-store.ts";
import { systemClock } from "../../../client/web-ports.ts";
import type { Offset } from "../../../shared/brands.ts";
import { ReplicaLab } from "./replica-lab.ts";

/** A disk that takes no offsets as long as a copy of what the edge holds is on it. */
async function fullDisk(options: { readonly rows: number }) {
  const store = new MemoryStore();
  const lab = await ReplicaLab.open({}, store);
  for (let row = 0; row < options.rows; row += 1) await lab.put({ value: `v${row}` });
  let held = true;
  store.fault = (stores) => (held && stores.includes("offsets") ? "full" : null);
  const governor = new QuotaGovernor({
    storage: { estimate: async () => null },
    clock: systemClock,
    evict: async (bytes, signal) => {
      const freed = await evict(store, bytes, signal);
      if (freed > 0) held = false;
      return freed;
    },
    tell: () => {},
  });
  const roomy = roomyStore(store, governor);
  return { lab, replica: evictableReplica(lab.tab.log.replica, { store, roomy, clock: systemClock, governor }) };
}

test("a group's offset is committed on a full disk: copies go for it", async () => {
  const { lab, replica } = await fullDisk({ rows: 3 });
  await replica.commit("g", [{ ref: lab.ref, offset: 2 as Offset }]);
  expect(await replica.committed("g", lab.ref)).toBe(2);
});

test("where nothing is left to go it is refused, typed, and nothing has changed", async () => {
  const { lab, replica } = await fullDisk({ rows: 0 });
  const committing = replica.commit("g", [{ ref: lab.ref, offset: 2 as Offset }]);
  await expect(committing).rejects.toMatchObject({ code: "STORAGE_FULL" });
  expect(await replica.committed("g", lab.ref)).toBeNull();
});
