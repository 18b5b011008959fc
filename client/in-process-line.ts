/**
 * The line to a core in this very process: no worker, no copying. Every call settles here too: with the answer, with
 * `REQUEST_TIMED_OUT` after its deadline, or with `CLOSED`.
 */
import { StrandlineError } from "../shared/strandline-error.ts";
import type { Pack, PartAck } from "./calls/append-calls.ts";
import type { WorkerCalls } from "./calls/worker-api.ts";
import type { WorkerEvent } from "./calls/worker-event.ts";
import type { LineParts, WorkerLine } from "./page/line.ts";
import { Outstanding } from "./page/outstanding.ts";
import { WorkerCore } from "./worker/core.ts";
import type { Device } from "./worker/device.ts";

/** It never dies, so consumers are always open on the same one. */
const GENERATION = 1;
const CLOSE_MS_MAX = 5_000;

export interface InProcessDeps extends LineParts {
  readonly openDevice: () => Promise<Device>;
}

export class InProcessLine implements WorkerLine {
  readonly #deps: InProcessDeps;
  readonly #outstanding = new Outstanding();
  #opening: Promise<WorkerCalls> | null = null;
  #closed = false;

  constructor(deps: InProcessDeps) {
    this.#deps = deps;
  }

  /** A call was made, and it was not closed since. */
  get isOpen(): boolean {
    return this.#opening !== null && !this.#closed;
  }

  async call<Result>(
    ask: (api: WorkerCalls, generation: number) => Promise<Result>,
    deadlineMs: number | null,
  ): Promise<Result> {
    if (this.#closed) throw closedError();
    const calls = await this.#opened();
    return await this.#outstanding.settle(ask(calls, GENERATION), deadlineMs);
  }

  append(pack: Pack, deadlineMs: number): Promise<PartAck[]> {
    return this.call((api) => api.append(pack), deadlineMs);
  }

  hint(): void {
    void this.#opening?.then((api) => api.hint()).catch(() => {});
  }

  /** No process is put aside as pages are. */
  park(): void {}

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const calls = await this.#opening?.catch(() => null);
    if (calls !== null && calls !== undefined)
      await this.#outstanding.settle(calls.close(), CLOSE_MS_MAX).catch(() => {});
    this.#outstanding.end(closedError());
  }

  #opened(): Promise<WorkerCalls> {
    if (this.#opening !== null) return this.#opening;
    const opening = this.#open();
    this.#opening = opening;
    // The next call tries again.
    opening.catch(() => (this.#opening = null));
    return opening;
  }

  async #open(): Promise<WorkerCalls> {
    const { options, openDevice } = this.#deps;
    const device = await openDevice();
    const paused = await device.settings.paused();
    return new WorkerCore(device, { options, tellPage: (event) => this.#tell(event), paused }).calls;
  }

  /** In a turn of its own, as if it came from a worker: a listener may call whatever it likes. */
  #tell(event: WorkerEvent): void {
    queueMicrotask(() => this.#deps.onEvent(event));
  }
}

function closedError(): StrandlineError {
  return new StrandlineError("CLOSED", "");
}
