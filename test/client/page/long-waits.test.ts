/** setTimeout fires at once for what is longer than 2^31 - 1 ms: nobody who asks to wait that long is told that the time is up. */
import { expect, test } from "vitest";
import { Strandline } from "../../../client/http.ts";
import { Outstanding } from "../../../client/page/outstanding.ts";
import { systemClock } from "../../../client/web-ports.ts";

const A_WHILE_MS = 30;
const NOWHERE = "http://localhost:9";

async function inAWhile(promise: Promise<unknown>): Promise<string> {
  const settled = promise.then(
    () => "settled",
    (error: unknown) => String((error as { readonly code?: unknown }).code),
  );
  return await Promise.race([settled, systemClock.sleep(A_WHILE_MS).then(() => "waits")]);
}

test.each([2 ** 31, 2 ** 40, Infinity])("%d ms are no time that is over", async (ms) => {
  const over = new AbortController();
  expect(await inAWhile(systemClock.sleep(ms, over.signal))).toBe("waits");
  over.abort();
  const outstanding = new Outstanding();
  const never = outstanding.settle(new Promise(() => {}), ms);
  expect(await inAWhile(never)).toBe("waits");
  outstanding.end(new (class extends Error {})() as never);
  await never.catch(() => {});
});

test("whoever sends with acks -1 and waits for ever waits, and so do flushes", async () => {
  const strandline = new Strandline({ url: NOWHERE, logLevel: 0 });
  const producer = strandline.producer();
  const sent = producer.send({ topic: "orders", messages: [{ value: "a" }], acks: -1, timeout: Infinity });
  await producer.send({ topic: "orders", messages: [{ value: "b" }] });
  const flushed = [sent, strandline.sync.flush({ timeout: 2 ** 40 }), strandline.sync.flush()];
  for (const each of flushed) each.catch(() => {});
  for (const each of flushed) expect(await inAWhile(each)).toBe("waits");
  await strandline.close({ flush: false });
  for (const each of flushed) await expect(each).rejects.toMatchObject({ code: "CLOSED" });
});
