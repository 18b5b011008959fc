/** A device's tail on a clock of the test's own, over partitions that only note what they are asked and told. */
import { NO_RULES, type NamespaceRules } from "../../edge/access/rules.ts";
import { Standing, type Bearer } from "../../edge/access/standing.ts";
import { ANYBODY } from "../../edge/auth/caller.ts";
import type { EdgePorts, PartitionTail } from "../../edge/operations/ports.ts";
import type { GrowthBarrier } from "../../edge/partition/partition-port.ts";
import { recordsFrame, type TailDownFrame, type TailUpFrame } from "../../edge/partition/tail-frames.ts";
import { TailSession, type ClientSocket } from "../../edge/tail/tail-session.ts";
import type { TailListener } from "../../edge/tail/tail-upstream.ts";
import type { TailClientFrame, TailEdgeFrame, TailSubscribe } from "../../shared/api/tail.ts";
import type { TopicId } from "../../shared/brands.ts";
import { readUint32 } from "../../shared/record-batch.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

export const TOPIC = "00000000-0000-0000-0000-000000000001" as TopicId;

const BOUNDS = { leaderEpoch: { counter: 0, random: 1 }, logStartOffset: 0, highWatermark: 1_000 };

/** The partition's end of one subscription. */
export class Upstream {
  readonly asked: PartitionTail;
  readonly heard: TailDownFrame[] = [];
  closed = false;
  readonly #listener: TailListener;

  constructor(asked: PartitionTail, listener: TailListener) {
    this.asked = asked;
    this.#listener = listener;
  }

  records(nextOffset: number, bytes = 10): void {
    this.#listener.records(recordsFrame({ ...BOUNDS, nextOffset, bytes }, new Uint8Array(bytes)));
  }
  position(nextOffset: number): void {
    this.#listener.frame({ type: "position", ...BOUNDS, nextOffset });
  }
  say(frame: TailUpFrame): void {
    this.#listener.frame(frame);
  }
  break(): void {
    this.#listener.closed();
  }
}

export class TailSessionLab {
  readonly clock = new VirtualClock();
  readonly upstreams: Upstream[] = [];
  /** Ids of the subscriptions that got records, in order. */
  readonly records: number[] = [];
  readonly said: TailEdgeFrame[] = [];
  readonly pongs: string[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  /** What a partition says of its growths; one that is absent has heard of none. */
  readonly growths = new Map<number, readonly GrowthBarrier[]>();
  growthQuestions = 0;
  /** Partitions the controller was asked to tell again. */
  readonly reminders: number[] = [];
  onReminder: (partition: number) => void = () => undefined;
  /** Opening waits for this. */
  opening: Promise<void> = Promise.resolve();
  refusal: StrandlineError | null = null;
  /** As the controller has them now; rejects: it cannot be asked. */
  rules: () => Promise<NamespaceRules> = () => Promise.resolve(NO_RULES);
  readonly session: TailSession;
  readonly standing: Standing;

  constructor(bearer: Bearer = ANYBODY) {
    const ask = async (): Promise<NamespaceRules> => await this.rules();
    this.standing = new Standing({ bearer, clock: this.clock, rules: NO_RULES, ask });
    const client: ClientSocket = {
      send: (data) => this.#sent(data),
      close: (code, reason) => void (this.closed = { code, reason }),
    };
    this.session = new TailSession({ ports: this.#ports(), client, clock: this.clock });
  }

  async say(frame: TailClientFrame | Readonly<Record<string, unknown>> | string): Promise<void> {
    await this.session.message(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  async subscribe(options: Partial<TailSubscribe> = {}): Promise<Upstream> {
    await this.say({
      type: "subscribe",
      id: 1,
      topicId: TOPIC,
      partition: 0,
      offset: 0,
      windowBytes: 1_000,
      ...options,
    });
    const last = this.upstreams.at(-1);
    if (last === undefined) throw new Error("nothing was opened");
    return last;
  }

  get errors(): [id: number | null, code: string][] {
    return this.said.flatMap((one) =>
      one.type === "error" ? [[one.id, one.error.code] as [number | null, string]] : [],
    );
  }

  #sent(data: string | Uint8Array): void {
    if (this.closed !== null) throw new TypeError("closed");
    if (data === "pong") this.pongs.push(data);
    else if (typeof data === "string") this.said.push(JSON.parse(data) as TailEdgeFrame);
    else this.records.push(readUint32(data, 0));
  }

  #ports(): EdgePorts {
    const topic = { name: "t", topicId: TOPIC, partitionCount: 2_000, config: {} };
    const ports = {
      clock: this.clock,
      access: this.standing,
      standing: this.standing,
      topics: {
        byId: (topicId: string) => Promise.resolve(topicId === TOPIC ? topic : null),
        asked: () => Promise.resolve(topic),
      },
      controller: {
        remindPartition: (_: string, partition: number) => {
          this.reminders.push(partition);
          this.onReminder(partition);
          return Promise.resolve();
        },
      },
      partition: (_: string, partition: number) => ({
        bounds: () => {
          this.growthQuestions += 1;
          const growths = this.growths.get(partition) ?? [];
          return Promise.resolve({ ok: true, value: { ...BOUNDS, growths, sizeBytes: 0 } });
        },
      }),
      openTail: async (asked: PartitionTail, listener: TailListener) => {
        await this.opening;
        if (this.refusal !== null) throw this.refusal;
        const upstream = new Upstream(asked, listener);
        this.upstreams.push(upstream);
        return {
          send: (frame: TailDownFrame) => void upstream.heard.push(frame),
          close: () => void (upstream.closed = true),
        };
      },
    };
    return ports as unknown as EdgePorts;
  }
}
