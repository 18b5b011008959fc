/** Nobody receives a record whose commit fails, and whoever was there goes on without a gap. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { seeded } from "../harness/seeded.ts";
import { newDevice } from "./device.ts";
import { newPlace, recordsOf, stubOf, type Place } from "./edge.ts";
import { TailClient } from "./tail-client.ts";
import { TailReader } from "./tail-reader.ts";

const ABORTS = ["within", "after", "before the commit"] as const;

/** The object goes the way of a crashed machine at that point of its next append. */
async function abortNextAppend(place: Place, when: (typeof ABORTS)[number]): Promise<void> {
  const patched = runInDurableObject(stubOf(place), (_, state) => {
    const { storage } = state;
    const transaction = storage.transactionSync.bind(storage);
    const sync = storage.sync.bind(storage);
    storage.transactionSync = (body) => {
      const result = transaction(() => {
        const written = body();
        if (when === "within") state.abort(when);
        return written;
      });
      if (when === "after") state.abort(when);
      return result;
    };
    // The tails have been given the record by then, and the commit has not happened.
    storage.sync = () => {
      if (when === "before the commit") state.abort(when);
      return sync();
    };
  });
  await patched.catch(() => undefined);
}

afterEach(() => void vi.restoreAllMocks());

describe.each(ABORTS)("R08 an object that ends %s", (when) => {
  test("has sent none of what it did not keep", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("kept"));
    const tails = await Promise.all([1, 2, 3].map(async () => await TailClient.open()));
    for (const tail of tails) tail.subscribe(place);
    for (const tail of tails) await tail.untilValues(["0:kept"]);
    await abortNextAppend(place, when);
    await device.send(device.batch("lost")).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const held = (await recordsOf(place)).map(({ offset, value }) => `${offset}:${value}`);
    for (const tail of tails) {
      expect(held.slice(0, tail.values().length)).toEqual(tail.values());
      await tail.until(() => tail.frames("error").length > 0);
      expect(tail.frames("error")).toMatchObject([{ id: 1, error: { code: "NETWORK_EXCEPTION", retriable: true } }]);
      tail.subscribe(place, { id: 2, offset: tail.values().length });
    }
    const other = await newDevice(place);
    await other.send(other.batch("after"));
    const expected = [...held, `${held.length}:after`];
    for (const tail of tails) {
      await tail.until(() => tail.values(1).length + tail.values(2).length === expected.length);
      expect([...tail.values(1), ...tail.values(2)]).toEqual(expected);
      tail.close();
    }
  });

  test("again and again: its readers hold the log in the end", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const random = seeded(7);
    const below = (limit: number): number => Math.floor(random() * limit);
    const place = await newPlace();
    const device = await newDevice(place);
    const readers = [1, 500, 1_048_576].map(
      (windowBytes) => new TailReader({ place, offset: 0, windowBytes, below, losesOneIn: 0 }),
    );
    const running = Promise.all(readers.map(async (reader) => await reader.run()));
    for (let run = 0; run < 15; run += 1) {
      const batch = device.batch(`v${run}`);
      if (below(2) === 0) await abortNextAppend(place, when);
      for (;;) {
        const answer = await device.send(batch).catch(() => null);
        if (answer !== null && answer.error === null) break;
      }
    }
    const log = (await recordsOf(place)).map(({ offset, value }) => `${offset}:${value}`);
    expect(log).toHaveLength(15);
    for (const reader of readers) {
      await vi.waitFor(() => expect(reader.position).toBe(log.length));
      reader.stop();
      expect(reader.values).toEqual(log);
      for (const error of reader.errors) expect(["NETWORK_EXCEPTION", "UNKNOWN_SERVER_ERROR"]).toContain(error);
    }
    await running;
  });
});
