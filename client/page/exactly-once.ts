/** A handler that may use `tx`, and the commit behind it. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { HandledTo, PolledRun } from "../calls/consumer-calls.ts";
import type { TransactionOutcome } from "../calls/transaction-calls.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import type { Base, PositionBook } from "./position-book.ts";
import { HandlerTransaction, OfferedTransaction, type Transaction, type TransactionDeps } from "./transaction.ts";

/** The group's offset is another one by now: what the handler did was not applied. */
export class Fenced extends Error {}

export interface Transactions extends TransactionDeps {
  commit(
    of: TopicPartition,
    work: Base & Pick<HandledTo, "offset" | "readFrom"> & { readonly transaction: HandlerTransaction },
  ): Promise<TransactionOutcome>;
}

/** Whether a handler is being called right now: whoever calls is within it. */
export interface Calling {
  now: boolean;
}

export interface Handling {
  readonly calling: Calling;
  readonly book: PositionBook;
  /** Null: of no group. */
  readonly transactions: Transactions | null;
}

/** After these it may have been applied: the group's offset alone can tell. */
const OPEN_OUTCOMES: ReadonlySet<string> = new Set(["STORE_FAILED", "WORKER_DIED", "REQUEST_TIMED_OUT", "CLOSED"]);

/**
 * `offset` is asked for once the handler resolved: all below it was handled. Answers whether it is committed: the handler
 * used `tx`. One whose reads changed under it is called again.
 */
export async function handleOnce(run: PolledRun, handling: Handling, work: Work): Promise<boolean> {
  try {
    return await handleAndCommit(run, handling, work);
  } finally {
    handling.book.unmark(run);
  }
}

interface Work {
  readonly handler: (tx: Transaction) => Promise<void> | void;
  readonly offset: () => number;
}

async function handleAndCommit(
  run: PolledRun,
  { book, transactions, calling }: Handling,
  { handler, offset }: Work,
): Promise<boolean> {
  for (;;) {
    const undo = book.mark(run);
    const begun: HandlerTransaction[] = [];
    let over = false;
    const begin = (): HandlerTransaction => {
      if (run.ownership !== undefined && transactions === null)
        throw new StrandlineError("UNSUPPORTED_OPERATION", "tx needs a group of coordinator 'device'", {
          option: "coordinator",
        });
      if (transactions === null) throw new StrandlineError("INVALID_ARGUMENT", "tx needs a consumer with a groupId");
      if (run.pending)
        throw new StrandlineError("INVALID_ARGUMENT", "tx: a pending record has no offset to be applied with");
      if (begun[0] === undefined) {
        const transaction = new HandlerTransaction(transactions);
        begun.push(transaction);
        if (over) transaction.end();
        else book.applies(run, true);
      }
      return begun[0] as HandlerTransaction;
    };
    try {
      calling.now = true;
      const handled = handler(new OfferedTransaction(begin));
      calling.now = false;
      await handled;
    } catch (error) {
      // What it resolved goes with its transaction.
      if (begun.length > 0) undo();
      throw error;
    } finally {
      calling.now = false;
      over = true;
      begun[0]?.end();
      book.applies(run, false);
    }
    const [transaction] = begun;
    if (transaction === undefined || transactions === null) return false;
    const wanted = { topic: run.topic, partition: run.partition, offset: offset() };
    const [position = wanted] = book.committable([wanted]);
    const work = { transaction, ...book.base(run), ...position };
    // Until then nobody commits less: it would come behind what is applied.
    book.withhold(run);
    const outcome = await transactions.commit(run, work).catch((error: unknown) => {
      undo();
      if (!(error instanceof StrandlineError) || OPEN_OUTCOMES.has(error.code)) book.fence(run);
      throw error;
    });
    if (outcome === "fenced") {
      book.fence(run);
      throw new Fenced("another consumer of the group has gone on");
    }
    if (outcome === "conflict") {
      undo();
      // Nothing is begun any more of what is leaving: the next member does it.
      if (!book.share.begins(run)) throw new Fenced("the partition is leaving");
      continue;
    }
    book.resolve(run, wanted.offset);
    book.committing([position]);
    book.committed([position]);
    return true;
  }
}
