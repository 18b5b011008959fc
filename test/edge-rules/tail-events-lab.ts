/** An event stream on a clock of the test's own, and the reader at its end. */
import { NO_QUOTA } from "../../edge/quota/request-quota.ts";
import type { TopicId } from "../../shared/brands.ts";
import { NO_RULES, type NamespaceRules } from "../../edge/access/rules.ts";
import { Standing, type Bearer } from "../../edge/access/standing.ts";
import { ANYBODY } from "../../edge/auth/caller.ts";
import type { EdgePorts, PartitionTail } from "../../edge/operations/ports.ts";
import { recordsFrame, type TailDownFrame, type TailUpFrame } from "../../edge/partition/tail-frames.ts";
import { eventStream } from "../../edge/tail/event-stream.ts";
import type { TailListener } from "../../edge/tail/tail-upstream.ts";
import { writeInt64 } from "../../shared/record-batch.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

export const BOUNDS = { leaderEpoch: { counter: 3, random: 4 }, logStartOffset: 0, highWatermark: 1_000 };
export const SECOND = 1_000;

export class EventStreamLab {
  readonly clock = new VirtualClock();
  bearer: Bearer = ANYBODY;
  /** As the controller has them now. */
  rules = (): Promise<NamespaceRules> => Promise.resolve(NO_RULES);
  readonly heard: TailDownFrame[] = [];
  closed = false;
  text = "";
  /** How many times something was taken. */
  taken = 0;
  done = false;
  #listener: TailListener | null = null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  async open({ streamMs = 300 * SECOND, offset = 0, first = position(0) as TailUpFrame } = {}): Promise<void> {
    const openTail = async (_: PartitionTail, listener: TailListener): ReturnType<EdgePorts["openTail"]> => {
      this.#listener = listener;
      listener.frame(first);
      return await Promise.resolve({
        send: (frame) => void this.heard.push(frame),
        close: () => void (this.closed = true),
      });
    };
    const standing = new Standing({ bearer: this.bearer, clock: this.clock, rules: NO_RULES, ask: () => this.rules() });
    const ports = { streamMs, openTail, standing, quota: NO_QUOTA } as unknown as EdgePorts;
    const from = { offset, leaderEpoch: null };
    const topic = { name: "t", topicId: "t" as TopicId, partitionCount: 1, config: {}, error: null };
    const stream = await eventStream({ ports, clock: this.clock, topic, partition: 0, from });
    this.#reader = stream.getReader();
  }

  records(...batches: readonly Uint8Array[]): void {
    const bytes = batches.reduce((sum, one) => sum + one.length, 0);
    const joined = new Uint8Array(bytes);
    let at = 0;
    for (const one of batches) {
      joined.set(one, at);
      at += one.length;
    }
    this.#listener?.records(recordsFrame({ ...BOUNDS, nextOffset: 10, bytes }, joined));
  }
  say(frame: TailUpFrame): void {
    this.#listener?.frame(frame);
  }
  break(): void {
    this.#listener?.closed();
  }

  /** Reads from now on. */
  readOn(): void {
    void (async () => {
      while (await this.readOnce());
    })();
  }

  async readOnce(): Promise<boolean> {
    const { done, value } = (await this.#reader?.read()) ?? { done: true, value: undefined };
    this.done = done;
    if (value !== undefined) this.text += new TextDecoder().decode(value);
    if (value !== undefined) this.taken += 1;
    return !done;
  }

  async cancel(): Promise<void> {
    await this.#reader?.cancel();
  }

  /** The events, as a browser takes them apart. */
  get events(): { type: string; id: string; data: string }[] {
    return this.text.split("\n\n").flatMap((block) => {
      const fields = block.split("\n").map((line) => /^([a-z]*): ?([^]*)$/.exec(line) ?? []);
      const said = (name: string): string =>
        fields.flatMap(([, field, value]) => (field === name ? [value ?? ""] : [])).join("\n");
      return said("data") === "" ? [] : [{ type: said("event"), id: said("id"), data: said("data") }];
    });
  }
  get values(): unknown[] {
    return this.events.filter(({ id }) => id !== "").map(({ data }) => (JSON.parse(data) as { value?: unknown }).value);
  }
}

export function position(nextOffset: number): TailUpFrame {
  return { type: "position", ...BOUNDS, nextOffset };
}

export function batchAt(offset: number, ...values: readonly (string | Uint8Array)[]): Uint8Array {
  const encoder = new RecordBatchEncoder();
  for (const value of values) encoder.append({ key: null, timestamp: 1, value });
  const bytes = encoder.finish().slice();
  writeInt64(bytes, 0, offset);
  return bytes;
}
