/** What was handled of a consumer's partitions and is not committed, though they are another's by now: told once. */
import type { OwnedPartition, RefusedCommit } from "../calls/consumer-calls.ts";
import type { GroupEventsDeps } from "./group-events.ts";

export class FencedRanges {
  readonly #deps: GroupEventsDeps;
  readonly #groupId: string;
  /** By ownership: what was sent with its release, behind which nothing is handled. Null: nothing was left. */
  readonly #sent = new Map<number, { readonly from: number; readonly to: number } | null>();
  /** By ownership: up to where it was told. */
  readonly #toldTo = new Map<number, number>();

  constructor(deps: GroupEventsDeps, groupId: string) {
    this.#deps = deps;
    this.#groupId = groupId;
  }

  /** With its release: nothing commits it again behind that. */
  sent(of: OwnedPartition): void {
    const { book } = this.#deps;
    this.#sent.set(of.ownership, book.uncommittedRange(of));
    book.withhold(of);
  }

  /** Also where its release has failed. */
  lost({ topic, partition, ownership }: OwnedPartition): void {
    const sent = this.#sent.get(ownership);
    const range = sent === undefined ? this.#deps.book.uncommittedRange({ topic, partition }) : sent;
    if (range === null) return;
    this.#tell({ topic, partition, offset: range.to, code: "ILLEGAL_GENERATION" }, { ownership, from: range.from });
  }

  refused(commit: RefusedCommit, ownership: number): void {
    const { topic, partition, offset } = commit;
    const { book } = this.#deps;
    // What is handled since, where it is its own again, is not refused.
    const again = (book.share.ownershipOf({ topic, partition }) ?? ownership) !== ownership;
    const range = again ? null : book.uncommittedRange({ topic, partition });
    if (!again) book.withhold({ topic, partition });
    const from = range?.from ?? this.#sent.get(ownership)?.from ?? null;
    this.#tell({ ...commit, offset: Math.max(range?.to ?? 0, offset) }, { ownership, from });
  }

  clear(): void {
    this.#sent.clear();
    this.#toldTo.clear();
  }

  #tell(
    { topic, partition, offset: to, code }: RefusedCommit,
    { ownership, from }: { readonly ownership: number; readonly from: number | null },
  ): void {
    if ((this.#toldTo.get(ownership) ?? -1) >= to) return;
    this.#toldTo.set(ownership, to);
    this.#deps.tell("commit_fenced", { groupId: this.#groupId, topic, partition, from, to, code });
  }
}
