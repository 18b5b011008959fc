/** `meta["paused"]`: written when sync is paused or resumed; its absence means it was never paused. */
import type { Store } from "../log/store.ts";
import type { DeviceSettings } from "./device.ts";

const KEY = "paused";

export function storedSettings(store: Store): DeviceSettings {
  return {
    async paused(): Promise<boolean> {
      return (
        (await store.transact(["meta"], { mode: "readonly" }, (transaction) =>
          transaction.get<boolean>("meta", KEY),
        )) === true
      );
    },
    async setPaused(paused: boolean): Promise<void> {
      await store.transact(["meta"], { mode: "readwrite", durability: "strict" }, (transaction) =>
        transaction.put("meta", KEY, paused),
      );
    },
  };
}
