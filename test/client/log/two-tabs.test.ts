/** Two tabs over one store append, settle and learn in any interleaving: R04 and R11 on the device's side. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { LocalSequence } from "../../../shared/brands.ts";
import { inWords, Tab, valuesOf } from "./log-fixture.ts";

type Step =
  | { readonly kind: "append"; readonly tab: 0 | 1; readonly places: readonly string[] }
  | { readonly kind: "settle" | "refuse" | "learn" | "pause"; readonly tab: 0 | 1 }
  | { readonly kind: "fault"; readonly fault: "lost" | "unanswered" | "full"; readonly tab: 0 | 1 };

const tab = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      tab,
      places: fc.array(fc.constantFrom("t-0", "t-1", "t"), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("settle" as const, "refuse" as const, "pause" as const), tab }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("learn" as const), tab }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      fault: fc.constantFrom("lost" as const, "unanswered" as const, "full" as const),
      tab,
    }),
  },
);

interface Acked {
  readonly tab: number;
  readonly place: string;
  readonly value: string;
  readonly ref: string;
  readonly localSequence: number;
}

class Run {
  readonly store = new MemoryStore();
  readonly tabs: Tab[] = [];
  readonly acked: Acked[] = [];
  /** What may or may not have been written. */
  readonly open = new Set<string>();
  /** Values in the order in which they left the outbox, by partition; the dead ones apart. */
  readonly left = new Map<string, string[]>();
  readonly dead = new Set<string>();
  faults = 0;
  #values = 0;
  readonly #running: Promise<void>[] = [];

  async play(steps: readonly Step[]): Promise<void> {
    this.tabs.push(await Tab.open(this.store), await Tab.open(this.store));
    for (const one of steps) await this.#play(one);
    await Promise.all(this.#running);
    this.store.fault = () => null;
    await this.tabs[0]?.learn("t", 2);
  }

  async #play(one: Step): Promise<void> {
    const at = this.tabs[one.tab];
    if (at === undefined) return;
    if (one.kind === "append") return void this.#running.push(this.#append(at, one.tab, one.places));
    if (one.kind === "pause") return void (await Promise.all(this.#running.splice(0)));
    if (one.kind === "fault") return this.#breakNext(one.fault);
    if (one.kind === "learn") return await at.learn("t", 2).catch(() => undefined);
    await this.#settle(at, one.kind);
  }

  async #append(at: Tab, tabNumber: number, places: readonly string[]): Promise<void> {
    const values = places.map(() => `v${(this.#values += 1)}`);
    try {
      const answers = await at.appended(...places.map((place, index) => `${place}: ${values[index] ?? ""}`));
      for (const [index, answer] of answers.entries()) {
        this.acked.push({
          tab: tabNumber,
          place: places[index] ?? "",
          value: values[index] ?? "",
          ref: inWords({ ...answer, localSequence: 0 as LocalSequence }),
          localSequence: answer.localSequence,
        });
      }
    } catch {
      for (const value of values) this.open.add(value);
    }
  }

  #breakNext(fault: "lost" | "unanswered" | "full"): void {
    this.store.fault = () => {
      this.store.fault = () => null;
      this.faults += 1;
      return fault;
    };
  }

  /** What left the outbox is read from it, as a sender does; a step that failed may have been done. */
  async #settle(at: Tab, kind: "settle" | "refuse"): Promise<void> {
    if ((await at.log.catalog.byName("t")) === undefined) return;
    const ref = await at.ref("t-0");
    const before = (await at.log.outbox.row(ref))?.ackedLocalSequence ?? 0;
    const [first] = await at.log.outbox.read(ref, before as LocalSequence, { bytesMax: 1, countMax: 1 });
    if (first === undefined) return;
    await (kind === "settle" ? at.commit("t-0", 1, null) : at.refuseFirst("t-0")).catch(() => undefined);
    const after = (await at.log.outbox.row(ref))?.ackedLocalSequence ?? 0;
    if (after === before) return;
    const values = valuesOf(first.bytes).split(" ");
    const left = this.left.get("t-0") ?? [];
    this.left.set("t-0", [...left, ...values]);
    if (kind === "refuse") for (const value of values) this.dead.add(value);
  }

  /** All records of a partition in the order in which they are, or were, sent. */
  async sent(place: string): Promise<string[]> {
    const pending = (await this.tabs[0]?.pending(place)) ?? "";
    const waiting =
      pending === "" ? [] : pending.split(" | ").flatMap((batch) => batch.replace(/^\d+: /, "").split(" "));
    return [...(this.left.get(place) ?? []), ...waiting];
  }
}

test("no local sequence is used twice, nothing acknowledged is lost or doubled, and each tab's order is kept", async () => {
  let faults = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const run = new Run();
      await run.play(steps);
      faults += run.faults;
      const first = run.tabs[0];
      if (first === undefined || (await first.log.catalog.byName("t")) === undefined) return;

      const numbers = run.acked.map(({ ref, localSequence }) => `${ref} ${localSequence}`);
      expect(new Set(numbers).size).toBe(numbers.length);

      const sent = [await run.sent("t-0"), await run.sent("t-1")];
      const all = sent.flat();
      expect(new Set(all).size).toBe(all.length);
      for (const { value } of run.acked) expect(all).toContain(value);
      for (const value of all) expect(run.open.has(value) || run.acked.some((one) => one.value === value)).toBe(true);

      // Each tab appended its values in growing order; what named its partition is found there in that order.
      for (const [partition, values] of sent.entries()) {
        for (const number of [0, 1]) {
          const mine = run.acked
            .filter((one) => one.tab === number && one.place === `t-${partition}`)
            .map(({ value }) => value);
          expect(values.filter((value) => mine.includes(value))).toEqual(
            [...mine].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
          );
        }
      }
      await everyReceiptIsRight(run, first, sent);
    }),
    { numRuns: 150, seed: 42 },
  );
  expect(faults).toBeGreaterThan(20);
});

async function everyReceiptIsRight(run: Run, tab: Tab, sent: readonly (readonly string[])[]): Promise<void> {
  for (const { value, place, ref, localSequence } of run.acked) {
    const found = await tab.find(ref.startsWith("t--1") ? "t" : place, localSequence);
    const at = /t-(\d)~(\d+)/.exec(found);
    expect(sent[Number(at?.[1])]?.[Number(at?.[2])]).toBe(value);
    expect(found.startsWith("dead")).toBe(run.dead.has(value));
  }
}
