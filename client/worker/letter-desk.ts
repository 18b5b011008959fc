/** What the edge refused for good: read, sent again, discarded. */
import type { LocalSequence, Partition } from "../../shared/brands.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { DeadLetterBatch, OutboxCalls } from "../calls/outbox-calls.ts";
import type { RecordPlace } from "../calls/record-place.ts";
import { exactBuffer } from "../consumer/exact-buffer.ts";
import type { PartitionRef, PendingPlace } from "../log/device-log.ts";
import { chunkLetter, lettersOf, wholeOf } from "./chunked-letter.ts";
import type { Device } from "./device.ts";
import { isOf } from "./topic-of-place.ts";
import type { TopicRow } from "../log/rows.ts";

/** Letters of all topics are looked through for those of one. */
const LOOKED_THROUGH_MAX = 100_000;

export class LetterDesk {
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
  }

  get calls(): Pick<OutboxCalls, "deadLetters" | "retryDeadLetters" | "discardDeadLetters"> {
    return {
      deadLetters: (limit, topic) => this.#list(limit, topic),
      retryDeadLetters: (letters) => this.#retry(letters),
      discardDeadLetters: (letters) => this.#discard(letters),
    };
  }

  async #list(limit: number, topic: string | null): Promise<DeadLetterBatch[]> {
    const { outbox } = this.#device;
    const dead = await outbox.deadLetters(topic === null ? limit : LOOKED_THROUGH_MAX);
    const all = [
      ...(await outbox.blocking()).map((one) => ({ ...one, blocking: true })),
      ...dead.map((one) => ({ ...one, blocking: false })),
    ];
    const rows = new Map((await this.#device.catalog.all()).map((row) => [row.topicKey, row]));
    return all
      .map((one) => ({ ...one, ...namedBy(rows.get(one.topicKey)) }))
      .filter((one) => topic === null || one.topic === topic)
      .slice(0, limit)
      .map(({ bytes, topic: name, partition, localSequence, count, error, blocking, remade }) => {
        const place = { topic: name, partition, localSequence, remade };
        return { ...place, count, error, blocking, buffer: exactBuffer([bytes]) };
      });
  }

  async #retry(letters: readonly RecordPlace[]): Promise<RecordPlace[]> {
    const { news, sync } = this.#device;
    const again: RecordPlace[] = [];
    for (const letter of letters)
      for (const ref of await this.#refsOf(letter)) {
        const place = await this.#sendAgain(ref, letter.localSequence as LocalSequence);
        if (place === null) continue;
        const row = (await this.#device.catalog.all()).find(({ topicKey }) => topicKey === place.ref.topicKey);
        again.push({ ...namedBy(row), partition: place.ref.partition, localSequence: place.localSequence });
        news.publish({ type: "appended", refs: [place.ref] });
        break;
      }
    sync?.wake();
    return again;
  }

  /** Of a chunk: all of its value. */
  async #sendAgain(ref: PartitionRef, localSequence: LocalSequence): Promise<PendingPlace | null> {
    const { outbox, replica, clock, readThrough = null } = this.#device;
    const chunk = await chunkLetter(outbox, ref, localSequence);
    if (chunk === null) return await outbox.sendAgain(ref, localSequence);
    return await outbox.sendTogether(ref, await wholeOf({ outbox, replica, clock, readThrough }, ref, chunk));
  }

  async #discard(letters: readonly RecordPlace[]): Promise<number> {
    const { outbox, news, sync } = this.#device;
    let discarded = 0;
    for (const letter of letters)
      for (const ref of await this.#refsOf(letter)) {
        const at = letter.localSequence as LocalSequence;
        const chunk = await chunkLetter(outbox, ref, at);
        // A value that lacks a chunk for good is of no use to anybody.
        const all = chunk === null ? [at] : await lettersOf(outbox, ref, chunk);
        let found = 0;
        for (const each of all) if (await outbox.discard(ref, each)) found += 1;
        if (found === 0) continue;
        discarded += found;
        // The tab that sends carries it out where it blocked.
        news.publish({ type: "appended", refs: [ref] });
        break;
      }
    sync?.wake();
    return discarded;
  }

  async #refsOf(place: RecordPlace): Promise<PartitionRef[]> {
    const { topic, partition } = place;
    const name = checkTopicName(topic);
    const rows = (await this.#device.catalog.all()).filter((row) => row.name === name && isOf(row, place)).toReversed();
    return rows.map(({ topicKey }) => ({ topicKey, partition: partition as Partition }));
  }
}

/** Empty where the device has no such topic. */
function namedBy(row: TopicRow | undefined): { readonly topic: string; readonly remade: number } {
  return { topic: row?.name ?? "", remade: row?.remade ?? 0 };
}
