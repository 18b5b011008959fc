import { describe, expect, test, vi } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { Room } from "../../../client/log/local-log.ts";
import { openDevice } from "../../../client/log/open-device.ts";
import type { Store, StoreTransaction } from "../../../client/log/store.ts";
import { evict } from "../../../client/storage/eviction.ts";
import { QuotaGovernor } from "../../../client/storage/quota-governor.ts";
import { nextLevel, type StorageLevel } from "../../../client/storage/storage-level.ts";
import { readAtKey } from "../../../client/log/keys.ts";
import { systemClock, cryptoRandom } from "../../../client/web-ports.ts";
import type { Offset, Partition } from "../../../shared/brands.ts";
import type { Clock } from "../../../shared/clock.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { batchOf, OTHER_TOPIC_ID, type Tab } from "../log/log-fixture.ts";
import { batchOfRecords, ReplicaLab, runOf } from "./replica-lab.ts";

const NEVER = new AbortController().signal;

test("levels change at other borders on the way up than on the way down", () => {
  const walked: StorageLevel[] = [];
  let level: StorageLevel = "ok";
  for (const usageBytes of [79, 80, 75, 94, 95, 91, 89, 71, 69, 96, 10])
    walked.push((level = nextLevel(level, { usageBytes, quotaBytes: 100 })));
  expect(walked.join(" ")).toBe("ok pressure pressure pressure critical critical pressure pressure ok critical ok");
});

/** A disk of 100 MB of which so much can be dropped; time passes while somebody waits. */
class Disk {
  static readonly MB = 1_000_000;
  usedMb: number;
  droppableMb: number;
  quotaMb = 100;
  now = 0;
  /** Chromium's way: what it says of the quota is no help. */
  silent = false;
  onSleep: () => void = () => {};
  readonly told: string[] = [];
  readonly governor: QuotaGovernor;

  constructor(usedMb: number, droppableMb = 0) {
    this.usedMb = usedMb;
    this.droppableMb = droppableMb;
    const clock: Clock = {
      now: () => this.now,
      sleep: async (ms) => {
        this.now += ms;
        this.onSleep();
      },
    };
    this.governor = new QuotaGovernor({
      clock,
      storage: {
        estimate: async () => ({
          usageBytes: this.usedMb * Disk.MB,
          quotaBytes: (this.silent ? this.usedMb + 10_000 : this.quotaMb) * Disk.MB,
        }),
      },
      evict: async (bytes) => {
        const freedMb = Math.min(this.droppableMb, Math.ceil(bytes / Disk.MB));
        this.droppableMb -= freedMb;
        this.usedMb -= freedMb;
        return freedMb * Disk.MB;
      },
      tell: ({ level }) => void this.told.push(level),
    });
  }

  async send(mb: number): Promise<string> {
    try {
      await this.governor.admit(mb * Disk.MB);
      return "sent";
    } catch (error) {
      return error instanceof StrandlineError ? `${error.code} after ${this.now} ms` : String(error);
    }
  }
}

describe("the governor", () => {
  test("lets pass without a word where there is room", async () => {
    const disk = new Disk(10);
    await disk.governor.look();
    expect(disk.governor.admit(5 * Disk.MB)).toBeNull();
    expect(disk.told).toEqual([]);
  });

  test("drops copies in the background under pressure, and no more than it takes", async () => {
    const disk = new Disk(85, 50);
    await disk.governor.look();
    await vi.waitFor(() => expect(disk.usedMb).toBe(69));
    await disk.governor.look();
    expect(disk.told).toEqual(["pressure", "ok"]);
  });

  test("holds a send back until sync has freed something", async () => {
    const disk = new Disk(99);
    await disk.governor.look();
    disk.onSleep = () => {
      if (disk.now >= 2_000) disk.usedMb = 50;
    };
    expect(await disk.send(3)).toBe("sent");
    expect(disk.now).toBe(2_000);
    expect(disk.told).toEqual(["critical", "ok"]);
  });

  test("refuses with numbers when nothing is left, those behind at once, and goes on as soon as there is room", async () => {
    const disk = new Disk(99);
    await disk.governor.look();
    expect(await disk.send(3)).toBe("STORAGE_FULL after 5000 ms");
    expect(await disk.send(3)).toBe("STORAGE_FULL after 5000 ms");
    expect((await disk.governor.refusal()).details).toEqual({ usageBytes: 99e6, quotaBytes: 100e6 });
    disk.quotaMb = 200;
    disk.now += 250;
    expect(await disk.send(3)).toBe("sent");
  });

  test("what fits is not held although storage is nearly full", async () => {
    const disk = new Disk(96);
    await disk.governor.look();
    expect(await disk.send(1)).toBe("sent");
    expect(disk.now).toBe(0);
  });

  test("learns the quota from a refusal where the browser does not tell it, and tries again a second later", async () => {
    const disk = new Disk(60, 15);
    disk.silent = true;
    expect(await disk.send(3)).toBe("sent");
    expect(await disk.governor.free()).toBe(true);
    expect(disk.usedMb).toBe(45);
    disk.usedMb = 60;
    expect(await disk.governor.free()).toBe(false);
    await disk.governor.refusal();
    expect(await disk.send(3)).toBe("STORAGE_FULL after 0 ms");
    disk.now += 1_000;
    expect(await disk.send(3)).toBe("sent");
    disk.usedMb = 63;
    await disk.governor.look();
    expect(disk.told.at(-1)).toBe("ok");
  });
});

