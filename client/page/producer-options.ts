/** KafkaJS's options of a producer: what each does here, and which are refused. */
import { MESSAGE_BYTES_MAX } from "../../shared/chunking.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { CreatePartitioner } from "../producer/partitioner.ts";

export interface ProducerOptions {
  readonly createPartitioner?: CreatePartitioner;
  /** Milliseconds that a send waits for others, which then share its batches; 0 by default: those of the same microtask do. */
  readonly linger?: number;
  /** The largest value; above a batch's 1 MiB it is sent in chunks (`docs/chunking.md`). 64 MiB by default. */
  readonly maxMessageBytes?: number;
  /**
   * False: a send to a topic that does not exist is refused with `UNKNOWN_TOPIC_OR_PARTITION`, where the edge answers;
   * offline it is accepted, and the topic is made when the record is sent. True by default.
   */
  readonly allowAutoTopicCreation?: boolean;
  /** Milliseconds after which a topic that is sent to is asked about again, for partitions that came; 300,000 by default. */
  readonly metadataMaxAge?: number;
  /** Always true: no retry makes a duplicate. */
  readonly idempotent?: true;
  /** Any number above 0: order and the absence of duplicates do not hang on it, and there are never more than two. */
  readonly maxInFlightRequests?: number | null;
  /**
   * As in KafkaJS, and without effect: a send does not fail for want of the edge. The device tries on for as long as it
   * takes, in the pace of the client's own `retry`.
   */
  readonly retry?: { readonly initialRetryTime?: number; readonly maxRetryTime?: number; readonly retries?: number };
  /** Refused: there are no transactions yet. */
  readonly transactionalId?: never;
}

export interface CheckedOptions {
  readonly createPartitioner: CreatePartitioner | null;
  readonly lingerMs: number;
  readonly maxMessageBytes: number;
  readonly allowAutoTopicCreation: boolean;
  readonly metadataAgeMsMax: number;
}

const LINGER_MS_MAX = 60_000;
const METADATA_AGE_MS = 300_000;

export function checkOptions(options: ProducerOptions): CheckedOptions {
  const given: Readonly<Record<string, unknown>> = { ...options };
  if (given["idempotent"] === false) throw invalid("idempotent", "false, a producer of Strandline always is", false);
  if (given["transactionalId"] !== undefined && given["transactionalId"] !== null)
    throw new StrandlineError("UNSUPPORTED_OPERATION", "transactionalId: there are no transactions yet", {
      option: "transactionalId",
    });
  const { maxInFlightRequests: inFlight, retry } = options;
  if (inFlight !== undefined && inFlight !== null)
    within("maxInFlightRequests", inFlight, [1, Number.MAX_SAFE_INTEGER]);
  if (retry !== undefined && (typeof (retry as unknown) !== "object" || retry === null))
    throw invalid("retry", "no object", retry);
  return {
    createPartitioner: options.createPartitioner ?? null,
    lingerMs: within("linger", options.linger ?? 0, [0, LINGER_MS_MAX]),
    maxMessageBytes: within("maxMessageBytes", options.maxMessageBytes ?? MESSAGE_BYTES_MAX, [1, MESSAGE_BYTES_MAX]),
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
    metadataAgeMsMax: within("metadataMaxAge", options.metadataMaxAge ?? METADATA_AGE_MS, [1, Number.MAX_SAFE_INTEGER]),
  };
}

function within(option: string, value: unknown, [least, most]: readonly [number, number]): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw invalid(option, `${String(value)}: ${least} to ${most}`, value);
}

function invalid(option: string, said: string, value: unknown): StrandlineError {
  return new StrandlineError("INVALID_ARGUMENT", `${option}: ${said}`, {
    option,
    [option]: String(value).slice(0, 64),
  });
}
