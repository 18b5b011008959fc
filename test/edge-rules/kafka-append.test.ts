/** Kafka's rules for its own producers as a table: what is held, what comes, what is decided. */
import { describe, expect, test } from "vitest";
import {
  afterKafkaAppend,
  decideKafkaAppend,
  type KafkaProducerState,
  type KafkaVerdict,
} from "../../edge/partition/kafka-append.ts";

const LAST = 2 ** 31 - 1;

/** Batches `first-last@offset` in one epoch. */
function held(epoch: number, ...batches: readonly string[]): KafkaProducerState {
  const recent = batches.map((text) => {
    const [, first, last, offset] = /^(\d+)-(\d+)@(\d+)$/.exec(text) ?? [];
    return { firstSequence: Number(first), lastSequence: Number(last), baseOffset: Number(offset) };
  });
  return { epoch, recent };
}

const append = (lastSequence: number): KafkaVerdict => ({ kind: "append", lastSequence });
const duplicate = (baseOffset: number): KafkaVerdict => ({ kind: "duplicate", baseOffset });
const OUT_OF_ORDER: KafkaVerdict = { kind: "refuse", code: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
const FENCED: KafkaVerdict = { kind: "refuse", code: "INVALID_PRODUCER_EPOCH" };

interface Row {
  readonly name: string;
  readonly state: KafkaProducerState | undefined;
  readonly epoch: number;
  readonly first: number;
  readonly count: number;
  readonly verdict: KafkaVerdict;
}

const AT_FIVE = held(2, "0-1@10", "2-4@20");

const ROWS: readonly Row[] = [
  { name: "an unknown producer starts at 0", state: undefined, epoch: 0, first: 0, count: 3, verdict: append(2) },
  {
    name: "or anywhere: its state may have expired",
    state: undefined,
    epoch: 7,
    first: 41,
    count: 1,
    verdict: append(41),
  },
  { name: "next in line", state: AT_FIVE, epoch: 2, first: 5, count: 2, verdict: append(6) },
  { name: "a gap", state: AT_FIVE, epoch: 2, first: 6, count: 1, verdict: OUT_OF_ORDER },
  { name: "the last batch again", state: AT_FIVE, epoch: 2, first: 2, count: 3, verdict: duplicate(20) },
  { name: "one before it again", state: AT_FIVE, epoch: 2, first: 0, count: 2, verdict: duplicate(10) },
  { name: "the same start, another end", state: AT_FIVE, epoch: 2, first: 2, count: 2, verdict: OUT_OF_ORDER },
  {
    name: "behind the line, not among the recent",
    state: AT_FIVE,
    epoch: 2,
    first: 1,
    count: 1,
    verdict: OUT_OF_ORDER,
  },
  { name: "an old epoch", state: AT_FIVE, epoch: 1, first: 5, count: 1, verdict: FENCED },
  { name: "the last batch again, of an old epoch", state: AT_FIVE, epoch: 1, first: 2, count: 3, verdict: FENCED },
  { name: "a new epoch from 0", state: AT_FIVE, epoch: 3, first: 0, count: 2, verdict: append(1) },
  { name: "a new epoch, not from 0", state: AT_FIVE, epoch: 3, first: 5, count: 1, verdict: OUT_OF_ORDER },
  {
    name: "the numbers of a held batch in a new epoch",
    state: AT_FIVE,
    epoch: 3,
    first: 2,
    count: 3,
    verdict: OUT_OF_ORDER,
  },
  {
    name: "up to the last sequence",
    state: held(0, `5-${LAST - 2}@0`),
    epoch: 0,
    first: LAST - 1,
    count: 2,
    verdict: append(LAST),
  },
  {
    name: "over the last sequence",
    state: held(0, `5-${LAST - 1}@0`),
    epoch: 0,
    first: LAST,
    count: 3,
    verdict: append(1),
  },
  { name: "after a wrap", state: held(0, `${LAST}-1@0`), epoch: 0, first: 2, count: 1, verdict: append(2) },
  {
    name: "after an end at the last sequence",
    state: held(0, `5-${LAST}@0`),
    epoch: 0,
    first: 0,
    count: 1,
    verdict: append(0),
  },
  {
    name: "the batch that wrapped, again",
    state: held(0, `${LAST}-1@7`),
    epoch: 0,
    first: LAST,
    count: 3,
    verdict: duplicate(7),
  },
  {
    name: "2^31 is no sequence: 0 follows",
    state: held(0, `5-${LAST}@0`),
    epoch: 0,
    first: 1,
    count: 1,
    verdict: OUT_OF_ORDER,
  },
];

test.each(ROWS)("$name", ({ state, epoch, first, count, verdict }) => {
  expect(decideKafkaAppend(state, { epoch, firstSequence: first, count })).toEqual(verdict);
});

describe("the state after an append", () => {
  const batch = { firstSequence: 5, lastSequence: 5, baseOffset: 30 };

  test("of the same epoch keeps the last five", () => {
    const six = Array.from({ length: 6 }, (_, index) => `${index}-${index}@${index}`);
    let state: KafkaProducerState | undefined;
    for (const text of six) {
      const [one] = held(0, text).recent;
      if (one !== undefined)
        state = afterKafkaAppend(state, { epoch: 0, firstSequence: one.firstSequence, count: 1 }, one);
    }
    expect(state).toEqual(held(0, ...six.slice(1)));
  });

  test("of a new epoch knows nothing of the old one's", () => {
    expect(afterKafkaAppend(AT_FIVE, { epoch: 3, firstSequence: 5, count: 1 }, batch)).toEqual({
      epoch: 3,
      recent: [batch],
    });
  });

  test("leaves the state before it as it was", () => {
    const before = structuredClone(AT_FIVE);
    afterKafkaAppend(AT_FIVE, { epoch: 2, firstSequence: 5, count: 1 }, batch);
    expect(AT_FIVE).toEqual(before);
  });
});
