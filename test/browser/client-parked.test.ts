/** A page that goes into the browser's back/forward cache and comes back. */
import { expect, test } from "vitest";
import { openClient } from "./client-fixture.ts";

function tell(type: "pagehide" | "pageshow"): void {
  window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
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
