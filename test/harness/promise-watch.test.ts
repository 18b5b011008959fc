import { expect, test } from "vitest";
import { PromiseWatch } from "./promise-watch.ts";

class Client {
  readonly #answer = "kept private";
  readonly sync = { status: () => Promise.resolve(this.#answer), hang: () => new Promise<never>(() => {}) };

  producer() {
    return {
      send: () => Promise.reject(new Error("refused")),
      flush: () => new Promise<never>(() => {}),
      slow: () => new Promise((resolve) => setTimeout(resolve, 40)),
      name: "p",
    };
  }
}

test("what settles either way is let go, with its value", async () => {
  const watch = new PromiseWatch();
  const client = watch.watch(new Client());
  expect(client).toBeInstanceOf(Client);
  expect(await client.sync.status()).toBe("kept private");
  expect(client.producer().name).toBe("p");
  await expect(client.producer().send()).rejects.toThrow("refused");
  await watch.expectAllSettled();
  expect(watch.seen).toBe(2);
});

test("a planted hang is named, wherever in the interface it is", async () => {
  const watch = new PromiseWatch();
  const client = watch.watch(new Client());
  void client.sync.hang();
  void client.producer().flush();
  expect(watch.unsettled().map(({ call }) => call)).toEqual(["sync.hang", "producer.flush"]);
  await expect(watch.expectAllSettled(30)).rejects.toThrow(
    /never settled: sync\.hang for \d+ ms; never settled: producer\.flush/,
  );
  await watch.expectAllSettled(30);
});

test("and so is one that settled after its deadline", async () => {
  const watch = new PromiseWatch(20);
  await watch.watch(new Client()).producer().slow();
  await expect(watch.expectAllSettled(30)).rejects.toThrow(/settled late: producer\.slow after \d+ ms/);
});
