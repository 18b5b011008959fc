/** What this device has sent: pending when it is on disk, at its offset once the edge has answered. */
import { StrandlineError, type Receipt, type RecordMetadata, type Strandline } from "strandline";
import { element } from "./page.ts";
import { Rows } from "./rows.ts";

interface Shown {
  readonly key: string;
  readonly value: string;
}

export class Sent {
  readonly #rows = new Rows(element("sent"), element("nothing-sent"));
  /** By topic and partition, behind the last record that has a row. */
  readonly #shown = new Map<string, number>();

  /** One row for what a send put into a partition. */
  add({ topicName, partition, localSequence, count, receiptOf }: RecordMetadata, { key, value }: Shown): void {
    if (!this.#isNew(topicName, partition, localSequence + count - 1)) return;
    const content = count === 1 ? { key, value } : { key: `${count} records`, value: "the last of them" };
    void this.follow(receiptOf(count - 1), content);
  }

  /** What other tabs send, and what waited here before this page was opened: pending records, by a consumer of them. */
  async watch(strandline: Strandline, topic: string): Promise<void> {
    const consumer = strandline.consumer({ isolation: "local" });
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachBatch: ({ batch }) => {
        const last = batch.messages.at(-1);
        if (!batch.pending || last === undefined || !this.#isNew(topic, batch.partition, last.localSequence)) return;
        const { length } = batch.messages;
        const value = length === 1 ? (last.text() ?? "") : "waiting here before, or sent by another tab";
        const key = length === 1 ? (last.keyText() ?? "") : `${length} records`;
        void this.follow(strandline.receipt(`${topic}-${batch.partition}~${last.localSequence}`), { key, value });
      },
    });
  }

  /** Both a send and the consumer tell of a record; the first of them gets the row. */
  #isNew(topic: string, partition: number, localSequence: number): boolean {
    const place = `${topic}-${partition}`;
    if (localSequence <= (this.#shown.get(place) ?? -1)) return false;
    this.#shown.set(place, localSequence);
    return true;
  }

  async follow(receipt: Receipt, content: Shown): Promise<void> {
    const row = this.#rows.add({ place: `${receipt.id} pending`, ...content, state: "pending" });
    try {
      const { topic, partition, offset } = await receipt.synced;
      this.#rows.update(row, { place: `${topic}-${partition}@${offset ?? "?"}`, state: "committed" });
    } catch (error) {
      this.#rows.update(row, { place: error instanceof StrandlineError ? error.code : "refused", state: "dead" });
    }
  }
}
