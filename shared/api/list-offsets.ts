/** `GET /v1/topics/{topic}/partitions/{partition}/offsets?at=earliest|latest|<ms>`. */
import type { LeaderEpoch } from "../brands.ts";

export type OffsetQuestion = "earliest" | "latest" | number;

export interface ListOffsetsAnswer {
  /** For a time: of the first record at or after it; null where there is none. */
  readonly offset: number | null;
  /** Of that record; null for `earliest` and `latest`. */
  readonly timestamp: number | null;
  readonly leaderEpoch: LeaderEpoch;
}
