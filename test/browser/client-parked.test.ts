/** A page that goes, for good or into the browser's back/forward cache, and comes back. */
import { expect, test } from "vitest";
import { openClient } from "./client-fixture.ts";

function tell(type: "pagehide" | "pageshow", persisted = true): void {
  window.dispatchEvent(new PageTransitionEvent(type, { persisted }));
}

test("a consumer has given up its group's turn, and goes on where the group came to", async () => {
  const client = openClient();
  const crashes: unknown[] = [];
  const consumer = client.consumer({ groupId: "g" });
  consumer.on("crash", ({ error }) => crashes.push(error));
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.text()) });
  const send = (value: string): Promise<unknown> =>
    client.producer().send({ topic: "t", messages: [{ value, partition: 0 }] });
  await send("a");
  await expect.poll(() => seen).toEqual(["a"]);
  for (const value of ["b", "c"]) {
    tell("pagehide");
    await client.sync.status();
    tell("pageshow");
    await send(value);
    await expect.poll(() => seen.at(-1)).toBe(value);
  }
  expect(seen).toEqual(["a", "b", "c"]);
  expect(crashes).toEqual([]);
});

test("a page that ends gives up its group's turn as it goes", async () => {
  const client = openClient();
  const consumer = client.consumer({ groupId: "ending" });
  const lost: unknown[] = [];
  consumer.on("partitions_lost", ({ partitions }) => lost.push(partitions));
  await consumer.subscribe({ topic: "ending", fromBeginning: true });
  const seen: (string | null)[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.text()) });
  await client.producer().send({ topic: "ending", messages: [{ value: "a", partition: 0 }] });
  await expect.poll(() => seen).toEqual(["a"]);
  tell("pagehide", false);
  await expect.poll(() => lost).toHaveLength(1);
});
