/** A server that renders must be able to import the package and make a client. */
import { expect, test } from "vitest";
import { Strandline, StrandlineError, logLevel } from "../../client/index.ts";
import { drainOnSync, drainOutbox } from "../../client/service-worker.ts";

test.each(["index", "http", "react", "worker"])("%s is imported where there is no browser", async (entry) => {
  await expect(import(`../../client/${entry}.ts`)).resolves.toBeDefined();
});

test("both clients hand out the same values, so that code moves from one to the other", async () => {
  const [inBrowser, elsewhere] = await Promise.all([import("../../client/index.ts"), import("../../client/http.ts")]);
  expect(Object.keys(elsewhere).toSorted()).toEqual(Object.keys(inBrowser).toSorted());
});

test("importing and constructing do nothing; a call says what is missing", async () => {
  expect(logLevel.NOTHING).toBe(0);
  const client = new Strandline({ url: "https://edge.example", logLevel: logLevel.NOTHING });
  const producer = client.producer();
  const error: unknown = await producer
    .send({ topic: "t", messages: [{ value: "x" }] })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StrandlineError);
  expect(error).toMatchObject({ code: "UNSUPPORTED_OPERATION", message: expect.stringContaining("strandline/http") });
  await client.close();
});

test("the service worker's entry does nothing either until it is called", () => {
  expect([typeof drainOnSync, typeof drainOutbox]).toEqual(["function", "function"]);
});

test.each([{ url: "ftp://x" }, { url: "no url" }, { localPartitionCount: 0 }, { localPartitionCount: 1.5 }])(
  "options that are wrong are refused: %o",
  (options) => {
    expect(() => new Strandline(options)).toThrow(StrandlineError);
  },
);
