/**
 * Records that stream in, and a report for each that streams out, over one request.
 *
 * Behaviour: pieces are gathered into groups while the group before is being appended, so groups grow with the load; one
 * group is under way and one is ready, then no more is read: records keep their order and memory is bounded. A lone record
 * waits for `LINGER_MS` only. A body that is cut keeps every whole piece that came before.
 *
 * Reports that nobody reads are held up to `reportsBytesMax`; then the body is read no further until they are, for
 * `reportsWaitMsMax` at the most. A sender that reads nothing before it has sent all is so told where it ends, and never
 * waits for an edge that waits for it.
 *
 * A sender with a `producer_byte_rate` is read as slowly as it may send: each group waits until the one before is paid for.
 * A stream ends with the credential or the right that it began with, within the time of two looks at them, also where
 * nothing moves.
 */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission } from "../access/access.ts";
import { asStrandlineError } from "../http-error.ts";
import type { Piece, Splitter } from "../intake/line-splitter.ts";
import type { OutgoingRecord } from "../intake/outgoing-record.ts";
import { lookAgainInMs } from "../tail/look-again.ts";
import { unknownTopic, type EdgePorts, type KnownTopic } from "./ports.ts";
import { Reports } from "./reports.ts";
import { asGrown, deliverRecords, prepareRecords, type RecordOutcome } from "./send-records.ts";

/** What a group is appended at: a row of about this size. */
const GROUP_BYTES = 524_288;
/** What a record takes besides its text, and what a refusal does, whose report is a hundred times as long as `1`. */
const RECORD_BYTES = 64;
const REFUSAL_BYTES = 1_024;
const LINGER_MS = 5;
/** A stream that had so much in one group is a bulk: it waits for more, and writes fewer rows. */
const BULK_BYTES = 16_384;
const BULK_LINGER_MS = 50;
const RATE = "producer_byte_rate";
/** Groups of a slow sender are about a second of its rate, but no smaller, so that its reports keep coming. */
const PACED_GROUP_BYTES = 16_384;
/** Longer than that no timer is set at once: there is a longest that the platform can. */
const WAIT_MS_MAX = 60_000;

export interface StreamGrammar<Sent extends OutgoingRecord = OutgoingRecord> {
  readonly splitter: Splitter;
  /** Throws why it is no record; null: there is nothing in it, and nothing to report. */
  readonly parse: (text: string) => Sent | null;
  /** `number`: of the piece, from 1. `record` null: it could not be read. */
  readonly report: (number: number, outcome: RecordOutcome, record: Sent | null) => string;
  /** The last report of a stream that does not go on. */
  readonly broken: (error: StrandlineError) => string;
}

interface Group<Sent> {
  /** About what it takes in memory. */
  bytes: number;
  readonly records: Sent[];
  /** Of each record, in order. */
  readonly numbers: number[];
  readonly refused: { readonly number: number; readonly error: StrandlineError }[];
}

/** The reports. The caller may write to the topic. Throws `THROTTLING_QUOTA_EXCEEDED`: then nothing was read. */
export function recordStream<Sent extends OutgoingRecord>(
  ports: EdgePorts,
  topic: KnownTopic,
  body: ReadableStream<Uint8Array> | null,
  grammar: StreamGrammar<Sent>,
): ReadableStream<Uint8Array> {
  ports.quota.admit(RATE);
  const reports = new Reports(ports.clock);
  const stream = new RecordStream(ports, topic, grammar, reports);
  const disconnected = ports.quota.connect((error) => stream.end(error));
  ports.background(stream.run(body).then(disconnected));
  return reports.readable;
}

class RecordStream<Sent extends OutgoingRecord> {
  readonly #ports: EdgePorts;
  readonly #topic: KnownTopic;
  readonly #grammar: StreamGrammar<Sent>;
  readonly #reports: Reports;
  readonly #groupBytes: number;
  readonly #over = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #group: Group<Sent> = newGroup();
  #number = 0;
  #delivered: Promise<void> = Promise.resolve();
  #isDelivering = false;
  #isLingering = false;
  #isBulk = false;
  /** Why nothing more is taken. */
  #broken: StrandlineError | null = null;

  constructor(ports: EdgePorts, topic: KnownTopic, grammar: StreamGrammar<Sent>, reports: Reports) {
    this.#ports = ports;
    this.#topic = topic;
    this.#grammar = grammar;
    this.#reports = reports;
    const rate = ports.quota.ofPartition(RATE)?.byteRate ?? GROUP_BYTES;
    this.#groupBytes = Math.min(Math.max(rate, PACED_GROUP_BYTES), GROUP_BYTES);
  }

