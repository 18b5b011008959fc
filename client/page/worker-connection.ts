/**
 * The page's line to its worker. Every call settles: with the worker's answer, with `WORKER_DIED` when the worker
 * ended (`worker-life.ts`), with `REQUEST_TIMED_OUT` after its deadline, or with `CLOSED`. A call after a death
 * opens another worker.
 */
import { proxy, transfer, wrap, type Remote } from "comlink";
import { deferred } from "../../shared/deferred.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { transferErrors } from "../comlink-errors.ts";
import type { Locks } from "../ports.ts";
import type { Pack, PartAck } from "../calls/append-calls.ts";
import type { WorkerApi, WorkerCalls } from "../calls/worker-api.ts";
import type { WorkerEvent } from "../calls/worker-event.ts";
import { watchLife } from "../worker-life.ts";
import type { LineParts, WorkerLine } from "./line.ts";
import { Outstanding } from "./outstanding.ts";

const OPEN_MS_MAX = 30_000;
/**
 * Of a worker that is killed before its first line nobody is told. The first is waited for so long; then another is tried,
 * which has the whole time, so that where all is slow nothing fails. What the page itself stands still counts as one step.
 */
const BEGIN_STEP_MS = 1_000;
const BEGIN_STEPS = 8;
const CLOSE_MS_MAX = 5_000;

export interface ConnectionDeps extends LineParts {
  readonly spawn: () => Worker;
  /** Asked where the script of the first could not be loaded; null, or answering null: there is no other. */
  readonly spawnOther: (() => Promise<Worker | null>) | null;
  readonly locks: () => Locks;
  /** A worker has opened. */
  readonly onOpen?: () => void;
}

interface Line {
  readonly worker: Worker;
  readonly api: Remote<WorkerApi>;
  readonly outstanding: Outstanding;
  /** Whether the worker lives. */
  readonly watch: (watching: boolean) => void;
  /** `Line`s are told apart by it: a consumer is open on one of them. */
  readonly generation: number;
}

