import { describe, expect, test } from "vitest";
import { Canary, type CanaryNote, type CanaryPerch } from "../../../client/storage/canary.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";
import { MemoryLocks } from "../memory-locks.ts";

class Perch implements CanaryPerch {
  note: CanaryNote | null = null;
  writes = 0;
  async read(): Promise<CanaryNote | null> {
    return this.note;
  }
  async write(note: CanaryNote): Promise<void> {
    this.writes += 1;
    this.note = note;
  }
  async remove(): Promise<void> {
    this.note = null;
  }
}

const perch = (): Perch => new Perch();

function device(
  deviceId: string,
  on: Perch,
  unsynced: { count: number },
  locks = new MemoryLocks(),
): { canary: Canary; clock: VirtualClock } {
  const clock = new VirtualClock();
  const shared = { locks, lockName: "canary" };
  return {
    clock,
    canary: new Canary({ perch: on, clock, ...shared, deviceId, unsyncedRecords: async () => unsynced.count }),
  };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("the note of a device", () => {
  test("tells a device that comes in its place what was lost, once", async () => {
    const on = perch();
    const unsynced = { count: 7 };
    expect(await device("old", on, unsynced).canary.begin()).toBeNull();
    expect(await device("new", on, { count: 0 }).canary.begin()).toMatchObject({ deviceId: "old", unsyncedRecords: 7 });
    expect(await device("new", on, { count: 0 }).canary.begin()).toBeNull();
  });

  test("is written at once when there is something to lose, and then once a second", async () => {
    const on = perch();
    const unsynced = { count: 0 };
    const { canary, clock } = device("d", on, unsynced);
    await canary.begin();
    expect(on.writes).toBe(1);
    for (let sent = 1; sent <= 100; sent += 1) {
      unsynced.count = sent;
      canary.changed({ appended: true });
    }
    await clock.advance(0);
    await settled();
    expect(on.note?.unsyncedRecords).toBe(100);
    expect(on.writes).toBe(2);
    unsynced.count = 101;
    canary.changed({ appended: true });
    await settled();
    expect(on.note?.unsyncedRecords).toBe(100);
    await clock.advance(1_000);
    await settled();
    expect(on.note?.unsyncedRecords).toBe(101);
    unsynced.count = 0;
    canary.changed({ appended: false });
    await clock.advance(1_000);
    await settled();
    expect(on.note?.unsyncedRecords).toBe(0);
    const { writes } = on;
    await clock.advance(60_000);
    expect(on.writes).toBe(writes);
  });

  test("goes before its database is discarded, and no write that is due brings it back", async () => {
    const on = perch();
    const { canary, clock } = device("d", on, { count: 3 });
    await canary.begin();
    canary.changed({ appended: true });
    await canary.during(async () => {});
    await clock.advance(5_000);
    await settled();
    expect(on.note).toBeNull();
  });

  test("of a database that is discarded is written by no other tab, and no next device tells of a loss", async () => {
    const [on, locks] = [perch(), new MemoryLocks()];
    const unsynced = { count: 3 };
    const [one, other] = [device("d", on, unsynced, locks), device("d", on, unsynced, locks)];
    await one.canary.begin();
    await other.canary.begin();
    const next = device("next", on, { count: 0 }, locks);
    const later: Promise<unknown>[] = [];
    await one.canary.during(async () => {
      // Due in the middle of it: another tab's note, the news there that the database is gone, and the next start.
      unsynced.count = 4;
      other.canary.changed({ appended: true });
      await other.clock.advance(5_000);
      later.push(other.canary.lost(), next.canary.begin());
      await settled();
      expect(on.note).toBeNull();
    });
    expect(await Promise.all(later)).toEqual([null, null]);
    expect(on.note?.deviceId).toBe("next");
  });

  test("is there again where the database cannot be deleted", async () => {
    const on = perch();
    const { canary } = device("d", on, { count: 3 });
    await canary.begin();
    const failed = canary.during(() => Promise.reject(new Error("kept open")));
    await expect(failed).rejects.toThrow("kept open");
    expect(on.note).toMatchObject({ deviceId: "d", unsyncedRecords: 3 });
  });

  test("a database that is missing under its device is told from it, and not again at the next start", async () => {
    const on = perch();
    const { canary } = device("d", on, { count: 3 });
    await canary.begin();
    expect(await canary.lost()).toMatchObject({ deviceId: "d", unsyncedRecords: 3 });
    expect(await device("next", on, { count: 0 }).canary.begin()).toBeNull();
  });
});