/** A store whose disk is full for the next `left` appends. */
class FullDisk {
  left = 0;
  readonly store: Store;

  constructor(inner: Store) {
    this.store = {
      close: () => inner.close(),
      transact: async (stores, options, body: (transaction: StoreTransaction) => Promise<never>) => {
        if (options.mode === "readwrite" && stores.includes("pending") && this.left > 0) {
          this.left -= 1;
          throw new StrandlineError("STORAGE_FULL", "the disk");
        }
        return await inner.transact(stores, options, body);
      },
    };
  }

  async tab(freed: boolean): Promise<(...values: string[]) => Promise<string>> {
    const room: Room = {
      admit: () => null,
      free: async () => freed,
      refusal: async () => new StrandlineError("STORAGE_FULL", "with numbers", { usageBytes: 1, quotaBytes: 1 }),
    };
    const owner = { namespace: "n", principal: "p", local: null };
    const log = await openDevice({ store: this.store, clock: systemClock, random: cryptoRandom, ...owner, room });
    await log.catalog.learn([{ name: "orders", error: null, topicId: OTHER_TOPIC_ID, partitionCount: 1, config: {} }]);
    const partition = 0 as Partition;
    return async (...values) => {
      const answers = await Promise.allSettled(
        values.map((value) => log.localLog.append([{ topic: "orders", partition, batch: batchOf(value) }])),
      );
      return answers
        .map((one) => (one.status === "fulfilled" ? one.value[0]?.localSequence : (one.reason as Error).message))
        .join(" | ");
    };
  }
}

describe("an append that the browser refuses for want of room", () => {
  test("is tried once more where something was freed, in its turn", async () => {
    const disk = new FullDisk(new MemoryStore());
    const append = await disk.tab(true);
    disk.left = 1;
    expect(await append("a")).toBe("0");
    disk.left = 1;
    expect(await append("b", "c")).toBe("1 | 2");
  });

  test("is refused with numbers where that did not help, and the next is numbered as if it had never been", async () => {
    const disk = new FullDisk(new MemoryStore());
    const append = await disk.tab(true);
    disk.left = 2;
    expect(await append("a")).toContain("with numbers");
    expect(disk.left).toBe(0);
    expect(await append("b")).toBe("0");
  });

  test("is not tried again where nothing was freed", async () => {
    const disk = new FullDisk(new MemoryStore());
    const append = await disk.tab(false);
    disk.left = 2;
    expect(await append("a")).toContain("with numbers");
    expect(disk.left).toBe(1);
  });
});

describe("what goes first", () => {
  async function twoTopics(): Promise<{ orders: ReplicaLab; held: () => Promise<string>; rowBytes: number }> {
    const orders = await ReplicaLab.open();
    const audit = await ReplicaLab.topic(orders.tab, "audit", {}, OTHER_TOPIC_ID);
    const batch = batchOfRecords([{ value: "x" }]);
    for (let at = 0; at < 3; at += 1) {
      await orders.putBatch(batch);
      await orders.tab.log.replica.store([runOf(audit, at, batch)]);
    }
    const held = async (): Promise<string> => {
      const [a, b] = await orders.tab.log.replica.rows([orders.ref, audit]);
      return `orders ${a?.heldFrom ?? 0}, audit ${b?.heldFrom ?? 0}`;
    };
    return { orders, held, rowBytes: batch.byteLength };
  }

  async function readAt(tab: Tab, name: string, at: number): Promise<void> {
    const row = await tab.log.catalog.byName(name);
    if (row === undefined) throw new Error("no topic");
    await tab.store.transact(["meta"], { mode: "readwrite" }, (transaction) =>
      transaction.put("meta", readAtKey(row.topicKey), at),
    );
  }

  test("is of the topic that was read longest ago, and no more than was asked for", async () => {
    const { orders, held, rowBytes } = await twoTopics();
    await readAt(orders.tab, "orders", 2_000);
    await readAt(orders.tab, "audit", 1_000);
    expect(await evict(orders.tab.store, rowBytes + 1, NEVER)).toBe(2 * rowBytes);
    expect(await held()).toBe("orders 0, audit 2");
  });

  test("is what every group has consumed; the rest goes when that is not enough; what is not synced never", async () => {
    const { orders, held, rowBytes } = await twoTopics();
    const { tab, ref } = orders;
    await readAt(tab, "audit", 9_000);
    for (const [group, offset] of [
      ["a", 2],
      ["b", 1],
    ] as const)
      await tab.log.replica.commit(group, [{ ref, offset: offset as Offset }]);
    await tab.append("orders-0: mine");
    await evict(tab.store, 3 * rowBytes, NEVER);
    expect(await held()).toBe("orders 1, audit 2");
    expect(await evict(tab.store, 1e9, NEVER)).toBe(3 * rowBytes);
    expect(await held()).toBe("orders 3, audit 3");
    expect(await evict(tab.store, 1e9, NEVER)).toBe(0);
    expect(await tab.pending("orders-0")).toBe("0: mine");
  });
});
