import { expect, test } from "vitest";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import type { ConsumerConfig } from "../../../client/page/consumer-config.ts";
import type { RunConfig } from "../../../client/page/consumer-events.ts";
import { ROOT } from "../log/log-fixture.ts";
import { fetched } from "./fetched.ts";
import { ConsumerLab, inWords, until } from "./consumer-lab.ts";

interface Seen {
  readonly lab: ConsumerLab;
  readonly seen: readonly string[];
}

/** Runs a consumer that keeps what it saw in words. */
async function watch(
  lab: ConsumerLab,
  config: ConsumerConfig = {},
  more: { readonly fromBeginning?: boolean; readonly run?: Partial<RunConfig> } = {},
): Promise<{ readonly seen: string[]; readonly consumer: PageConsumer }> {
  const seen: string[] = [];
  const consumer = lab.consumer({ isolation: "local", maxWaitTimeInMs: 5, ...config });
  await consumer.subscribe({ topic: "orders", fromBeginning: more.fromBeginning ?? true });
  await consumer.run({ eachMessage: ({ message }) => void seen.push(inWords(message)), ...more.run });
  return { seen, consumer };
}

/** These, and nothing else behind them. */
async function sees({ lab, seen }: Seen, ...expected: string[]): Promise<void> {
  await until(() => seen.length >= expected.length);
  await lab.polled();
  expect(seen).toEqual(expected);
}

async function known(): Promise<ConsumerLab> {
  const lab = await ConsumerLab.open();
  await lab.learn("orders", 1);
  await lab.tab.log.catalog.follow((await lab.tab.ref("orders-0")).topicKey);
  return lab;
}

test("pending records come behind the committed ones, and not again once they are committed", async () => {
  const lab = await known();
  await fetched(lab, 0, "theirs");
  await lab.append("orders-0: a b");
  const { seen, consumer } = await watch(lab);
  await sees({ lab, seen }, "theirs@0", "a~0", "b~1");
  await lab.append("orders-0: c");
  await sees({ lab, seen }, "theirs@0", "a~0", "b~1", "c~2");
  await lab.commit("orders-0", 2, 1);
  await fetched(lab, 3, "more");
  await sees({ lab, seen }, "theirs@0", "a~0", "b~1", "c~2", "more@3");
  await lab.commit("orders-0", 1, 4);
  await fetched(lab, 5, "last");
  await sees({ lab, seen }, "theirs@0", "a~0", "b~1", "c~2", "more@3", "last@5");
  await consumer.stop();
});

test("a record that was not shown while it was pending is shown as committed", async () => {
  const lab = await known();
  await lab.append("orders-0: a b");
  await lab.commit("orders-0", 2, 0);
  await lab.append("orders-0: c");
  const { seen, consumer } = await watch(lab);
  await sees({ lab, seen }, "a@0", "b@1", "c~2");
  await consumer.stop();
});

test("committed by the edge and not yet replicated: it is still shown, and not lost in between", async () => {
  const lab = await known();
  await lab.append("orders-0: a", "orders-0: b");
  await lab.commit("orders-0", 2, 5);
  await lab.append("orders-0: c");
  const { seen, consumer } = await watch(lab);
  await sees({ lab, seen }, "a~0", "b~1", "c~2");
  await fetched(lab, 0, "v w x y z");
  await lab.commit("orders-0", 1, 7);
  await sees({ lab, seen }, "a~0", "b~1", "c~2", "v@0", "w@1", "x@2", "y@3", "z@4");
  await fetched(lab, 5, "a b", { sequence: 0 });
  await fetched(lab, 7, "c", { sequence: 2 });
  await fetched(lab, 8, "end");
  // The two of one batch in the outbox were merged into one; what the edge has are the same bytes.
  await sees({ lab, seen }, "a~0", "b~1", "c~2", "v@0", "w@1", "x@2", "y@3", "z@4", "end@8");
  await consumer.stop();
});

test("other bytes under this device's numbers are a copy's records: they are shown", async () => {
  const lab = await known();
  await lab.append("orders-0: a b");
  const { seen, consumer } = await watch(lab);
  await sees({ lab, seen }, "a~0", "b~1");
  await lab.tab.log.outbox.open(await lab.tab.ref("orders-0"), ROOT);
  await fetched(lab, 0, "p q", { sequence: 0 });
  await sees({ lab, seen }, "a~0", "b~1", "p@0", "q@1");
  await consumer.stop();
});

test("an identity that is replicated before its answer came is known all the same", async () => {
  const lab = await known();
  await lab.append("orders-0: a b");
  const { seen, consumer } = await watch(lab);
  await sees({ lab, seen }, "a~0", "b~1");
  await lab.tab.log.outbox.open(await lab.tab.ref("orders-0"), ROOT);
  await fetched(lab, 0, "a b", { sequence: 0 });
  await fetched(lab, 2, "theirs");
  await sees({ lab, seen }, "a~0", "b~1", "theirs@2");
  await consumer.stop();
});

