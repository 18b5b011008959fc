/** What the facade and all behind it speak to: a worker of the browser, or the same core in this very process. */
import type { Pack, PartAck } from "../calls/append-calls.ts";
import type { WorkerCalls } from "../calls/worker-api.ts";
import type { WorkerEvent } from "../calls/worker-event.ts";
import type { WorkerOptions } from "../calls/worker-options.ts";

export interface WorkerLine {
  /** `deadlineMs` null: as long as it takes. `generation` tells on which worker the call was made. */
  call<Result>(
    ask: (api: WorkerCalls, generation: number) => Promise<Result>,
    deadlineMs: number | null,
  ): Promise<Result>;
  /** The pack's buffer is given away. */
  append(pack: Pack, deadlineMs: number): Promise<PartAck[]>;
  /** Only where a worker is open: hints wake nobody. */
  hint(): void;
  /** The page is put aside whole, or is back: what it holds of the device is let go meanwhile. */
  park(parked: boolean): void;
  close(): Promise<void>;
}

export interface LineParts {
  readonly options: WorkerOptions;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Null: the edge's doors are open. */
  readonly askToken: (() => Promise<string>) | null;
  readonly onDeath: () => void;
}

/** Opens nothing yet: the first call does. */
export type MakeLine = (parts: LineParts) => WorkerLine;
