/**
 * Tells the edge that this device is there, and whether it has unsynced records: at first contact, when that changes,
 * and every hour. So a device that was wiped whole, with all that it knew of itself, is missed by whoever signs in next
 * on the same browser: they are told of the devices that bear its label.
 */
import type { AnnounceDeviceAnswer, AnnounceDeviceRequest, KnownDevice } from "../../shared/api/devices.ts";
import type { Clock } from "../../shared/clock.ts";
import { Wake } from "../wake.ts";

export interface RegistryPorts {
  readonly clock: Clock;
  readonly device: Pick<AnnounceDeviceRequest, "deviceId" | "clientId" | "label">;
  readonly announce: (said: AnnounceDeviceRequest, signal: AbortSignal) => Promise<AnnounceDeviceAnswer>;
  readonly unsyncedRecords: () => Promise<number>;
  /** This tab syncs, and reaches the edge. */
  readonly mayAsk: () => boolean;
  /** Whether this device has been told of the others; once it was it is new no more. */
  readonly wasTold: () => Promise<boolean>;
  readonly setTold: () => Promise<void>;
  readonly tell: (others: readonly KnownDevice[]) => void;
}

const ROUND_MS = 3_600_000;
/** What changes in between is told together. */
const GATHER_MS = 2_000;
const GOODBYE_MS_MAX = 2_000;

export class DeviceRegistry {
  readonly #ports: RegistryPorts;
  readonly #wake: Wake;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  /** Null: nothing was said yet. */
  #said: { readonly hadUnsynced: boolean; readonly at: number } | null = null;

  constructor(ports: RegistryPorts) {
    this.#ports = ports;
    this.#wake = new Wake(ports.clock);
    this.#done = this.#run();
  }

  /** Something was appended, settled, or the edge was reached. */
  changed(): void {
    this.#wake.ring();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.ring();
    await this.#done;
  }

  /** The device is being destroyed. Best effort: an edge that is not reached forgets it one day. */
  async goodbye(): Promise<void> {
    await this.close();
    const { clock, device, announce } = this.#ports;
    const waiting = new AbortController();
    const said = announce({ ...device, unsyncedRecords: 0, gone: true }, waiting.signal);
    await Promise.race([said.catch(() => undefined), clock.sleep(GOODBYE_MS_MAX, waiting.signal)]);
    waiting.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#wake.wait(ROUND_MS);
      await this.#ports.clock.sleep(GATHER_MS, signal);
      // What fails is said with the next news, or in an hour.
      if (!signal.aborted) await this.#say(signal).catch(() => undefined);
    }
  }

  async #say(signal: AbortSignal): Promise<void> {
    const { mayAsk, unsyncedRecords, clock, announce, device, wasTold, setTold, tell } = this.#ports;
    if (!mayAsk()) return;
    const count = await unsyncedRecords();
    const said = this.#said;
    if (said !== null && said.hadUnsynced === count > 0 && clock.now() - said.at < ROUND_MS) return;
    const { devices } = await announce({ ...device, unsyncedRecords: count }, signal);
    this.#said = { hadUnsynced: count > 0, at: clock.now() };
    if (await wasTold()) return;
    const others = devices.filter(({ deviceId, label }) => deviceId !== device.deviceId && label === device.label);
    if (others.length > 0) tell(others);
    await setTold();
  }
}
