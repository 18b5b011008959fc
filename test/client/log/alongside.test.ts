/** What shares the transaction of an append, and may refuse it. */
import { expect, test } from "vitest";
import type { Alongside } from "../../../client/log/device-log.ts";
import { commitGroup, groupCommit, GroupCommitRefused, readState } from "../../../client/log/group-state.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { Offset } from "../../../shared/brands.ts";
import { appendOf, Tab } from "./log-fixture.ts";

async function world() {
  const store = new MemoryStore();
  const tab = await Tab.known(store);
  const ref = await tab.ref("orders-0");
  const commit = (expected: number | null, offset: number, value: unknown = offset) => ({
    group: "g",
    ref,
    expected: expected as Offset | null,
    offset: offset as Offset,
    changes: [{ key: "k", put: { value } }],
    reads: [],
  });
  const append = (records: string, alongside: Alongside | null = null): Promise<unknown> =>
    tab.log.localLog.append([appendOf(records)], { alongside });
  const state = async (): Promise<unknown> => (await readState(store, "g", "k"))?.value;
  return { store, tab, ref, commit, append, state };
}

test("one that refuses undoes itself and nobody else", async () => {
  const { tab, ref, commit, append, state } = await world();
  const results = await Promise.allSettled([
    append("orders-0: a"),
    append("orders-0: b", groupCommit(commit(null, 1))),
    append("orders-0: c", groupCommit(commit(null, 1))),
    append("orders-0: d"),
    append("orders-0: e", groupCommit(commit(1, 2))),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"]);
  const refused = results[2] as PromiseRejectedResult;
  expect(refused.reason).toBeInstanceOf(GroupCommitRefused);
  expect((await tab.pending("orders-0")).replaceAll(/ ?\|? ?\d+: /g, " ").trim()).toBe("a b d e");
  expect([await state(), await tab.log.replica.committed("g", ref)]).toEqual([2, 2]);
});

test.each(["lost", "unanswered"] as const)(
  "a write that is %s happens once, with all that is alongside",
  async (fault) => {
    const { store, tab, ref, commit, append, state } = await world();
    let faults = 1;
    store.fault = () => (faults-- > 0 ? fault : null);
    await append("orders-0: a", groupCommit(commit(null, 1)));
    expect(await tab.pending("orders-0")).toBe("0: a");
    expect([await state(), await tab.log.replica.committed("g", ref)]).toEqual([1, 1]);
  },
);

test("a conflict changes nothing, and neither does an offset that somebody else has moved", async () => {
  const { store, tab, ref, commit, append, state } = await world();
  await commitGroup(store, commit(null, 1, "first"));
  const read = { key: "k", version: null };
  await expect(append("orders-0: a", groupCommit({ ...commit(1, 2), reads: [read] }))).rejects.toMatchObject({
    outcome: "conflict",
  });
  await expect(commitGroup(store, commit(null, 2))).rejects.toMatchObject({ outcome: "fenced" });
  expect([await tab.pending("orders-0"), await state()]).toEqual(["", "first"]);
  expect(await tab.log.replica.committed("g", ref)).toBe(1);
  await commitGroup(store, { ...commit(1, 2), changes: [{ key: ["k"] }] });
  expect(await state()).toBeUndefined();
});
