/** Whatever waits ends with its signal, as `ABORTED` with the signal's reason; one that has fired asks for nothing. */
import { describe, expect, test } from "vitest";
import type { WorkerCalls } from "../../../client/calls/worker-api.ts";
import type { ReceiptState } from "../../../client/calls/outbox-calls.ts";
import { StoredReceipt } from "../../../client/page/receipt.ts";
import { StrandlineClient } from "../../../client/strandline.ts";
import { world } from "../table-world.ts";

const cause = new Error("enough");
const ABORTED = { code: "ABORTED", cause };

/** A worker that has not answered so far. */
function silent() {
  const asked: string[] = [];
  const answers: ((answer: unknown) => void)[] = [];
  const api = new Proxy({} as WorkerCalls, {
    get: (_, name) => () => {
      asked.push(String(name));
      return new Promise((resolve) => answers.push(resolve));
    },
  });
  const client = new StrandlineClient({}, () => ({
    call: async (ask) => await ask(api, 1),
    append: () => Promise.reject(new Error("nothing is sent here")),
    hint: () => undefined,
    park: () => undefined,
    close: async () => undefined,
  }));
  return { client, asked, answer: (answer: unknown) => answers.forEach((each) => each(answer)) };
}

type Wait = { readonly signal: AbortSignal };
const WAITS: readonly [string, (client: StrandlineClient, wait: Wait) => Promise<unknown>][] = [
  ["follow", (client, wait) => client.follow("orders", wait)],
  ["unfollow", (client, wait) => client.unfollow("orders", wait)],
  ["storageReport", (client, wait) => client.storage.estimate(wait)],
  ["setPaused", (client, wait) => client.sync.pause(wait)],
  ["setPaused", (client, wait) => client.sync.resume(wait)],
  ["status", (client, wait) => client.sync.status(wait)],
  ["receipt", (client, wait) => client.receipt("orders-0~1").state(wait)],
  ["deadLetters", (client, wait) => client.deadLetters.list(wait)],
  ["retryDeadLetters", (client, wait) => client.deadLetters.retry("orders-0~1", wait)],
  ["discardDeadLetters", (client, wait) => client.deadLetters.discard("orders-0~1", wait)],
];

describe.each(WAITS)("%s", (name, call) => {
  test("ends with its signal", async () => {
    const { client, asked } = silent();
    const ending = new AbortController();
    const waiting = call(client, { signal: ending.signal });
    await expect.poll(() => asked).toEqual([name]);
    ending.abort(cause);
    await expect(waiting).rejects.toMatchObject(ABORTED);
  });

  test("is not asked for with a signal that has fired", async () => {
    const { client, asked } = silent();
    await expect(call(client, { signal: AbortSignal.abort(cause) })).rejects.toMatchObject(ABORTED);
    expect(asked).toEqual([]);
  });

  test("is answered where the signal does not fire", async () => {
    const { client, asked, answer } = silent();
    const waiting = call(client, { signal: new AbortController().signal });
    await expect.poll(() => asked).toEqual([name]);
    answer([]);
    await waiting;
  });
});

test("storage.persist with a signal that has fired asks the browser nothing", async () => {
  const { client } = silent();
  await expect(client.storage.persist({ signal: AbortSignal.abort(cause) })).rejects.toMatchObject(ABORTED);
});

test("a receipt waits as long as the signal lets it, and others wait on", async () => {
  const committed = Promise.withResolvers<ReceiptState>();
  const receipt = new StoredReceipt({ topic: "orders", partition: 0, localSequence: 1 }, () => committed.promise);
  const ending = new AbortController();
  const waiting = receipt.whenSynced({ signal: ending.signal });
  ending.abort(cause);
  await expect(waiting).rejects.toMatchObject({ ...ABORTED, details: { receipt: "orders-0~1" } });
  committed.resolve({ kind: "committed", partition: 0, offset: 7 });
  const synced = { topic: "orders", partition: 0, offset: 7 };
  expect([await receipt.synced, await receipt.whenSynced()]).toEqual([synced, synced]);
  await expect(receipt.whenSynced({ signal: ending.signal })).rejects.toMatchObject(ABORTED);
});

test("whoever waits for a table ends with the signal, and the table goes on", async () => {
  const { page, edge, send } = await world();
  const table = page.table("orders", {
    decode: (message) => message.text() ?? "",
  });
  await edge.log.catalog.ensure("orders", { partitionCount: 1 });
  await send("orders-0", "a=1");
  const fired = { signal: AbortSignal.abort(cause) };
  await expect(table.whenReady(fired)).rejects.toMatchObject(ABORTED);
  await expect(table.whenComplete(fired)).rejects.toMatchObject(ABORTED);
  await expect(table.get("a", fired)).rejects.toMatchObject(ABORTED);
  await expect(table.entries(fired)).rejects.toMatchObject(ABORTED);
  await expect(table.size(fired)).rejects.toMatchObject(ABORTED);
  const { signal } = new AbortController();
  await table.whenReady({ signal });
  await table.whenComplete({ signal });
  expect([await table.get("a", { signal }), await table.size({ signal })]).toEqual(["1", 1]);
  expect(await table.entries({ prefix: "a", signal })).toEqual([["a", "1"]]);
  await page.close();
});
