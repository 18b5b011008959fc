/**
 * What the sender keeps in memory of one partition's outbox: the row as last seen, the sealed CRCs of the batches it
 * has looked at, and how far it has sent. All of it can be thrown away at any time: `restart` begins again at what is
 * acked, and what was sent before is then sent again, byte for byte the same.
 */
import type { Chain, Crc, LocalSequence } from "../../shared/brands.ts";
import { nextChain } from "../../shared/chain.ts";
import type { PartitionRow, ProducerIdentity } from "../log/rows.ts";
import type { OutboxView } from "./outbox-rules.ts";

export interface KnownBatch {
  readonly localSequence: LocalSequence;
  readonly count: number;
  /** Sealed under the current identity. */
  readonly crc: Crc;
  readonly bytes: number;
  /** As it is stored, without identity. */
  readonly storedCrc: Crc;
}

export class SendWindow {
  #row: PartitionRow;
  #identity: ProducerIdentity;
  /** Consecutive from the acked sequence. */
  #known: KnownBatch[] = [];
  #sentTo: LocalSequence;
  #sentChain: Chain;

  constructor(row: PartitionRow) {
    this.#row = row;
    this.#identity = demandIdentity(row);
    this.#sentTo = row.ackedLocalSequence;
    this.#sentChain = row.ackedChain;
  }

  get row(): PartitionRow {
    return this.#row;
  }

  get identity(): ProducerIdentity {
    return this.#identity;
  }

  get known(): readonly KnownBatch[] {
    return this.#known;
  }

  /** First local sequence that was not sent since the last restart. */
  get sentTo(): LocalSequence {
    return this.#sentTo;
  }

  /** The identity's chain at `sentTo`. */
  get sentChain(): Chain {
    return this.#sentChain;
  }

  /** First local sequence after what is known. */
  get knownTo(): LocalSequence {
    const last = this.#known.at(-1);
    return last === undefined ? this.#row.ackedLocalSequence : after(last);
  }

  sequenceOf(localSequence: LocalSequence): number {
    return localSequence - this.#identity.sequenceBase;
  }

  view(): OutboxView {
    return {
      producerKey: this.#identity.producerKey,
      acked: this.sequenceOf(this.#row.ackedLocalSequence),
      chain: this.#row.ackedChain,
      pending: this.#known,
    };
  }

  /** A batch that was read and sealed. Known already, or the next one. */
  learn(batch: KnownBatch): void {
    if (batch.localSequence === this.knownTo) this.#known.push(batch);
  }

  /** It is on its way. */
  sent(batch: KnownBatch): void {
    this.learn(batch);
    this.#sentTo = after(batch);
    this.#sentChain = nextChain(this.#sentChain, batch.crc);
  }

  /** The row after a step, of this tab or another. */
  adopt(row: PartitionRow): void {
    const identity = demandIdentity(row);
    const succeeded = identity.producerKey !== this.#identity.producerKey;
    this.#row = row;
    this.#identity = identity;
    this.#known = succeeded ? [] : this.#known.filter((batch) => batch.localSequence >= row.ackedLocalSequence);
    const [first] = this.#known;
    if (first !== undefined && first.localSequence !== row.ackedLocalSequence) this.#known = [];
    if (succeeded || this.#sentTo < row.ackedLocalSequence) this.restart();
  }

  restart(): void {
    this.#sentTo = this.#row.ackedLocalSequence;
    this.#sentChain = this.#row.ackedChain;
  }
}

function after(batch: KnownBatch): LocalSequence {
  return (batch.localSequence + batch.count) as LocalSequence;
}

function demandIdentity(row: PartitionRow): ProducerIdentity {
  if (row.identity === null) throw new TypeError("a partition is opened with its identity before it is sent from");
  return row.identity;
}