  /** Never rejects. */
  async run(body: ReadableStream<Uint8Array> | null): Promise<void> {
    this.#reader = body?.getReader() ?? null;
    void this.#lookAgain();
    try {
      await this.#read();
      if (this.#broken === null) await this.#take(this.#grammar.splitter.end());
    } catch {
      // The body was cut: what came of it in whole pieces is kept, and nobody may be there for the reports.
    }
    await this.#send();
    await this.#delivered;
    this.#over.abort();
    if (this.#broken !== null) this.#reports.last(this.#grammar.broken(this.#broken));
    this.#reports.close();
  }

  /** Nothing more is taken, for that reason: the first one that is told counts. */
  end(error: StrandlineError): void {
    if (this.#over.signal.aborted) return;
    this.#broken = error;
    this.#over.abort();
    void this.#reader?.cancel().catch(() => undefined);
  }

  async #read(): Promise<void> {
    while (this.#reader !== null && this.#broken === null) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      await this.#take(this.#grammar.splitter.push(value));
      this.#linger();
    }
  }

  /** Until the stream is over. */
  async #lookAgain(): Promise<void> {
    const { standing, clock } = this.#ports;
    while (this.#mayGoOn()) {
      await clock.sleep(lookAgainInMs(standing, clock), this.#over.signal);
      if (!this.#over.signal.aborted) await standing.refresh();
    }
  }

  /** By what is known here, so that each group may ask. False: the stream has come to its end. */
  #mayGoOn(): boolean {
    const { standing } = this.#ports;
    try {
      const refusal = standing.refusal();
      if (refusal !== null) throw refusal;
      demandPermission(standing, "produce", this.#topic.name);
    } catch (thrown) {
      this.end(asStrandlineError(thrown));
    }
    return !this.#over.signal.aborted;
  }

  async #take(pieces: readonly Piece[]): Promise<void> {
    for (const piece of pieces) {
      if (this.#group.bytes >= this.#groupBytes) await this.#send();
      if (this.#broken !== null) return;
      const group = this.#group;
      const number = (this.#number += 1);
      try {
        if (typeof piece !== "string") throw piece;
        const record = this.#grammar.parse(piece);
        if (record === null) continue;
        group.bytes += piece.length + RECORD_BYTES;
        group.records.push(record);
        group.numbers.push(number);
      } catch (thrown) {
        group.bytes += REFUSAL_BYTES;
        group.refused.push({ number, error: asStrandlineError(thrown) });
      }
    }
  }

  /** What is there is sent after a while, or once the group that is under way is done. */
  #linger(): void {
    if (this.#isLingering || this.#isDelivering || isEmpty(this.#group)) return;
    this.#isLingering = true;
    const waited = this.#ports.clock.sleep(this.#isBulk ? BULK_LINGER_MS : LINGER_MS);
    void waited.then(async () => {
      this.#isLingering = false;
      if (!this.#isDelivering) await this.#send();
    });
  }

  /** Resolves once the group before is done. */
  async #send(): Promise<void> {
    const group = this.#group;
    if (isEmpty(group)) return;
    this.#group = newGroup();
    this.#isBulk = group.bytes >= BULK_BYTES;
    const before = this.#delivered;
    const delivered = this.#deliver(group, before);
    this.#delivered = delivered;
    this.#isDelivering = true;
    void delivered.then(() => {
      if (this.#delivered !== delivered) return;
      this.#isDelivering = false;
      this.#linger();
    });
    await before;
  }

  /** Never rejects. What is not reported was not taken. */
  async #deliver(group: Group<Sent>, before: Promise<void>): Promise<void> {
    let outcomes: readonly RecordOutcome[];
    try {
      // While the group before is under way.
      const known = (await this.#ports.topics.byId(this.#topic.topicId)) ?? null;
      if (known === null) throw unknownTopic(this.#topic.name);
      const topic = await asGrown(this.#ports, known, group.records);
      const prepared = prepareRecords(this.#ports, topic, group.records);
      await before;
      await this.#paid();
      if (!this.#mayGoOn()) return;
      outcomes = await deliverRecords(this.#ports, prepared, async (error) => await this.#again(error));
    } catch (thrown) {
      await before;
      if (!this.#mayGoOn()) return;
      const error = asStrandlineError(thrown);
      outcomes = group.records.map(() => ({ error, partition: null }));
    }
    const taken = await this.#reports.put(this.#reportsOf(group, outcomes));
    if (taken) return;
    const said = `its reports were not read for ${LIMITS.reportsWaitMsMax} ms, and the stream was read no further`;
    this.end(new StrandlineError("REQUEST_TIMED_OUT", said));
  }

  /** Until what was appended is paid for, or the stream is over. */
  async #paid(): Promise<void> {
    const { quota } = this.#ports;
    for (let waitMs = quota.waitMs(RATE); waitMs > 0 && this.#broken === null; waitMs = quota.waitMs(RATE))
      await this.#wait(waitMs);
  }

  /** A partition that its principal has come to by other ways too: the run waits, and those behind it as well. */
  async #again({ code, details }: StrandlineError): Promise<boolean> {
    const { retryAfterMs } = details;
    if (code !== "THROTTLING_QUOTA_EXCEEDED" || typeof retryAfterMs !== "number") return false;
    await this.#wait(retryAfterMs);
    return this.#mayGoOn();
  }

  async #wait(ms: number): Promise<void> {
    await this.#ports.clock.sleep(Math.min(ms, WAIT_MS_MAX), this.#over.signal);
  }

  /** In the order of the pieces. */
  #reportsOf(group: Group<Sent>, outcomes: readonly RecordOutcome[]): string {
    const { report } = this.#grammar;
    let text = "";
    let next = 0;
    for (const [index, outcome] of outcomes.entries()) {
      const number = group.numbers[index] ?? 0;
      for (; (group.refused[next]?.number ?? Infinity) < number; next += 1) text += this.#refusal(group.refused[next]);
      text += report(number, outcome, group.records[index] ?? null);
    }
    for (; next < group.refused.length; next += 1) text += this.#refusal(group.refused[next]);
    return text;
  }

  #refusal(refused: Group<Sent>["refused"][number] | undefined): string {
    if (refused === undefined) return "";
    this.#ports.refused(refused.error.code);
    return this.#grammar.report(refused.number, { error: refused.error, partition: null }, null);
  }
}

function newGroup<Sent>(): Group<Sent> {
  return { bytes: 0, records: [], numbers: [], refused: [] };
}

function isEmpty({ records, refused }: Group<unknown>): boolean {
  return records.length === 0 && refused.length === 0;
}
