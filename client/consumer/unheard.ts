/** What the poll at work and its answer take from a session: it was handed out once its page says so with the next. */
import type { ConsumerNews, PolledRun } from "../calls/consumer-calls.ts";
import type { AssignedPartition } from "./assigned-partition.ts";

export class Unheard {
  #runs: { readonly assigned: AssignedPartition; readonly joins: number; readonly run: PolledRun }[] = [];
  #news: readonly ConsumerNews[] = [];

  took(assigned: AssignedPartition, run: PolledRun): void {
    this.#runs.push({ assigned, joins: assigned.joins, run });
  }

  told(news: readonly ConsumerNews[]): readonly ConsumerNews[] {
    this.#news = news;
    return news;
  }

  heard(): void {
    this.#runs = [];
    this.#news = [];
  }

  /** It is to be read again, but for what goes on at the group's place since. Answers what is to be told again. */
  takeBack(): readonly ConsumerNews[] {
    for (const { assigned, joins, run } of this.#runs) {
      if (assigned.joins !== joins) continue;
      const at = run.pending ? "localSequence" : "position";
      if (assigned[at] !== null && assigned[at] > run.from) Object.assign(assigned, { [at]: run.from });
      assigned.mayHaveMore = true;
    }
    const news = this.#news;
    this.heard();
    return news;
  }
}
