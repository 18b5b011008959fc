/** What is asked of groups from outside of them: where all of a group stands, and since when its next records wait. */
import type { Offset, Partition, TopicKey } from "../../shared/brands.ts";

interface Place {
  readonly topicKey: TopicKey;
  readonly partition: Partition;
}

export interface GroupLookups {
  /** All that have committed. */
  groups(): Promise<string[]>;
  committed(group: string, ref: Place): Promise<Offset | null>;
  /** Where the group's offset was before the log was cut below it; null: it was not, since the last commit. */
  cutFrom(group: string, ref: Place): Promise<Offset | null>;
  /** In each partition in which the group has committed. */
  committedBy(group: string): Promise<{ readonly ref: Place; readonly offset: Offset }[]>;
  /** Of the record at `offset`, or of the next one, in milliseconds since 1970; null: the copy has none. It does not count as read. */
  timeAt(ref: Place, offset: Offset): Promise<number | null>;
}
