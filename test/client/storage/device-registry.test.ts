import { describe, expect, test } from "vitest";
import { DeviceRegistry } from "../../../client/storage/device-registry.ts";
import type { AnnounceDeviceRequest, KnownDevice } from "../../../shared/api/devices.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";

const HOUR_MS = 3_600_000;

function known(deviceId: string, label: string, unsyncedRecords = 0): KnownDevice {
  return { deviceId, clientId: "app", label, unsyncedRecords, firstSeenAt: 1, lastSeenAt: 1 };
}

class Device {
  readonly clock: VirtualClock = new VirtualClock();
  readonly said: AnnounceDeviceRequest[] = [];
  readonly told: string[] = [];
  others: readonly KnownDevice[] = [];
  unsynced = 0;
  reached = true;
  fails = false;
  wasTold = false;
  readonly registry: DeviceRegistry;

  constructor() {
    this.registry = new DeviceRegistry({
      clock: this.clock,
      device: { deviceId: "me", clientId: "app", label: "Firefox" },
      announce: async (said) => {
        this.said.push(said);
        if (this.fails) throw new Error("no answer");
        return { devices: [known("me", "Firefox"), ...this.others] };
      },
      unsyncedRecords: async () => this.unsynced,
      mayAsk: () => this.reached,
      wasTold: async () => this.wasTold,
      setTold: async () => void (this.wasTold = true),
      tell: (others) =>
        void this.told.push(others.map(({ deviceId, unsyncedRecords }) => `${deviceId} ${unsyncedRecords}`).join()),
    });
  }

  async news(unsynced: number): Promise<string> {
    this.unsynced = unsynced;
    this.registry.changed();
    await this.clock.advance(5_000);
    return this.said.map((one) => one.unsyncedRecords).join(" ");
  }
}

describe("a device at the edge", () => {
  test("tells that it is there, and whether something is unsynced, not how much at each time", async () => {
    const device = new Device();
    expect(await device.news(0)).toBe("0");
    expect(await device.news(3)).toBe("0 3");
    expect(await device.news(9)).toBe("0 3");
    expect(await device.news(0)).toBe("0 3 0");
    await device.clock.advance(HOUR_MS + 5_000);
    expect(device.said).toHaveLength(4);
    await device.registry.close();
  });

  test("is told once of the others that bear its label", async () => {
    const device = new Device();
    device.others = [known("before", "Firefox", 7), known("phone", "Safari", 2)];
    await device.news(0);
    await device.news(1);
    expect(device.told).toEqual(["before 7"]);
    await device.registry.close();
  });

  test("asks again with the next news where it was not answered, and is told then", async () => {
    const device = new Device();
    device.others = [known("before", "Firefox", 7)];
    device.fails = true;
    await device.news(0);
    expect(device.told).toEqual([]);
    device.fails = false;
    await device.news(0);
    expect(device.told).toEqual(["before 7"]);
    await device.registry.close();
  });

  test("says nothing from a tab that does not sync, and its goodbye from any", async () => {
    const device = new Device();
    device.reached = false;
    expect(await device.news(1)).toBe("");
    await device.registry.goodbye();
    expect(device.said).toEqual([
      { deviceId: "me", clientId: "app", label: "Firefox", unsyncedRecords: 0, gone: true },
    ]);
    expect(await device.news(5)).toBe("0");
  });
});
