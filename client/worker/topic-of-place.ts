import type { RecordPlace } from "../calls/record-place.ts";
import type { TopicRow } from "../log/rows.ts";

/** Whether it is the topic that the record was stored in, and not another of its name. */
export function isOf(row: TopicRow, { remade = 0 }: RecordPlace): boolean {
  return (row.remade ?? 0) === remade;
}
