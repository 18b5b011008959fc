/**
 * Ingest: what comes in under a key goes into its topic. Nothing is known of the sender but the key, so nothing is made
 * for it; a request that is repeated is stored again, unless an `Idempotency-Key` says which it is.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { IngestedRecords } from "../ingest/ingest-records.ts";
import type { IngestRule } from "../ingest/ingest-rule.ts";
import type { OutgoingRecord } from "../intake/outgoing-record.ts";
import { unknownTopic, type EdgePorts } from "./ports.ts";
import { sendRequest } from "./send-once.ts";
import type { RecordOutcome } from "./send-records.ts";

/** One outcome for each record, in their order. Throws `UNKNOWN_TOPIC_OR_PARTITION`, `IDEMPOTENCY_KEY_REUSED`, and what is wrong with a lone record. */
export async function ingest(
  ports: EdgePorts,
  rule: IngestRule,
  { records, alone }: IngestedRecords,
  request: { readonly headers: Headers; readonly body: Uint8Array },
): Promise<readonly RecordOutcome[]> {
  const topic = await ports.topics.byId(rule.topicId);
  if (topic === null) throw unknownTopic(rule.topic);
  const sendable = records.filter((record): record is OutgoingRecord => !(record instanceof StrandlineError));
  const sent = await sendRequest(ports, topic, sendable, request);
  let next = 0;
  const outcomes = records.map((record): RecordOutcome => {
    if (record instanceof StrandlineError) return refusal(ports, record);
    const outcome = sent[next];
    next += 1;
    return outcome ?? refusal(ports, new StrandlineError("UNKNOWN_SERVER_ERROR", ""));
  });
  const [first] = outcomes;
  if (alone && first !== undefined && first.error !== null) throw first.error;
  return outcomes;
}

function refusal(ports: EdgePorts, error: StrandlineError): RecordOutcome {
  ports.refused(error.code);
  return { error, partition: null };
}
