/**
 * What happened in the device's log, told to everything that waits in this worker and in the other tabs' workers.
 * News only end a wait early: whoever hears them looks into the store, so a message that is lost costs time and
 * nothing else.
 */
import type { Clock } from "../shared/clock.ts";
import type { PartitionRef } from "./log/device-log.ts";
import type { WorkerEvent } from "./calls/worker-event.ts";

export type DeviceMessage =
  | { readonly type: "appended"; readonly refs: readonly PartitionRef[] }
  | { readonly type: "settled"; readonly refs: readonly PartitionRef[] }
  | { readonly type: "replicated"; readonly refs: readonly PartitionRef[] }
  | { readonly type: "loggedOut"; readonly discarded: boolean }
  | { readonly type: "learned" }
  | { readonly type: "paused"; readonly paused: boolean }
  /** `tab-lock.ts`: whether whoever holds it still runs, and that it does. */
  | { readonly type: "lock.asked"; readonly lock: string }
  | { readonly type: "lock.held"; readonly lock: string }
  /** `group/device-members.ts`: a consumer of the group is there, with what it reads and works on; and it is not any more. */
  | {
      readonly type: "group.here";
      readonly group: string;
      readonly member: string;
      readonly reads: readonly string[];
      readonly holds: readonly string[];
      /** The others tell the same of themselves. */
      readonly asks: boolean;
    }
  | { readonly type: "group.left"; readonly group: string; readonly member: string }
  | { readonly type: "event"; readonly event: WorkerEvent };

/** Between the tabs of one device: every message reaches all others, in the order of its sender, or is lost. */
export interface DeviceChannel {
  post(message: DeviceMessage): void;
  onMessage(listener: (message: DeviceMessage) => void): void;
  close(): void;
}

export type NewsListener = (message: DeviceMessage, from: "here" | "other-tab") => void;

/** The first news go out at once, what follows on their heels goes together: a message to all tabs costs a lone append a tenth. */
const QUIET_MS = 20;

export class DeviceNews {
  readonly #clock: Clock;
  readonly #channel: DeviceChannel;
  readonly #listeners = new Set<NewsListener>();
  /** Told to the other tabs in a task of its own: an append's answer does not wait for that. */
  #unposted: DeviceMessage[] = [];
  #posting = false;
  #closed = false;

  constructor(channel: DeviceChannel, clock: Clock) {
    this.#clock = clock;
    this.#channel = channel;
    channel.onMessage((message) => this.#tell(message, "other-tab"));
  }

  publish(message: DeviceMessage): void {
    if (this.#closed) return;
    this.#tell(message, "here");
    this.#unposted.push(message);
    if (!this.#posting) void this.#postAll();
  }

  /** Of this tab alone. */
  tellHere(message: DeviceMessage): void {
    if (!this.#closed) this.#tell(message, "here");
  }

  /** Returns the way to stop listening. */
  listen(listener: NewsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#post();
    this.#listeners.clear();
    this.#channel.close();
  }

  async #postAll(): Promise<void> {
    this.#posting = true;
    await this.#clock.sleep(0);
    while (this.#unposted.length > 0) {
      this.#post();
      await this.#clock.sleep(QUIET_MS);
    }
    this.#posting = false;
  }

  #post(): void {
    const messages = this.#unposted;
    this.#unposted = [];
    for (const message of mergedAppends(messages)) this.#channel.post(message);
  }

  #tell(message: DeviceMessage, from: "here" | "other-tab"): void {
    for (const listener of [...this.#listeners]) listener(message, from);
  }
}

/** Appends of one task are one message; the order of the others is kept. */
function mergedAppends(messages: readonly DeviceMessage[]): DeviceMessage[] {
  const refs = new Map<string, PartitionRef>();
  const others: DeviceMessage[] = [];
  for (const message of messages) {
    if (message.type !== "appended") others.push(message);
    else for (const ref of message.refs) refs.set(`${ref.topicKey}/${ref.partition}`, ref);
  }
  return refs.size === 0 ? others : [{ type: "appended", refs: [...refs.values()] }, ...others];
}

export function broadcastDeviceChannel(database: string): DeviceChannel {
  const channel = new BroadcastChannel(`strandline:${database}`);
  return {
    post: (message) => channel.postMessage(message),
    onMessage(listener) {
      channel.addEventListener("message", (event: MessageEvent<DeviceMessage>) => listener(event.data));
    },
    close: () => channel.close(),
  };
}
