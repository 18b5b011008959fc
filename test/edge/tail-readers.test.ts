/** Many readers of one partition: what they read is read once. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { newDevice } from "./device.ts";
import { evict, newPlace, stubOf, type Place } from "./edge.ts";
import { TailClient } from "./tail-client.ts";

const READERS = 300;

/** Of what the partition asks SQLite from now on, the questions that read the bytes of rows. */
async function rowReads(place: Place): Promise<string[]> {
  const asked: string[] = [];
  await runInDurableObject(stubOf(place), (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    sql.exec = (query, ...values) => {
      if (query.startsWith("SELECT") && /\bbytes\b/.test(query)) asked.push(query);
      return exec(query, ...(values as SqlStorageValue[]));
    };
  });
  return asked;
}

async function readers(place: Place): Promise<TailClient[]> {
  return await Promise.all(
    Array.from({ length: READERS }, async () => {
      const reader = await TailClient.open();
      reader.subscribe(place);
      return reader;
    }),
  );
}

test("hundreds of readers of one partition catch up on one read of its rows, and live on none", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const expected: string[] = [];
  for (let index = 0; index < 10; index += 1) {
    await device.send(device.batch(`v${index}`));
    expected.push(`${index}:v${index}`);
  }
  await evict(place);
  const reads = await rowReads(place);
  const all = await readers(place);
  for (const reader of all) await reader.untilValues(expected);
  expect(reads).toHaveLength(1);

  await device.send(device.batch("live"));
  for (const reader of all) await reader.untilValues([...expected, "10:live"]);
  expect(reads).toHaveLength(1);
  for (const reader of all) reader.close();
});

test("what is longer than one frame is read once, row by row", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  for (let index = 0; index < 12; index += 1) await device.send(device.batch("x".repeat(60_000)));
  await evict(place);
  const reads = await rowReads(place);
  const all = await readers(place);
  for (const reader of all) await reader.until(() => reader.values().length === 12);
  expect(reads.length).toBeLessThanOrEqual(12);
  for (const reader of all) reader.close();
});

test("readers that come later than the log has grown read what is there, once each", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const expected: string[] = [];
  for (let index = 0; index < 6; index += 1) {
    await device.send(device.batch(`v${index}`));
    expected.push(`${index}:v${index}`);
    const reader = await TailClient.open();
    reader.subscribe(place);
    await reader.untilValues(expected);
    reader.close();
  }
});
