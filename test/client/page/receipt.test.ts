import { expect, test } from "vitest";
import { receiptId } from "../../../client/calls/record-place.ts";
import { parseReceiptId, StoredReceipt } from "../../../client/page/receipt.ts";

test.each([
  { topic: "orders", partition: 3, localSequence: 57 },
  { topic: "orders-3", partition: 0, localSequence: 0 },
  { topic: "orders-", partition: 1, localSequence: 5 },
  { topic: "orders", partition: -1, localSequence: 5 },
  { topic: "a.b_c-", partition: -1, localSequence: 2 ** 52 },
  { topic: "orders", partition: 3, localSequence: 57, remade: 1 },
  { topic: "orders-1", partition: -1, localSequence: 0, remade: 12 },
])("a receipt's id leads back to the record: %o", (place) => {
  expect(parseReceiptId(receiptId(place))).toEqual(place);
});

test.each([
  "",
  "orders",
  "orders-3",
  "orders~5",
  "orders-3~",
  "orders-x~5",
  "orders-3~-5",
  "-3~5",
  "orders-3~99999999999999999",
  "orders-3~5~0",
  "orders-3~5~x",
  "orders-3~5~1~1",
])("%j is no receipt", (id) => {
  expect(() => parseReceiptId(id)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error);
});

test("synced is asked for once, and only when somebody wants to know", async () => {
  let asked = 0;
  const place = { topic: "t", partition: 1, localSequence: 2 };
  const receipt = new StoredReceipt(place, async () => {
    asked += 1;
    return { kind: "committed", partition: 1, offset: 40 };
  });
  expect([receipt.id, asked]).toEqual(["t-1~2", 0]);
  expect(await receipt.synced).toEqual({ topic: "t", partition: 1, offset: 40 });
  expect(await receipt.synced).toEqual({ topic: "t", partition: 1, offset: 40 });
  expect(asked).toBe(1);
});
