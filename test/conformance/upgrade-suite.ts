/** Databases that older versions of the client left in a browser, opened by this one. In Node and in real browsers. */
import { openDB, type IDBPDatabase } from "idb";
import { expect, test } from "vitest";
import { IdbStore } from "../../client/log/idb-store.ts";
import { SCHEMA_VERSION } from "../../client/log/idb-schema.ts";
import { openDevice } from "../../client/log/open-device.ts";
import { STORE_NAMES, type StoreName } from "../../client/log/store.ts";
import { Canary, type CanaryNote } from "../../client/storage/canary.ts";
import { upgrade } from "../../client/log/upgrades.ts";
import { cryptoRandom, systemClock } from "../../client/web-ports.ts";
import type { LocalSequence, Offset, Partition, TopicKey } from "../../shared/brands.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { batchOf, valuesOf } from "../client/log/log-fixture.ts";

const VERSION_1: readonly StoreName[] = ["meta", "topics", "partitions", "pending", "log", "offsets", "deadLetters"];

function stored(records: string): Uint8Array<ArrayBuffer> {
  const batch = batchOf(records);
  writeCrc(batch, 0);
  return batch;
}

const partitionRow = {
  identity: null,
  nextLocalSequence: 2,
  ackedLocalSequence: 0,
  ackedChain: 0,
  ackedRanges: [],
  leaderEpoch: null,
  logStartOffset: 0,
  highWatermark: 1,
  replicatedTo: 1,
  replicatedCrc: null,
  retired: false,
};

/** One row in each store of version 1, as that version wrote them. */
const ROWS: readonly (readonly [StoreName, IDBValidKey, unknown])[] = [
  [
    "meta",
    "device",
    {
      deviceId: "d",
      rootProducerKey: "00112233445566778899aabbccddeeff",
      namespace: "n",
      principal: "p",
      createdAt: 1,
    },
  ],
  [
    "topics",
    1,
    {
      topicKey: 1,
      name: "orders",
      topicId: "11111111-2222-4333-8444-555555555555",
      partitionCount: 1,
      config: {},
      retired: false,
      followed: true,
      local: false,
    },
  ],
  ["partitions", [1, 0], partitionRow],
  ["pending", [1, 0, 0], { bytes: stored("a b"), count: 2, createdAt: 1 }],
  ["log", [1, 0, 0], { bytes: stored("c"), lastOffset: 0 }],
  ["offsets", ["g", 1, 0], { offset: 1, syncedToEdge: false }],
  [
    "deadLetters",
    [1, 0, 9],
    { bytes: stored("d"), count: 1, createdAt: 1, diedAt: 2, error: { code: "INVALID_RECORD" } },
  ],
];

async function makeVersion1(name: string): Promise<void> {
  const database = await openDB(name, 1, {
    upgrade(opened) {
      for (const store of VERSION_1) opened.createObjectStore(store);
    },
  });
  const transaction = database.transaction([...VERSION_1], "readwrite");
  for (const [store, key, value] of ROWS) void transaction.objectStore(store).put(value, key);
  await transaction.done;
  database.close();
}

async function rowsOf(database: IDBPDatabase, stores: readonly string[]): Promise<unknown> {
  const all = await Promise.all(
    stores.map(async (store) => [store, await database.getAllKeys(store), await database.getAll(store)]),
  );
  return all;
}

async function openAsItIs<Result>(name: string, look: (database: IDBPDatabase) => Promise<Result>): Promise<Result> {
  const database = await openDB(name);
  try {
    return await look(database);
  } finally {
    database.close();
  }
}

const touch = async (store: IdbStore): Promise<void> => {
  await store.transact(["meta"], { mode: "readonly" }, (transaction) => transaction.get("meta", "device"));
};

