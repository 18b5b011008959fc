/** Counts exactly once: what a handler sends and puts is applied with the offset behind its record, all or nothing. */
import { Strandline } from "strandline";

const strandline = new Strandline({ retry: { initialRetryTime: 50 } });
const words = ["pear", "plum", "pear"].map((value) => ({ value, partition: 0 }));
await strandline.producer().send({ topic: "words", messages: words });

let crashes = 0;
const consumer = strandline.consumer({ groupId: "counter" });
await consumer.subscribe({ topic: "words", fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message, tx }) => {
    const word = message.text() ?? "";
    const count = ((await tx.state.get<number>(word)) ?? 0) + 1;
    tx.state.put(word, count);
    tx.send({ topic: "counts", messages: [{ key: word, value: { count }, partition: 0 }] });
    // The record comes again, and nothing of the first time is left.
    if (message.offset === 2 && crashes++ === 0) throw new Error("the third word, the first time");
  },
});

const counts = strandline.consumer();
await counts.subscribe({ topic: "counts", fromBeginning: true });
for await (const message of counts) {
  console.log(`${message.keyText()}: ${message.json<{ count: number }>().count}`);
  if (message.offset === 2) break;
}
