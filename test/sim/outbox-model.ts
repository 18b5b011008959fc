/** What must come of each record of a device, told beside it: where it landed, or that it was given up. */
import type { AppendedBatch } from "../../client/log/device-log.ts";
import { valuesOf } from "../client/log/log-fixture.ts";
import type { SimulatedTab } from "./simulated-device.ts";
import type { SimulatedEdge } from "./simulated-edge.ts";
import { doubled, wordsOf } from "./sync-history.ts";

interface Sent {
  readonly value: string;
  readonly at: AppendedBatch;
  /** Page and key: whose order holds. */
  readonly line: string;
}

export class OutboxModel {
  readonly sent: Sent[] = [];
  /** In the order in which the edge took them, whatever the partition. */
  readonly landed: string[] = [];
  readonly discarded = new Set<string>();
  /** In strict order: a copy of the request may land before the edge hears of it. The receipt tells. */
  readonly takenOut = new Set<string>();
  readonly wereDead = new Set<string>();

  /** Sentences about what went wrong. */
  async judge(tab: SimulatedTab, edge: SimulatedEdge, places: readonly string[]): Promise<string[]> {
    const at = new Map<string, string>();
    const logged: string[] = [];
    const found: string[] = [];
    for (const place of places) {
      for (const [offset, value] of wordsOf(edge.log(place)).entries()) {
        logged.push(value);
        at.set(value, `${place}@${offset}`);
      }
      const replica = await tab.replica(place).catch((error: Error) => error.message);
      if (replica !== edge.log(place)) found.push(`replica of ${place}: ${replica}, not ${edge.log(place)}`);
    }
    found.push(...doubled(logged).map((value) => `doubled: ${value}`));
    const letters = await tab.log.outbox.deadLetters(1_000);
    const dead = new Set(letters.flatMap(({ bytes }) => wordsOf(valuesOf(bytes))));
    for (const value of dead) this.wereDead.add(value);
    for (const sent of this.sent) found.push(...(await this.#judgeOne(tab, sent, { at: at.get(sent.value), dead })));
    found.push(...this.#inverted());
    return found;
  }

  async #judgeOne(
    tab: SimulatedTab,
    { value, at }: Sent,
    ended: { readonly at: string | undefined; readonly dead: ReadonlySet<string> },
  ): Promise<string[]> {
    const takenOut = ended.at === undefined && this.takenOut.has(value);
    const gone = takenOut || ended.dead.has(value) || this.discarded.has(value);
    if (ended.at === undefined && !gone) return [`lost: ${value}`];
    if (ended.at !== undefined && gone) return [`landed though given up: ${value}`];
    const where = await tab.log.outbox.find(at, at.localSequence);
    if (gone) return where.kind === "dead" ? [] : [`receipt of ${value}: ${where.kind}`];
    if (where.kind !== "committed") return [`receipt of ${value}: ${where.kind}`];
    if (where.offset === null) return [];
    const told = `${at.topic}-${where.ref.partition}@${where.offset}`;
    return told === ended.at ? [] : [`receipt of ${value}: ${told}, not ${ended.at}`];
  }

  /** What was dead once and sent again stands behind others; in strict order nothing ever does. */
  #inverted(): string[] {
    const landedAt = new Map(this.landed.map((value, index) => [value, index]));
    const last = new Map<string, Sent>();
    const found: string[] = [];
    for (const sent of this.sent) {
      const position = landedAt.get(sent.value);
      if (position === undefined || this.wereDead.has(sent.value)) continue;
      const before = last.get(sent.line);
      if (before !== undefined && (landedAt.get(before.value) ?? 0) > position)
        found.push(`inverted: ${sent.value} before ${before.value}`);
      last.set(sent.line, sent);
    }
    return found;
  }
}
