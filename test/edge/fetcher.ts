/** A reader over `POST /v1/fetch`. */
import { expect } from "vitest";
import type { FetchHead, FetchPartition, FetchPartitionAnswer, FetchRequest } from "../../shared/api/fetch.ts";
import { ENVELOPE_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { readEnvelope, takePayloads } from "../../shared/envelope.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { textOf } from "../../shared/utf8.ts";
import { call, type Place } from "./edge.ts";

export interface Fetched extends FetchPartitionAnswer {
  /** `baseOffset+count` of each batch. */
  readonly found: readonly string[];
}

type Asked = Place & Partial<FetchPartition>;

/** One request for these partitions; each from its start, where nothing else is said. */
export async function fetchFrom(places: readonly Asked[], request: Partial<FetchRequest> = {}): Promise<Fetched[]> {
  return (await runsFrom(places, request)).map(({ answer, bytesOf }) => ({
    ...answer,
    found: Array.from(batches(bytesOf), (one) => `${one.baseOffset}+${one.count}`),
  }));
}

interface FetchedRun {
  readonly answer: FetchPartitionAnswer;
  readonly bytesOf: Uint8Array;
}

async function runsFrom(places: readonly Asked[], request: Partial<FetchRequest>): Promise<FetchedRun[]> {
  const partitions = places.map(({ name: _name, ...place }) => ({
    offset: 0,
    leaderEpoch: null,
    previousCrc: null,
    maxBytes: 1_000_000,
    ...place,
  }));
  const json = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, ...request, partitions };
  const response = await call("/v1/fetch", { json });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, ENVELOPE_MEDIA_TYPE]);
  const body = new Uint8Array(await response.arrayBuffer());
  const { head, payloadStart } = readEnvelope(body);
  const answers = (head as FetchHead).partitions;
  const runs = takePayloads(
    body,
    payloadStart,
    answers.map((answer) => answer.bytes),
  );
  return answers.map((answer, index) => ({ answer, bytesOf: runs[index] ?? new Uint8Array() }));
}

/** Records from the offset asked for, and where to go on. */
export async function fetchRecords(place: Asked): Promise<{
  readonly records: readonly { readonly offset: number; readonly value: string }[];
  readonly nextOffset: number;
}> {
  const [run] = await runsFrom([place], {});
  if (run === undefined) throw new Error("an answer without partitions");
  const found = Array.from(batches(run.bytesOf), (batch) => Array.from(records(batch))).flat();
  const asked = found.filter(({ offset }) => offset >= (place.offset ?? 0));
  const { nextOffset } = run.answer;
  return {
    records: asked.map(({ offset, value }) => ({ offset, value: textOf(value ?? new Uint8Array()) })),
    nextOffset,
  };
}

export async function fetchOne(place: Asked, request: Partial<FetchRequest> = {}): Promise<Fetched> {
  const [only] = await fetchFrom([place], request);
  if (only === undefined) throw new Error("an answer without partitions");
  return only;
}
