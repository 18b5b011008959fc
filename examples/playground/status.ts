/** How far sync is, of all tabs: figures, a progress bar while something waits, and the switch for the network. */
import type { OutboxStatus, Strandline, SyncProgress } from "strandline";
import { attempt, complain, element, say } from "./page.ts";

/** What another tab stores has no event here. */
const STATUS_MS = 250;

export class Status {
  readonly #strandline: Strandline;

  constructor(strandline: Strandline) {
    this.#strandline = strandline;
    strandline.on("sync.progress", showProgress);
    element("network").addEventListener("click", () => attempt(() => this.#switchNetwork()));
    setInterval(() => void this.show().catch(complain), STATUS_MS);
  }

  async show(): Promise<void> {
    const status = await this.#strandline.sync.status();
    showProgress(status);
    say("dead", status.deadLetters.toLocaleString());
    say("state", describe(status));
    element("network").setAttribute("aria-checked", String(!status.paused));
  }

  async #switchNetwork(): Promise<void> {
    const { sync } = this.#strandline;
    await ((await sync.status()).paused ? sync.resume() : sync.pause());
    await this.show();
  }
}

function showProgress({ pendingRecords, syncedRecords, recordsPerSecond }: SyncProgress): void {
  const bar = element<HTMLProgressElement>("progress");
  bar.max = pendingRecords + syncedRecords;
  bar.value = syncedRecords;
  element("progress-line").hidden = pendingRecords === 0;
  say("waiting", pendingRecords.toLocaleString());
  const rate = recordsPerSecond === 0 ? "" : `, ${Math.round(recordsPerSecond).toLocaleString()} a second`;
  say("progress-text", `${syncedRecords.toLocaleString()} of ${bar.max.toLocaleString()} synced${rate}`);
}

function describe({ paused, online, leader, pendingRecords }: OutboxStatus): string {
  const waiting = pendingRecords === 0 ? "nothing waits" : `${pendingRecords.toLocaleString()} wait`;
  if (paused) return `switched off here, ${waiting}`;
  if (!leader) return `another tab syncs for this device, ${waiting}`;
  return online ? `connected, ${waiting}` : `the edge cannot be reached, ${waiting}`;
}
