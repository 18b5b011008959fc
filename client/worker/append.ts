/** From a page's pack to the log: checked bounds, compression before the transaction, and the order of the calls kept. */
import { release } from "../../shared/release.ts";
import { partition as toPartition } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Alongside, AppendedBatch, BatchAppend, LocalLog } from "../log/device-log.ts";
import type { Pack } from "../calls/append-calls.ts";

export type CompressBatch = (batch: Uint8Array) => Promise<Uint8Array>;

export class PackAppender {
  readonly #log: LocalLog;
  readonly #compress: CompressBatch;
  /** Set while a pack is being compressed: later packs wait for it, or they would overtake. */
  #compressing: Promise<void> | null = null;

  constructor(log: LocalLog, compress: CompressBatch) {
    this.#log = log;
    this.#compress = compress;
  }

  async append(pack: Pack, alongside: Alongside | null = null): Promise<AppendedBatch[]> {
    const appends = unpack(pack);
    const store = (ready: readonly BatchAppend[]): Promise<AppendedBatch[]> =>
      this.#log.append(ready, { durability: pack.durability, alongside });
    try {
      if (pack.compression === "none" && this.#compressing === null) return await store(appends);
      return await this.#appendInTurn(appends, pack, store);
    } finally {
      release(pack.buffer);
    }
  }

  async #appendInTurn(
    appends: readonly BatchAppend[],
    pack: Pack,
    store: (ready: readonly BatchAppend[]) => Promise<AppendedBatch[]>,
  ): Promise<AppendedBatch[]> {
    const before = this.#compressing ?? Promise.resolve();
    const ready =
      pack.compression === "gzip"
        ? Promise.all(appends.map((each) => this.#compressOne(each)))
        : Promise.resolve(appends);
    let handedOver = (): void => {};
    const turn = new Promise<void>((resolve) => (handedOver = resolve));
    this.#compressing = turn;
    try {
      const [compressed] = await Promise.all([ready, before]);
      const appended = store(compressed);
      handedOver();
      return await appended;
    } finally {
      handedOver();
      if (this.#compressing === turn) this.#compressing = null;
    }
  }

  /** Records that wait for their partition stay as they are: they are still to be told apart by key. */
  async #compressOne(append: BatchAppend): Promise<BatchAppend> {
    return append.partition < 0 ? append : { ...append, batch: await this.#compress(append.batch) };
  }
}

function unpack({ buffer, parts }: Pack): BatchAppend[] {
  return parts.map(({ topic, partition, partitionCount, start, end }) => {
    const within =
      Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end > start && end <= buffer.byteLength;
    if (!within)
      throw new StrandlineError("INVALID_ARGUMENT", `part ${start} to ${end} of a pack of ${buffer.byteLength} bytes`, {
        start,
        end,
      });
    if (end - start > LIMITS.batchBytesMax) {
      throw new StrandlineError(
        "MESSAGE_TOO_LARGE",
        `a batch of ${end - start} bytes, at most ${LIMITS.batchBytesMax}`,
        { bytes: end - start, bytesMax: LIMITS.batchBytesMax },
      );
    }
    const placedBy = partitionCount > 0 ? { partitionCount } : {};
    return { topic, partition: toPartition(partition), ...placedBy, batch: new Uint8Array(buffer, start, end - start) };
  });
}
