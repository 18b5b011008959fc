/** Order of keys over growths on one socket: who waits for whom, and that nobody waits for ever unheard. */
import { describe, expect, test } from "vitest";
import { TailSessionLab, type Upstream } from "./tail-session-lab.ts";

const SECOND = 1_000;

async function ordered(lab: TailSessionLab, partition: number): Promise<Upstream> {
  return await lab.subscribe({ id: partition, partition, keyOrder: true });
}

test("a partition waits until all older ones are dealt with up to their barriers", async () => {
  const lab = new TailSessionLab();
  lab.growths.set(0, [{ from: 2, at: 5 }]);
  lab.growths.set(1, [{ from: 2, at: 0 }]);
  lab.growths.set(2, [{ from: 2, at: 0 }]);
  const [old, empty, young] = [await ordered(lab, 0), await ordered(lab, 1), await ordered(lab, 2)];
  young.say({ type: "barrier", growth: 0, nextOffset: 0 });
  empty.say({ type: "barrier", growth: 0, nextOffset: 0 });
  await lab.clock.settle();
  expect(lab.said).toEqual([
    { type: "grown", id: 2, growths: 1 },
    { type: "grown", id: 1, growths: 1 },
  ]);
  old.records(5);
  old.say({ type: "barrier", growth: 0, nextOffset: 5 });
  await lab.clock.settle();
  expect([old, empty, young].flatMap((one) => one.heard)).toEqual([]);
  await lab.say({ type: "ack", id: 0, offset: 4 });
  expect(young.heard).toEqual([]);
  await lab.say({ type: "ack", id: 0, offset: 5 });
  for (const one of [old, empty, young]) expect(one.heard.at(-1)).toEqual({ type: "pass", growths: 1 });
});

test("what compaction left nothing of needs no acknowledgement", async () => {
  const lab = new TailSessionLab();
  lab.growths.set(0, [{ from: 1, at: 9 }]);
  lab.growths.set(1, [{ from: 1, at: 0 }]);
  const [old, young] = [await ordered(lab, 0), await ordered(lab, 1)];
  young.say({ type: "barrier", growth: 0, nextOffset: 0 });
  old.records(5);
  old.position(9);
  await lab.clock.settle();
  expect(young.heard).toEqual([]);
  await lab.say({ type: "ack", id: 0, offset: 5 });
  expect(young.heard).toEqual([{ type: "pass", growths: 1 }]);
});

test("an older partition that is not subscribed with keyOrder is told, and ends that subscription alone", async () => {
  const lab = new TailSessionLab();
  for (const partition of [0, 1, 2]) lab.growths.set(partition, [{ from: 2, at: 0 }]);
  await ordered(lab, 0);
  await lab.subscribe({ id: 1, partition: 1 });
  const young = await ordered(lab, 2);
  young.say({ type: "barrier", growth: 0, nextOffset: 0 });
  await lab.clock.settle();
  expect(lab.said.at(-1)).toMatchObject({ type: "error", id: 2, error: { code: "INVALID_REQUEST", partition: 1 } });
  expect([young.closed, lab.session.subscriptions]).toEqual([true, 2]);
});

test("an older partition whose socket breaks is waited for until it is dealt with under another id", async () => {
  const lab = new TailSessionLab();
  lab.growths.set(0, [{ from: 1, at: 5 }]);
  lab.growths.set(1, [{ from: 1, at: 0 }]);
  const old = await ordered(lab, 0);
  const young = await ordered(lab, 1);
  young.say({ type: "barrier", growth: 0, nextOffset: 0 });
  await lab.clock.settle();
  old.records(4);
  await lab.say({ type: "ack", id: 0, offset: 4 });
  old.break();
  expect([lab.errors, young.heard]).toEqual([[[0, "NETWORK_EXCEPTION"]], []]);
  const again = await lab.subscribe({ id: 2, partition: 0, offset: 4, keyOrder: true });
  again.position(4);
  again.records(5);
  expect(young.heard).toEqual([]);
  await lab.say({ type: "ack", id: 2, offset: 5 });
  expect(young.heard).toEqual([{ type: "pass", growths: 1 }]);
});

