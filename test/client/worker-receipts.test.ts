import { expect, test } from "vitest";
import { DeviceNews } from "../../client/device-news.ts";
import type { Outbox, RecordWhereabouts } from "../../client/log/device-log.ts";
import type { PartitionRow } from "../../client/log/rows.ts";
import { systemClock } from "../../client/web-ports.ts";
import { ReceiptDesk } from "../../client/worker/receipts.ts";
import type { LocalSequence, Offset, Partition, TopicKey } from "../../shared/brands.ts";
import { SILENT_CHANNEL } from "./consumer/fake-log.ts";

const ref = (partition: number) => ({ topicKey: 1 as TopicKey, partition: partition as Partition });
const pending = (partition: number, localSequence: number): RecordWhereabouts => ({
  kind: "pending",
  ref: ref(partition),
  localSequence: localSequence as LocalSequence,
});
const committed = (partition: number, localSequence: number, offset: number): RecordWhereabouts => ({
  kind: "committed",
  ref: ref(partition),
  localSequence: localSequence as LocalSequence,
  offset: offset as Offset,
});

function world() {
  const world = { found: new Map<string, RecordWhereabouts>(), acked: 0, finds: 0 };
  const news = new DeviceNews(SILENT_CHANNEL, systemClock);
  const outbox = {
    find: async (at: { partition: number }, localSequence: number) => {
      world.finds += 1;
      return world.found.get(`${at.partition}~${localSequence}`) ?? { kind: "unknown" };
    },
    row: async () => ({ ackedLocalSequence: world.acked }) as Partial<PartitionRow> as PartitionRow,
  } as Partial<Outbox> as Outbox;
  return { world, news, desk: new ReceiptDesk({ outbox, news, clock: systemClock }) };
}

test("it ends with the news that the record is held, and looks for nobody else", async () => {
  const { world: state, news, desk } = world();
  state.found.set("3~1", pending(3, 1));
  state.found.set("3~9", pending(3, 9));
  expect(await desk.state(ref(3), 9, 5)).toEqual({ kind: "pending", partition: 3 });
  state.finds = 0;
  const [first, second] = [desk.state(ref(3), 1, null), desk.state(ref(3), 9, null)];
  await systemClock.sleep(5);
  expect(state.finds).toBe(2);
  state.found.set("3~1", committed(3, 1, 40));
  state.acked = 2;
  news.publish({ type: "settled", refs: [ref(3), ref(4)] });
  expect(await first).toEqual({ kind: "committed", partition: 3, offset: 40 });
  expect(state.finds).toBe(3);
  state.found.set("3~9", committed(3, 9, 48));
  state.acked = 10;
  news.publish({ type: "settled", refs: [ref(3)] });
  expect(await second).toEqual({ kind: "committed", partition: 3, offset: 48 });
});

test("it follows a record that gets its partition", async () => {
  const { world: state, news, desk } = world();
  state.found.set("-1~0", pending(-1, 0));
  const receipt = desk.state(ref(-1), 0, null);
  await systemClock.sleep(5);
  state.found.set("-1~0", pending(2, 7));
  state.found.set("2~7", pending(2, 7));
  news.publish({ type: "learned" });
  await systemClock.sleep(5);
  state.found.set("2~7", committed(2, 7, 11));
  state.acked = 8;
  news.publish({ type: "settled", refs: [ref(2)] });
  expect(await receipt).toEqual({ kind: "committed", partition: 2, offset: 11 });
});

test("it does not wait for what it does not know, and ends when it is closed", async () => {
  const { world: state, desk } = world();
  expect(await desk.state(ref(1), 5, null)).toEqual({ kind: "unknown" });
  state.found.set("1~6", pending(1, 6));
  expect(await desk.state(ref(1), 6, 0)).toEqual({ kind: "pending", partition: 1 });
  const open = desk.state(ref(1), 6, null);
  const closed = expect(open).rejects.toMatchObject({ code: "CLOSED" });
  await systemClock.sleep(5);
  desk.close();
  await closed;
});