export class WorkerConnection implements WorkerLine {
  readonly #deps: ConnectionDeps;
  #line: Promise<Line> | null = null;
  #outstanding: Outstanding | null = null;
  /** Of a worker that has been asked to open and has not answered. */
  #opening: Outstanding | null = null;
  #generation = 0;
  #closed = false;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  async call<Result>(
    ask: (api: WorkerCalls, generation: number) => Promise<Result>,
    deadlineMs: number | null,
  ): Promise<Result> {
    const line = await this.#open();
    return line.outstanding.settle(ask(line.api as unknown as WorkerCalls, line.generation), deadlineMs);
  }

  append(pack: Pack, deadlineMs: number): Promise<PartAck[]> {
    return this.call((api) => api.append(transfer(pack, [pack.buffer])), deadlineMs);
  }

  hint(): void {
    void this.#line?.then(({ api }) => api.hint()).catch(() => {});
  }

  /** A lock that is asked for keeps a page out of the back/forward cache: while it is there, nobody watches. */
  park(parked: boolean): void {
    void this.#line
      ?.then(async ({ api, watch }) => {
        watch(!parked);
        await api.park(parked);
      })
      .catch(() => {});
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A worker that has not opened by now is not waited for.
    this.#opening?.end(closedError());
    const line = await this.#line?.catch(() => null);
    if (line === null || line === undefined) return;
    await line.outstanding.settle(line.api.close(), CLOSE_MS_MAX).catch(() => {});
    line.worker.terminate();
    line.outstanding.end(closedError());
  }

  #open(): Promise<Line> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#line === null) {
      const opening = this.#start();
      this.#line = opening;
      opening.catch(() => {
        if (this.#line === opening) this.#line = null;
      });
    }
    return this.#line;
  }

  async #start(): Promise<Line> {
    transferErrorsOnce();
    const locks = this.#deps.locks();
    try {
      return await this.#startOnAny(locks, { patient: false });
    } catch (error) {
      if (!(error instanceof NotBegun) || this.#closed) throw error;
      return await this.#startOnAny(locks, { patient: true });
    }
  }

  async #startOnAny(locks: Locks, how: { readonly patient: boolean }): Promise<Line> {
    try {
      return await this.#startOn(spawned(this.#deps.spawn), locks, how);
    } catch (error) {
      const other = error instanceof NotStarted ? await this.#deps.spawnOther?.().catch(() => null) : null;
      if (other === null || other === undefined || this.#closed) throw error;
      return await this.#startOn(other, locks, how);
    }
  }

  async #startOn(worker: Worker, locks: Locks, { patient }: { readonly patient: boolean }): Promise<Line> {
    const { askToken } = this.#deps;
    const outstanding = new Outstanding();
    this.#outstanding = outstanding;
    this.#opening = outstanding;
    const api = wrap<WorkerApi>(worker);
    const failed = (event: Event): void => {
      event.preventDefault();
      const { message } = event as Partial<ErrorEvent>;
      outstanding.end(message === undefined ? notLoaded() : died(`it failed to start: ${message}`));
    };
    worker.addEventListener("error", failed);
    let lifeLock: string | null = null;
    let life: { stop(): void } | null = null;
    const watch = (watching: boolean): void => {
      life?.stop();
      life =
        watching && lifeLock !== null ? watchLife(locks, lifeLock, () => this.#onDeath(outstanding, worker)) : null;
    };
    const begun = deferred<void>();
    const alive = (name: string): void => {
      lifeLock = name;
      begun.resolve();
      watch(true);
      // At once, where it is over already.
      outstanding.onEnd(() => watch(false));
    };
    try {
      const opened = api.open(
        this.#deps.options,
        proxy((event: WorkerEvent) => this.#deps.onEvent(event)),
        askToken === null ? null : proxy(askToken),
        proxy(alive),
      );
      const settled = outstanding.settle(opened, OPEN_MS_MAX);
      if (!patient) await Promise.race([settled, hasBegun(begun.promise, outstanding)]);
      await settled;
      worker.removeEventListener("error", failed);
      this.#generation += 1;
      this.#deps.onOpen?.();
      return { worker, api, outstanding, watch, generation: this.#generation };
    } catch (error) {
      watch(false);
      worker.terminate();
      outstanding.end(died("it was given up"));
      throw error;
    } finally {
      if (this.#opening === outstanding) this.#opening = null;
    }
  }

  #onDeath(outstanding: Outstanding, worker: Worker): void {
    if (this.#outstanding === outstanding) this.#line = null;
    worker.terminate();
    outstanding.end(died("its life lock was let go"));
    if (!this.#closed) this.#deps.onDeath();
  }
}

/** There is no worker, so another may be tried. */
class NotStarted extends StrandlineError {}

/** There may be one no more. */
class NotBegun extends StrandlineError {}

async function hasBegun(begun: Promise<void>, outstanding: Outstanding): Promise<void> {
  for (let step = 0; step < BEGIN_STEPS; step += 1) {
    const late = await outstanding.settle(begun, BEGIN_STEP_MS).then(
      () => false,
      (error: StrandlineError) => error.code === "REQUEST_TIMED_OUT",
    );
    if (!late) return;
  }
  throw new NotBegun("WORKER_DIED", `it has not begun within ${BEGIN_STEPS * BEGIN_STEP_MS} ms`);
}

/** What a page's policy or sandbox forbids, or its bundler has left out, is said in a word of our own. */
function spawned(spawn: () => Worker): Worker {
  try {
    return spawn();
  } catch (cause) {
    if (cause instanceof StrandlineError) throw cause;
    throw new NotStarted("UNSUPPORTED_OPERATION", `this page may start no worker: ${String(cause)}`, {}, cause);
  }
}

/** An error without a message is one of the script's loading. */
function notLoaded(): StrandlineError {
  return new NotStarted("WORKER_DIED", "it failed to start: its script could not be loaded, see docs/bundlers.md");
}

function died(said: string): StrandlineError {
  return new StrandlineError("WORKER_DIED", said);
}

function closedError(): StrandlineError {
  return new StrandlineError("CLOSED", "");
}

let errorsTransferred = false;
/** Not at import: a page that only imports the library changes nothing of its Comlink. */
function transferErrorsOnce(): void {
  if (errorsTransferred) return;
  errorsTransferred = true;
  transferErrors("leave");
}