test("a partition that has not heard of a growth is asked again, and no longer than somebody waits", async () => {
  const lab = new TailSessionLab();
  lab.growths.set(1, [{ from: 1, at: 0 }]);
  await ordered(lab, 0);
  const young = await ordered(lab, 1);
  young.say({ type: "barrier", growth: 0, nextOffset: 0 });
  await lab.clock.advance(3 * SECOND);
  expect(young.heard).toEqual([]);
  lab.growths.set(0, [{ from: 1, at: 0 }]);
  await lab.clock.advance(2 * SECOND);
  expect(young.heard).toEqual([{ type: "pass", growths: 1 }]);

  const other = new TailSessionLab();
  other.growths.set(1, [{ from: 1, at: 0 }]);
  await ordered(other, 0);
  (await ordered(other, 1)).say({ type: "barrier", growth: 0, nextOffset: 0 });
  await other.clock.advance(3 * SECOND);
  other.session.gone();
  await other.clock.advance(2 * SECOND);
  const asked = other.growthQuestions;
  await other.clock.advance(60 * SECOND);
  expect(other.growthQuestions).toBe(asked);
});

test("a partition that lost what it was told is told again: its reader does not wait for ever", async () => {
  const lab = new TailSessionLab();
  lab.growths.set(1, [{ from: 1, at: 0 }]);
  const told = { from: 1, at: 0 };
  await ordered(lab, 0);
  const young = await ordered(lab, 1);
  young.say({ type: "barrier", growth: 0, nextOffset: 0 });
  await lab.clock.advance(20 * SECOND);
  expect([lab.reminders, young.heard]).toEqual([[0, 0], []]);
  lab.onReminder = (partition) => void lab.growths.set(partition, [told]);
  await lab.clock.advance(15 * SECOND);
  expect([lab.reminders, young.heard]).toEqual([[0, 0, 0], [{ type: "pass", growths: 1 }]]);
});

describe("an older partition that is unsubscribed", () => {
  /** Partition 2 waits for 0 and 1, whose barriers are at 5 and 0. */
  async function waiting(): Promise<{
    readonly lab: TailSessionLab;
    readonly old: Upstream;
    readonly young: Upstream;
  }> {
    const lab = new TailSessionLab();
    lab.growths.set(0, [{ from: 2, at: 5 }]);
    lab.growths.set(1, [{ from: 2, at: 0 }]);
    lab.growths.set(2, [{ from: 2, at: 0 }]);
    const [old, , young] = [await ordered(lab, 0), await ordered(lab, 1), await ordered(lab, 2)];
    young.say({ type: "barrier", growth: 0, nextOffset: 0 });
    await lab.clock.settle();
    return { lab, old, young };
  }

  test("before its barrier ends those that wait for it, and them alone", async () => {
    const { lab, old, young } = await waiting();
    const apart = await lab.subscribe({ id: 9, partition: 9 });
    old.records(5);
    await lab.say({ type: "ack", id: 0, offset: 4 });
    await lab.say({ type: "unsubscribe", id: 0 });
    expect(lab.said.at(-1)).toMatchObject({ type: "error", id: 2, error: { code: "INVALID_REQUEST", partition: 0 } });
    expect([lab.errors.length, young.closed, apart.closed, lab.session.subscriptions]).toEqual([1, true, false, 2]);
    await lab.clock.advance(60 * SECOND);
    expect([young.heard, lab.errors.length, lab.closed]).toEqual([[], 1, null]);
  });

  test("behind its barrier is waited for no longer", async () => {
    const { lab, old, young } = await waiting();
    // Partition 1 has not come to its barrier as far as its reader says.
    await lab.say({ type: "unsubscribe", id: 1 });
    expect(lab.errors).toEqual([]);
    old.records(5);
    await lab.say({ type: "ack", id: 0, offset: 5 });
    expect(young.heard).toEqual([{ type: "pass", growths: 1 }]);
    await lab.say({ type: "unsubscribe", id: 0 });
    const late = await lab.subscribe({ id: 3, partition: 3, keyOrder: true });
    lab.growths.set(3, [{ from: 2, at: 0 }]);
    late.say({ type: "barrier", growth: 0, nextOffset: 0 });
    await lab.clock.settle();
    expect([late.heard, lab.errors]).toEqual([[{ type: "pass", growths: 1 }], []]);
  });

  test("while the partition is still asked where its barrier is ends those that wait", async () => {
    const lab = new TailSessionLab();
    lab.growths.set(1, [{ from: 1, at: 0 }]);
    await ordered(lab, 0);
    const young = await ordered(lab, 1);
    young.say({ type: "barrier", growth: 0, nextOffset: 0 });
    await lab.clock.advance(3 * SECOND);
    await lab.say({ type: "unsubscribe", id: 0 });
    expect(lab.errors).toEqual([[1, "INVALID_REQUEST"]]);
    await lab.clock.advance(2 * SECOND);
    const asked = lab.growthQuestions;
    await lab.clock.advance(60 * SECOND);
    expect([lab.growthQuestions, lab.errors.length]).toEqual([asked, 1]);
  });
});
