/** A tail under a `consumer_byte_rate`: slower, and whole. */
import { describe, expect, test } from "vitest";
import type { PartitionTail } from "../../edge/operations/ports.ts";
import type { TailDownFrame } from "../../edge/partition/tail-frames.ts";
import { PrincipalMeter } from "../../edge/quota/principal-meter.ts";
import { openPacedTail } from "../../edge/tail/paced-tail.ts";
import type { TailListener, TailUpstream } from "../../edge/tail/tail-upstream.ts";
import type { Quotas } from "../../shared/api/quotas.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

class Lab {
  readonly clock = new VirtualClock();
  readonly meter: PrincipalMeter;
  readonly heard: TailDownFrame[] = [];
  readonly came: Uint8Array[] = [];
  windowBytes = 0;
  closed = false;
  listener: TailListener | null = null;

  constructor(quotas: Quotas) {
    this.meter = new PrincipalMeter(this.clock, quotas);
  }

  async open(windowBytes = 1_048_576): Promise<TailUpstream> {
    const question = { partition: 0, request: { windowBytes } } as unknown as PartitionTail;
    const open = (asked: PartitionTail, listener: TailListener): Promise<TailUpstream> => {
      this.listener = listener;
      ({ windowBytes: this.windowBytes } = asked.request);
      return Promise.resolve({
        send: (frame: TailDownFrame) => void this.heard.push(frame),
        close: () => void (this.closed = true),
      });
    };
    const listener = { records: (frame: Uint8Array) => void this.came.push(frame), frame: none, closed: none };
    return await openPacedTail({ clock: this.clock, meter: this.meter, open }, question, listener);
  }
}

const none = (): void => undefined;
const ack = (offset: number): TailDownFrame => ({ type: "ack", offset });

describe("a paced tail", () => {
  test("passes records on at once, and acknowledgements once they are paid for, the last for all", async () => {
    const lab = new Lab({ consumer_byte_rate: 100 });
    const tail = await lab.open();
    lab.listener?.records(new Uint8Array(1_000));
    tail.send(ack(1));
    expect(lab.heard).toEqual([ack(1)]);
    lab.listener?.records(new Uint8Array(200));
    tail.send(ack(2));
    lab.listener?.records(new Uint8Array(100));
    tail.send(ack(3));
    tail.send({ type: "pass", growths: 1 });
    expect(lab.came).toHaveLength(3);
    await lab.clock.advance(2_999);
    expect(lab.heard).toEqual([ack(1), { type: "pass", growths: 1 }]);
    await lab.clock.advance(1);
    expect(lab.heard).toEqual([ack(1), { type: "pass", growths: 1 }, ack(3)]);
    tail.send(ack(4));
    expect(lab.heard.at(-1)).toEqual(ack(4));
  });

  test("takes no more room in the partition than a second of it, or one frame", async () => {
    const slow = new Lab({ consumer_byte_rate: 100 });
    await slow.open();
    expect(slow.windowBytes).toBe(262_144);
    const fast = new Lab({ consumer_byte_rate: 500_000 });
    await fast.open();
    expect(fast.windowBytes).toBe(500_000);
    const free = new Lab({ request_rate: 1 });
    await free.open();
    expect(free.windowBytes).toBe(1_048_576);
  });

  test("opens once its principal has paid, or is refused where that takes long", async () => {
    const lab = new Lab({ consumer_byte_rate: 100 });
    lab.meter.charge("consumer_byte_rate", 3_000);
    const opening = lab.open();
    await lab.clock.advance(19_999);
    expect(lab.listener).toBeNull();
    await lab.clock.advance(1);
    await opening;
    expect(lab.listener).not.toBeNull();
    lab.meter.charge("consumer_byte_rate", 10_000);
    await expect(lab.open()).rejects.toMatchObject({
      code: "THROTTLING_QUOTA_EXCEEDED",
      details: { retryAfterMs: 100_000 },
    });
  });

  test("is a request: opening many is throttled", async () => {
    const lab = new Lab({ request_rate: 1 });
    for (let opened = 0; opened < 11; opened += 1) await lab.open();
    await expect(lab.open()).rejects.toMatchObject({ details: { quota: "request_rate", retryAfterMs: 1_000 } });
  });

  test("that is closed says nothing more", async () => {
    const lab = new Lab({ consumer_byte_rate: 100 });
    const tail = await lab.open();
    lab.listener?.records(new Uint8Array(1_100));
    tail.send(ack(1));
    tail.close();
    await lab.clock.advance(60_000);
    expect(lab.closed).toBe(true);
    expect(lab.heard).toEqual([]);
  });
});
