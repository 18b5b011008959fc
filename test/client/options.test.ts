/** What JavaScript without types says wrong when it opens a client. */
import { expect, test } from "vitest";
import { checkConsumerConfig } from "../../client/page/consumer-config.ts";
import { checkGroupConfig, type GroupConfig } from "../../client/page/group-config.ts";
import { checkDiscard, workerOptions, type StrandlineOptions } from "../../client/options.ts";

test.each([
  [{ brokers: ["localhost:9092"] }, /url, an https address/],
  [{ principal: "ada", auth: "a token" }, /auth is a function/],
  [{ retry: { initialRetryTime: "fast" } }, /retry\.initialRetryTime "fast"/],
  [{ retry: { maxRetryTime: 0 } }, /retry\.maxRetryTime 0/],
  [{ url: "localhost:8787" }, /"localhost:8787": an http or https address/],
] as const)("%j is refused, and why is said", (given, said) => {
  expect(() => workerOptions(given as unknown as StrandlineOptions)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(said) as string }),
  );
});

test.each([undefined, {}, { discard: "no" }])("logout(%j) is refused", (given) => {
  expect(() => checkDiscard(given as unknown as { readonly discard: boolean })).toThrow("discard: true");
});

test("options of KafkaJS's shape are taken", () => {
  const { retry } = workerOptions({ retry: { initialRetryTime: 100, maxRetryTime: 10_000 } });
  expect(retry).toEqual({ initialRetryTimeMs: 100, maxRetryTimeMs: 10_000 });
});

test.each([
  [{ coordinator: "edge", sessionTimeout: 100 }, /sessionTimeout "100": 6000 to 1800000 milliseconds/],
  [{ coordinator: "edge", sessionTimeout: 7_200_000 }, /sessionTimeout "7200000": 6000 to 1800000/],
  [{ coordinator: "broker" }, /coordinator "broker": 'device' or 'edge'/],
] as const)("a consumer with %j is refused, and why is said", (given, said) => {
  expect(() => checkGroupConfig(given as GroupConfig)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(said) as string }),
  );
});

test.each([
  [{ groupId: "g".repeat(250) }, "INVALID_GROUP_ID", /"g+": 1 to 249 characters/],
  [{ groupId: "a\nb", coordinator: "edge" }, "INVALID_GROUP_ID", /"a\\nb"/],
  [{ groupId: "" }, "INVALID_ARGUMENT", /groupId ""/],
  [{ groupInstanceId: "kiosk" }, "INVALID_ARGUMENT", /groupInstanceId without groupId/],
  [{ coordinator: "edge" }, "INVALID_ARGUMENT", /coordinator without groupId/],
] as const)("a consumer with %j is refused at once", (given, code, said) => {
  expect(() => checkConsumerConfig(given)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(said) as string }),
  );
});

test("tabs of a device may have shorter sessions than members at the edge", () => {
  expect(checkGroupConfig({ sessionTimeout: 300 })).toMatchObject({ sessionTimeoutMs: 300, heartbeatIntervalMs: 100 });
});
