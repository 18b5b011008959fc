/** A browser that freezes a tab: nothing of it runs until it thaws, and what it was to hear of waits meanwhile. */
import type { DeviceChannel, DeviceMessage } from "../../client/device-news.ts";
import type { Locks } from "../../client/ports.ts";
import type { Transport } from "../../client/sync/transport.ts";
import type { Clock } from "../../shared/clock.ts";

export class Freezer {
  #thawed: PromiseWithResolvers<void> | null = null;

  freeze(): void {
    this.#thawed ??= Promise.withResolvers();
  }

  thaw(): void {
    this.#thawed?.resolve();
    this.#thawed = null;
  }

  get frozen(): boolean {
    return this.#thawed !== null;
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await this.running();
      },
    };
  }

  /** A request that is under way is carried out; its answer waits. */
  transport(transport: Transport): Transport {
    return {
      request: async (request) => {
        const outcome = transport.request(request);
        outcome.catch(() => undefined);
        await outcome.then(
          () => this.running(),
          () => this.running(),
        );
        return await outcome;
      },
    };
  }

  /** A lock is granted to a frozen tab as to any other, and it holds it without knowing. */
  locks(locks: Locks): Locks {
    return {
      request: async (name, options, body) => {
        const granted = async (): Promise<void> => {
          await this.running();
          await body();
        };
        try {
          await locks.request(name, options, granted);
        } finally {
          await this.running();
        }
      },
    };
  }

  async running(): Promise<void> {
    while (this.#thawed !== null) await this.#thawed.promise;
  }

  /** For messages to it. */
  async deliver(hear: () => void): Promise<void> {
    await this.running();
    hear();
  }
}

/** The channel between the tabs of one device. */
export class SimulatedChannels {
  readonly #members = new Map<Freezer, ((message: DeviceMessage) => void)[]>();
  /** As a browser in which no message arrives. */
  deaf = false;

  join(freezer: Freezer): DeviceChannel {
    const listeners: ((message: DeviceMessage) => void)[] = [];
    this.#members.set(freezer, listeners);
    return {
      post: (message) => {
        if (this.deaf) return;
        for (const [other, hearing] of this.#members) {
          if (other === freezer) continue;
          for (const hear of hearing) void other.deliver(() => hear(message));
        }
      },
      onMessage: (listener) => void listeners.push(listener),
      close: () => void this.#members.delete(freezer),
    };
  }
}
