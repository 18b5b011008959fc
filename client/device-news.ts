/**
 * What happened in the device's log, told to everything that waits in this worker and in the other tabs' workers.
 * News only end a wait early: whoever hears them looks into the store, so a message that is lost costs time and
 * nothing else.
 */
import type { PartitionRef } from "./log/device-log.ts";
import type { WorkerEvent } from "./worker-api.ts";

export type DeviceMessage =
  | { readonly type: "appended"; readonly refs: readonly PartitionRef[] }
  | { readonly type: "settled"; readonly refs: readonly PartitionRef[] }
  | { readonly type: "replicated"; readonly refs: readonly PartitionRef[] }
  | { readonly type: "learned" }
  | { readonly type: "paused"; readonly paused: boolean }
  | { readonly type: "event"; readonly event: WorkerEvent };

/** Between the tabs of one device: every message reaches all others, in the order of its sender, or is lost. */
export interface DeviceChannel {
  post(message: DeviceMessage): void;
  onMessage(listener: (message: DeviceMessage) => void): void;
  close(): void;
}

export type NewsListener = (message: DeviceMessage, from: "here" | "other-tab") => void;

export class DeviceNews {
  readonly #channel: DeviceChannel;
  readonly #listeners = new Set<NewsListener>();

  constructor(channel: DeviceChannel) {
    this.#channel = channel;
    channel.onMessage((message) => this.#tell(message, "other-tab"));
  }

  publish(message: DeviceMessage): void {
    this.#tell(message, "here");
    this.#channel.post(message);
  }

  /** Returns the way to stop listening. */
  listen(listener: NewsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.#channel.close();
  }

  #tell(message: DeviceMessage, from: "here" | "other-tab"): void {
    for (const listener of [...this.#listeners]) listener(message, from);
  }
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
