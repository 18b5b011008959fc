/** Order of keys over growths: whoever asks for it deals with the records of each key in the order they were written. */
import { describe, expect, test, vi } from "vitest";
import { seeded } from "../harness/seeded.ts";
import { newDevice, type Device } from "./device.ts";
import { evict, newPlace, recordsOf, stubOf, type Place } from "./edge.ts";
import { TailClient } from "./tail-client.ts";

type Below = (limit: number) => number;

const KEYS = 12;
const COUNTS = [2, 3, 5];
const PARTITIONS = 5;

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

async function grow(place: Place, growths: readonly number[]): Promise<void> {
  const address = { namespace: "default", topicId: place.topicId, partition: place.partition };
  const topic = { name: place.name, revision: 1_000 + growths.length, config: {}, growths };
  await stubOf(place).adopt(address, topic);
}

/** Subscribes to all partitions, deals with what comes one after the other and acknowledges late. */
class OrderedReader {
  /** `key.number`, in the order they were dealt with. */
  readonly dealtWith: string[] = [];
  readonly errors: string[] = [];
  readonly positions = Array.from({ length: PARTITIONS }, () => 0);
  #stopped = false;
  readonly #place: Place;
  readonly #below: Below;
  readonly #losesOneIn: number;

  constructor(place: Place, below: Below, losesOneIn: number) {
    this.#place = place;
    this.#below = below;
    this.#losesOneIn = losesOneIn;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const socket = await TailClient.open({ acks: false });
      for (const [partition, offset] of this.positions.entries())
        socket.subscribe({ ...this.#place, partition }, { id: partition, offset, keyOrder: true, windowBytes: 2_000 });
      await this.#read(socket);
      socket.close();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #read(socket: TailClient): Promise<void> {
    for (let at = 0; !this.#stopped && socket.closed === null;) {
      const next = socket.came[at];
      if (next === undefined || this.#below(3) === 0) await pause(this.#below(5));
      if (this.#losesOneIn > 0 && this.#below(this.#losesOneIn) === 0) return;
      if (next === undefined) continue;
      at += 1;
      if (next.type === "error") this.errors.push(next.error.message);
      if (next.type !== "records") continue;
      for (const value of next.values) {
        const [offset, text = ""] = value.split(":");
        if (Number(offset) >= (this.positions[next.id] ?? 0)) this.dealtWith.push(text);
      }
      this.positions[next.id] = next.nextOffset;
      if (this.#below(2) === 0) await pause(this.#below(8));
      socket.ack(next.id, next.nextOffset);
    }
  }
}

/** Every key in its order, in whatever partition it stands at the time. */
async function write(
  devices: readonly Device[],
  { below, counts }: { below: Below; counts: () => number },
): Promise<void> {
  for (let number = 0; number < 10; number += 1) {
    for (let key = 0; key < KEYS; key += 1) {
      const device = devices[(key * 7) % counts()];
      const text = `${key}.${counts()}.${number}`;
      await device?.send(device.batch(text));
    }
    await pause(below(4));
  }
}

describe.each([1, 2, 3, 4])("seed %i:", (seed) => {
  test.each(["readers that stay", "readers that come back"])("%s", async (what) => {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const place = await newPlace({}, PARTITIONS);
    const places = Array.from({ length: PARTITIONS }, (_, partition) => ({ ...place, partition }));
    const devices = await Promise.all(places.map(async (one) => await newDevice(one)));
    const losesOneIn = what.endsWith("back") ? 40 : 0;
    const readers = [0, 1, 2].map(() => new OrderedReader(place, below, losesOneIn));
    const running = readers.map(async (reader, at) => {
      await pause(at * 40);
      await reader.run();
    });
    const written = new Map<string, string[]>();
    for (const [growth, count] of COUNTS.entries()) {
      if (growth > 0)
        for (const one of places.toSorted(() => below(3) - 1)) {
          await grow(one, COUNTS.slice(0, growth));
          if (below(3) === 0) await evict(one);
        }
      await write(devices, { below, counts: () => count });
      for (let key = 0; key < KEYS; key += 1)
        written.set(`${key}`, [
          ...(written.get(`${key}`) ?? []),
          ...Array.from({ length: 10 }, (_, number) => `${key}.${count}.${number}`),
        ]);
    }
    const ends = await Promise.all(places.map(async (one) => (await recordsOf(one)).length));
    for (const reader of readers) {
      await vi.waitFor(() => expect([reader.positions, reader.errors]).toEqual([ends, []]));
      reader.stop();
      for (const [key, expected] of written)
        expect(reader.dealtWith.filter((one) => one.startsWith(`${key}.`))).toEqual(expected);
    }
    await Promise.all(running);
  });
});

test("without keyOrder nobody waits", async () => {
  const place = await newPlace({}, 2);
  await grow({ ...place, partition: 0 }, [1]);
  await grow({ ...place, partition: 1 }, [1]);
  const device = await newDevice({ ...place, partition: 1 });
  await device.send(device.batch("a"));
  const tail = await TailClient.open();
  tail.subscribe({ ...place, partition: 1 });
  await tail.untilValues(["0:a"]);
  tail.close();
});

test("an older partition that is missing is told, and no record comes before it", async () => {
  const place = await newPlace({}, 2);
  const young = { ...place, partition: 1 };
  await grow(place, [1]);
  await grow(young, [1]);
  const device = await newDevice(young);
  await device.send(device.batch("a"));
  const tail = await TailClient.open();
  tail.subscribe(young, { keyOrder: true });
  await tail.until(() => tail.frames("error").length === 1);
  expect(tail.came.at(-1)).toMatchObject({ id: 1, error: { code: "INVALID_REQUEST", partition: 0 } });
  expect(tail.values()).toEqual([]);
  tail.subscribe(place, { id: 2, keyOrder: true });
  tail.subscribe(young, { id: 3, keyOrder: true });
  await tail.untilValues(["0:a"], 3);
  tail.close();
});