test("a handler that fails at a pending record gets it again, also where it was committed meanwhile", async () => {
  const lab = await known();
  await lab.append("orders-0: a b c");
  const seen: string[] = [];
  let failed = false;
  const { consumer } = await watch(
    lab,
    {},
    {
      run: {
        async eachMessage({ message }) {
          if (message.text() === "b" && !failed) {
            failed = true;
            await lab.commit("orders-0", 3, 0);
            throw new Error("planned");
          }
          seen.push(inWords(message));
        },
      },
    },
  );
  await sees({ lab, seen }, "a~0", "b@1", "c@2");
  await consumer.stop();
});

test("records of a topic that is not known wait under partition -1, and are not shown again in their partitions", async () => {
  const lab = await ConsumerLab.open();
  await lab.append("orders: k1=a k2=b");
  const { seen, consumer } = await watch(lab);
  await sees({ lab, seen }, "a~0", "b~1");
  await lab.append("orders: k1=c");
  await sees({ lab, seen }, "a~0", "b~1", "c~2");
  await lab.learn("orders", 1);
  await lab.append("orders-0: d");
  await sees({ lab, seen }, "a~0", "b~1", "c~2", "d~3");
  await lab.commit("orders-0", 4, 0);
  await fetched(lab, 4, "end");
  await sees({ lab, seen }, "a~0", "b~1", "c~2", "d~3", "end@4");
  await consumer.stop();
});

test("a handler that fails under partition -1 gets the rest from where it moved", async () => {
  const lab = await ConsumerLab.open();
  await lab.append("orders: a", "orders: b", "orders: c");
  const seen: string[] = [];
  let failed = false;
  const { consumer } = await watch(
    lab,
    {},
    {
      run: {
        async eachMessage({ message, partition }) {
          if (message.text() === "b" && !failed) {
            failed = true;
            await lab.learn("orders", 1);
            throw new Error("planned");
          }
          seen.push(`${partition}/${inWords(message)}`);
        },
      },
    },
  );
  await sees({ lab, seen }, "-1/a~0", "0/b~1", "0/c~2");
  await consumer.stop();
});

test("without fromBeginning it sees what is appended from then on, whether the topic is known or not", async () => {
  const lab = await ConsumerLab.open();
  await lab.append("orders: old");
  const { seen, consumer } = await watch(lab, {}, { fromBeginning: false });
  // Where it begins is decided.
  await lab.polled();
  await lab.append("orders: new");
  await sees({ lab, seen }, "new~1");
  await lab.learn("orders", 1);
  await lab.append("orders-0: newer");
  await sees({ lab, seen }, "new~1", "newer~2");
  await consumer.stop();
});

test("a group commits committed offsets alone, and seek shows what was passed by", async () => {
  const lab = await known();
  await lab.append("orders-0: a b");
  const commits: unknown[] = [];
  const { seen, consumer } = await watch(lab, { groupId: "g" });
  consumer.on("commit_offsets", ({ offsets }) => commits.push(...offsets));
  await sees({ lab, seen }, "a~0", "b~1");
  expect(commits).toEqual([]);
  await lab.commit("orders-0", 2, 0);
  await until(() => commits.length > 0);
  expect(commits).toEqual([{ topic: "orders", partition: 0, offset: 2 }]);
  consumer.seek({ topic: "orders", partition: 0, offset: 0 });
  await sees({ lab, seen }, "a~0", "b~1", "a@0", "b@1");
  await consumer.stop();
});

test("a batch is pending or committed as a whole, and its records are resolved by local sequence", async () => {
  const lab = await known();
  await fetched(lab, 0, "x");
  await lab.append("orders-0: a b");
  const batches: unknown[] = [];
  const refused: unknown[] = [];
  const { consumer } = await watch(
    lab,
    {},
    {
      run: {
        eachMessage: undefined as never,
        eachBatchAutoResolve: false,
        async eachBatch({ batch, resolveOffset }) {
          batches.push([batch.pending, batch.firstOffset(), batch.messages.map(inWords)]);
          for (const message of batch.messages) {
            if (batch.pending && batches.length < 3) {
              try {
                resolveOffset(-1);
              } catch (error) {
                refused.push(error);
              }
              resolveOffset(message.localSequence);
              return;
            }
            resolveOffset(batch.pending ? message.localSequence : String(message.offset));
          }
        },
      },
    },
  );
  await until(() => batches.length >= 3);
  expect(batches).toEqual([
    [false, 0, ["x@0"]],
    [true, -1, ["a~0", "b~1"]],
    [true, -1, ["b~1"]],
  ]);
  await consumer.stop();
});

test("a worker that dies does not show again what was handled while pending", async () => {
  const lab = await known();
  await lab.append("orders-0: a b");
  const { seen, consumer } = await watch(lab, { groupId: "g" });
  await sees({ lab, seen }, "a~0", "b~1");
  lab.kill();
  await lab.append("orders-0: c");
  await sees({ lab, seen }, "a~0", "b~1", "c~2");
  await lab.commit("orders-0", 2, 0);
  await fetched(lab, 2, "theirs");
  await sees({ lab, seen }, "a~0", "b~1", "c~2", "theirs@2");
  await consumer.stop();
});

test("a topic of the device alone has nothing pending", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  await lab.append("orders-0: a b");
  const { seen, consumer } = await watch(lab);
  await sees({ lab, seen }, "a@0", "b@1");
  await consumer.stop();
});