export function upgradeSuite(freshName: () => string): void {
  test("a database of version 1 is brought to this version with all it holds, and opened again as it is", async () => {
    const name = freshName();
    await makeVersion1(name);
    const before = await openAsItIs(name, (database) => rowsOf(database, VERSION_1));
    for (let opening = 0; opening < 2; opening += 1) {
      const store = new IdbStore({ name, clock: systemClock });
      const owner = { namespace: "n", principal: "p" };
      const log = await openDevice({ store, clock: systemClock, random: cryptoRandom, ...owner, local: null });
      const ref = { topicKey: 1 as TopicKey, partition: 0 as Partition };
      const pending = await log.outbox.read(ref, 0 as LocalSequence, { bytesMax: 1e6, countMax: 10 });
      expect(pending.map(({ bytes }) => valuesOf(bytes))).toEqual(["a b"]);
      const { runs } = await log.replica.read(ref, 0 as Offset, 1e6);
      expect(runs.map(valuesOf)).toEqual(["c"]);
      expect(await log.replica.committed("g", ref)).toBe(1);
      await store.transact(["state", "tables"], { mode: "readwrite" }, async (transaction) => {
        void transaction.put("state", ["g", "k"], opening);
        void transaction.put("tables", [1, "k"], opening);
      });
      store.close();
      await openAsItIs(name, async (database) => {
        expect(database.version).toBe(SCHEMA_VERSION);
        expect([...database.objectStoreNames].toSorted()).toEqual([...STORE_NAMES].toSorted());
        expect(await rowsOf(database, VERSION_1)).toEqual(before);
      });
    }
  });

  test("an upgrade is no loss: the device is the same, and neither its note nor its tabs tell of another", async () => {
    const name = freshName();
    await makeVersion1(name);
    const gone: string[] = [];
    const store = new IdbStore({ name, clock: systemClock, onGone: () => gone.push("gone") });
    const owner = { namespace: "n", principal: "p" };
    const log = await openDevice({ store, clock: systemClock, random: cryptoRandom, ...owner, local: null });
    store.bind(log.device.deviceId);
    let note: CanaryNote | null = { deviceId: "d", unsyncedRecords: 2, since: 1 };
    const canary = new Canary({
      perch: {
        read: async () => note,
        write: async (written) => void (note = written),
        remove: async () => void (note = null),
      },
      locks: { request: async (_name, _options, body) => await body() },
      ...{ clock: systemClock, lockName: "canary", deviceId: log.device.deviceId },
      unsyncedRecords: async () => (await log.outbox.waiting()).reduce((sum, { records }) => sum + records, 0),
    });
    expect(await canary.begin()).toBeNull();
    expect(note).toMatchObject({ deviceId: "d", unsyncedRecords: 2 });
    const newer = await openDB(name, SCHEMA_VERSION + 1);
    await expect(touch(store)).rejects.toMatchObject({ code: "STORE_OUTDATED" });
    expect(gone).toEqual([]);
    newer.close();
    store.close();
  });

  test("of version 2 the turns of whole groups are taken out, and nothing else", async () => {
    const name = freshName();
    const database = await openDB(name, 2, {
      upgrade: (opened, from, _, transaction) => void upgrade(opened, { from, to: 2, transaction }),
    });
    const offset = { offset: 1, syncedToEdge: false };
    for (const group of ["g", "\u0001", "1"]) {
      await database.put("offsets", { turn: 3 }, ["", group]);
      await database.put("offsets", offset, [group, 1, 0]);
    }
    database.close();
    const store = new IdbStore({ name, clock: systemClock });
    await touch(store);
    store.close();
    await openAsItIs(name, async (opened) => {
      expect(await opened.getAllKeys("offsets")).toEqual(["\u0001", "1", "g"].map((group) => [group, 1, 0]));
    });
  });

  test("a step that fails, after others and after requests of its own, leaves the version that was there", async () => {
    const name = freshName();
    await makeVersion1(name);
    const before = await openAsItIs(name, (database) => rowsOf(database, VERSION_1));
    const steps = [
      { to: 2, apply: (database: IDBPDatabase) => void database.createObjectStore("half") },
      {
        to: 3,
        async apply(_: IDBPDatabase, transaction: Parameters<typeof upgrade>[1]["transaction"]) {
          await transaction.objectStore("meta").clear();
          throw new Error("of the step");
        },
      },
    ];
    const opening = openDB(name, 3, {
      upgrade(database, from, to, transaction) {
        transaction.done.catch(() => {});
        void upgrade(database, { from, to: to ?? 3, transaction, steps });
      },
    });
    await expect(opening).rejects.toMatchObject({ name: "AbortError" });
    await openAsItIs(name, async (database) => {
      expect(database.version).toBe(1);
      expect([...database.objectStoreNames].toSorted()).toEqual([...VERSION_1].toSorted());
      expect(await rowsOf(database, VERSION_1)).toEqual(before);
    });
    const store = new IdbStore({ name, clock: systemClock });
    await touch(store);
    store.close();
  });

  test("a tab of this version lets a newer one in, and its operations end with STORE_OUTDATED", async () => {
    const name = freshName();
    const store = new IdbStore({ name, clock: systemClock });
    await touch(store);
    const newer = await openDB(name, SCHEMA_VERSION + 1);
    for (let time = 0; time < 2; time += 1)
      await expect(touch(store)).rejects.toMatchObject({ code: "STORE_OUTDATED", retriable: false });
    newer.close();
    store.close();
    const late = new IdbStore({ name, clock: systemClock });
    await expect(touch(late)).rejects.toMatchObject({ code: "STORE_OUTDATED" });
    late.close();
  });
}
