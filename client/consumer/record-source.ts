/** Where a consumer reads committed records: the device's replica, or the edge itself. */
import type { Offset } from "../../shared/brands.ts";
import type { PartitionRef, Replica } from "../log/device-log.ts";

export interface RecordSource extends Pick<Replica, "rows" | "read"> {
  /** False: an offset for a time may take as long as the edge is out of reach. */
  readonly local: boolean;
  /** Kafka's offset for a time; null: no such record so far. Where it is missing a seek by time is refused. */
  offsetForTime?(ref: PartitionRef, timestamp: number): Promise<Offset | null>;
  /** Told when a partition has more to read. Returns the way to stop listening. */
  onNews?(listener: (refs: readonly PartitionRef[]) => void): () => void;
  /** Asks for a topic that the device does not know yet until it does. */
  learn?(topic: string): void;
  close(): void | Promise<void>;
}

/** Of the device: it belongs to all consumers and ends with the device. */
export function replicaSource(replica: Replica): RecordSource {
  return {
    local: true,
    rows: (refs) => replica.rows(refs),
    read: (ref, offset, bytesMax) => replica.read(ref, offset, bytesMax),
    offsetForTime: (ref, timestamp) => replica.offsetForTime(ref, timestamp),
    close() {},
  };
}
