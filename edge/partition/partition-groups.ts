/** The groups of one partition: their rows over its log. Synchronous throughout. */
import type { CommittedOffset } from "../../shared/api/groups.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { GroupReport } from "../metrics/report.ts";
import { decideCommit, decideFence, isForgotten, type GroupRefusal } from "./group-fence.ts";
import { judgeLag, positionOf, type JudgedLag } from "./group-lag.ts";
import type { CommitRequest, FenceAnswer, FenceRequest, GroupStanding } from "./group-port.ts";
import type { GroupRow, GroupSurroundings } from "./group-row.ts";
import type { GroupStore } from "./group-store.ts";
import type { LogExtent } from "./log-extent.ts";
import type { LogStore } from "./log-store.ts";
import type { PartitionReads } from "./partition-reads.ts";

export interface PartitionGroupsParts {
  readonly store: LogStore;
  readonly extent: LogExtent;
  readonly reads: PartitionReads;
  readonly clock: Clock;
}

/** Those that come first by name: the same ones in each report. The others are asked for where they are wanted. */
const GROUPS_REPORTED_MAX = 32;

export class PartitionGroups {
  readonly #parts: PartitionGroupsParts;
  readonly #rows: GroupStore;

  constructor(parts: PartitionGroupsParts) {
    this.#parts = parts;
    this.#rows = parts.store.groups();
  }

  fence(request: FenceRequest): FenceAnswer {
    const { group, reset } = request;
    const verdict = decideFence(this.#rows.row(group), request, this.#around());
    const { leaderEpoch = null, offset = 0 } = reset ?? {};
    const isRefused = verdict.kind === "refuse";
    if (isRefused ? verdict.code === "OFFSET_OUT_OF_RANGE" : verdict.row !== null)
      this.#demandOwnHistory({ group, leaderEpoch, offset });
    if (isRefused) throw this.#refusal(verdict.code, group, reset?.offset);
    if (verdict.row !== null) this.#rows.write(group, verdict.row);
    return verdict.answer;
  }

  commit(request: CommitRequest): CommittedOffset {
    const { group, offset } = request;
    const verdict = decideCommit(this.#rows.row(group), request, this.#around());
    if (verdict.kind === "refuse") {
      if (verdict.code === "OFFSET_OUT_OF_RANGE") this.#demandOwnHistory(request);
      throw this.#refusal(verdict.code, group, offset);
    }
    if (verdict.row === null) return verdict.answer;
    this.#demandOwnHistory(request);
    this.#rows.write(group, verdict.row);
    return verdict.answer;
  }

  standing(group: string, incarnation = 0): GroupStanding {
    const held = this.#rows.row(group);
    const row = held !== null && held.incarnation >= incarnation ? held : null;
    const { logStartOffset, highWatermark } = this.#parts.extent.bounds();
    const { lag, rate, timeLagMs, status } = this.#lag(row, this.#waitingSince(row));
    const { memberId = null, committed = null } = row ?? {};
    return { logStartOffset, highWatermark, memberId, committed, lag, rate, timeLagMs, status };
  }

  forget(group: string, incarnation: number): null {
    if (isForgotten(this.#rows.row(group), incarnation)) this.#rows.forget(group);
    return null;
  }

  reports(): readonly GroupReport[] {
    return this.#rows.first(GROUPS_REPORTED_MAX).map(([group, row]) => {
      const waitingSince = this.#waitingSince(row);
      const { lag, status, stopsAt } = this.#lag(row, waitingSince);
      return { group, lag, status, stopsAt, waitingSince };
    });
  }

  #lag(row: GroupRow | null, waitingSince: number | null): JudgedLag {
    return judgeLag({ ...this.#around(), row, waitingSince });
  }

  /** Null: nothing waits. Compaction may have left nothing of the records at the position itself. */
  #waitingSince(row: GroupRow | null): number | null {
    const { store, extent } = this.#parts;
    const { logStartOffset, highWatermark } = extent.bounds();
    const position = positionOf(row, logStartOffset);
    if (position >= highWatermark) return null;
    const around = store.runAround(position);
    if (around !== null && around.lastOffset >= position) return around.appendedAt;
    return store.runsBehind(position, 1)[0]?.appendedAt ?? null;
  }

  /** Storage that was restored holds other records behind where it went back to: whoever read the former ones is told. */
  #demandOwnHistory({ group, leaderEpoch, offset }: Pick<CommitRequest, "group" | "leaderEpoch" | "offset">): void {
    const divergence = leaderEpoch === null ? null : this.#parts.reads.divergence({ leaderEpoch, offset });
    if (divergence !== null) throw new StrandlineError("TRUNCATED", `offset ${offset}`, { group, offset, divergence });
  }

  #refusal(code: GroupRefusal, group: string, offset: number | undefined): StrandlineError {
    if (code !== "OFFSET_OUT_OF_RANGE") return new StrandlineError(code, `group ${JSON.stringify(group)}`, { group });
    const { logStartOffset, highWatermark } = this.#parts.extent.bounds();
    const said = `offset ${offset}, the log ends at ${highWatermark}`;
    return new StrandlineError(code, said, { group, offset, logStartOffset, highWatermark });
  }

  #around(): GroupSurroundings {
    const { logStartOffset, highWatermark } = this.#parts.extent.bounds();
    return { now: this.#parts.clock.now(), logStartOffset, highWatermark };
  }
}
