/** What a service worker waits for: that the outbox is sent, as far as it can be, by this device or by a tab that leads. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { LocalSequence } from "../../shared/brands.ts";
import type { Outbox, WaitingPartition } from "../log/device-log.ts";
import { Wake } from "../wake.ts";
import type { Device } from "./device.ts";

export interface DrainResult {
  /**
   * `drained`: nothing waits. `blocked`: what waits stands, in strict order, behind a refused batch, until the user says what
   * becomes of that. `led`: a tab runs, and sends by itself. `paused`: sync is paused. `late`: the time was up.
   */
  readonly outcome: "drained" | "blocked" | "led" | "paused" | "late";
  readonly pendingRecords: number;
}

export async function drained(
  { database, outbox, news, settings, clock }: Pick<Device, "database" | "outbox" | "news" | "settings" | "clock">,
  timeoutMs: number,
): Promise<DrainResult> {
  const lock = `strandline:${database}:sync`;
  const wake = new Wake(clock);
  let led = false;
  const stop = news.listen((message, from) => {
    if (from === "other-tab" && message.type === "lock.held" && message.lock === lock) led = true;
    else if (message.type !== "settled" && message.type !== "event") return;
    wake.ring();
  });
  const timer = new AbortController();
  let late = false;
  void clock.sleep(timeoutMs, timer.signal).then(() => {
    late = true;
    wake.ring();
  });
  news.publish({ type: "lock.asked", lock });
  try {
    for (;;) {
      const waiting = await outbox.waiting();
      const pendingRecords = waiting.reduce((sum, { records }) => sum + records, 0);
      if (pendingRecords === 0) return { outcome: "drained", pendingRecords };
      if (led) return { outcome: "led", pendingRecords };
      if (await settings.paused()) return { outcome: "paused", pendingRecords };
      if (!(await anyGoesOn(outbox, waiting))) return { outcome: "blocked", pendingRecords };
      if (late) return { outcome: "late", pendingRecords };
      await wake.wait(timeoutMs);
    }
  } finally {
    timer.abort();
    stop();
  }
}

/** The browser fires the event again later where this throws: not for what waits for its user. */
export function demandNoMore({ outcome, pendingRecords }: DrainResult): void {
  // A tab that leads may end as well before it has sent them.
  if (outcome === "late" || outcome === "led")
    throw new StrandlineError("NOT_SYNCED_YET", `${pendingRecords} records wait`, { pendingRecords });
}

/** Nothing may be sent of a partition that is blocked, nor of one that others of its topic have to go before. */
async function anyGoesOn(outbox: Outbox, waiting: readonly WaitingPartition[]): Promise<boolean> {
  for (const ref of waiting) {
    const { batches, discarded } = await outbox.sendable(ref, 0 as LocalSequence, { bytesMax: 1, countMax: 1 });
    if (batches.length > 0 || discarded !== null) return true;
  }
  return false;
}
