/** A stream of records whose clock, body and partition a test owns. */
import { NO_RULES, type NamespaceRules } from "../../edge/access/rules.ts";
import { Standing, type Bearer } from "../../edge/access/standing.ts";
import { ANYBODY } from "../../edge/auth/caller.ts";
import { meteredPartition } from "../../edge/metered-partition.ts";
import type { Outcome } from "../../edge/outcome.ts";
import type { EdgePorts, KnownTopic } from "../../edge/operations/ports.ts";
import { lineGrammar } from "../../edge/operations/record-lines.ts";
import { recordStream } from "../../edge/operations/record-stream.ts";
import type { AppendAnswer, AppendRequest, PartitionPort } from "../../edge/partition/partition-port.ts";
import { NO_QUOTA, type QuotaPort } from "../../edge/quota/request-quota.ts";
import { NO_CHAIN, type TopicId } from "../../shared/brands.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { batchCount } from "../../shared/record-batch.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const TOPIC: KnownTopic = {
  name: "orders",
  error: null,
  topicId: "00000000-0000-4000-8000-000000000001" as TopicId,
  partitionCount: 1,
  config: {},
};

export class RecordStreamLab {
  readonly clock = new VirtualClock();
  readonly appended: number[] = [];
  underWay = 0;
  underWayMax = 0;
  bearer: Bearer = ANYBODY;
  /** As the controller has them now. */
  rules = (): Promise<NamespaceRules> => Promise.resolve(NO_RULES);
  quota: QuotaPort = NO_QUOTA;
  /** What the next append is answered with; null: it is taken. */
  refusal: StrandlineError | null = null;
  /** What the partition tells the sender to wait, with the next answer. */
  throttleMs = 0;
  topic: KnownTopic | null = TOPIC;
  hold: Promise<void> = Promise.resolve();
  done = Promise.resolve();

  stream(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const { bearer, quota } = this;
    const standing = new Standing({ bearer, clock: this.clock, rules: NO_RULES, ask: () => this.rules() });
    const port = { append: async (request: AppendRequest) => await this.#append(request) };
    const ports = {
      ...{ access: standing, standing, caller: bearer, quota },
      clock: this.clock,
      refused: () => undefined,
      background: (work: Promise<void>) => void (this.done = work),
      topics: { byId: () => Promise.resolve(this.topic), asked: () => Promise.resolve(this.topic) },
      partition: () => meteredPartition(port as unknown as PartitionPort, quota),
    } as unknown as EdgePorts;
    return recordStream(ports, TOPIC, body, lineGrammar());
  }

  async #append({ bytes }: AppendRequest): Promise<Outcome<AppendAnswer>> {
    this.underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    await this.hold;
    this.underWay -= 1;
    const { refusal, throttleMs } = this;
    this.refusal = null;
    this.throttleMs = 0;
    if (refusal !== null) return { ok: false, error: refusal.toBody() };
    const baseOffset = this.stored;
    this.appended.push(batchCount(bytes, 0));
    const bounds = { leaderEpoch: { counter: 0, random: 1 }, logStartOffset: 0, highWatermark: 0 };
    const rest = { nextSequence: null, chain: NO_CHAIN, held: [], logAppendTime: null, rowsWritten: 1, error: null };
    return { ok: true, value: { ...bounds, ...rest, baseOffset, ...(throttleMs === 0 ? {} : { throttleMs }) } };
  }

  get stored(): number {
    return this.appended.reduce((sum, count) => sum + count, 0);
  }

  /** Everything that does not need time to pass. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Body {
  readonly readable: ReadableStream<Uint8Array>;
  readonly taken: () => number;
}

/** So many chunks of so many lines; how many of them were read. */
export function bodyOf(chunks: number, linesPerChunk: number): Body {
  const chunk = bytesOf('{"value":"a"}\n'.repeat(linesPerChunk));
  let taken = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (taken === chunks) controller.close();
    else controller.enqueue(chunk);
    taken = Math.min(taken + 1, chunks);
  };
  return { readable: new ReadableStream({ pull }, { highWaterMark: 0 }), taken: () => taken };
}

export async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

/** A body that a test sends as it goes, line by line. */
export class LiveBody {
  readonly readable: ReadableStream<Uint8Array>;
  isCancelled = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor() {
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.isCancelled = true),
    });
  }

  line(value: string): void {
    this.#controller?.enqueue(bytesOf(`${JSON.stringify({ value })}\n`));
  }
}
