/** A consumer group over the tabs of one browser: they share the jobs, and go on where one was closed. Open it in several. */
import { Strandline } from "strandline";

const strandline = new Strandline();
const consumer = strandline.consumer({ groupId: "workers" });
await consumer.subscribe({ topic: "jobs", fromBeginning: true });
await consumer.run({
  eachBatch: async ({ batch, resolveOffset, isRunning }) => {
    for (const message of batch.messages) {
      if (!isRunning()) break;
      console.log(`did ${message.text()}`);
      resolveOffset(message.offset);
    }
  },
});

const value = `the job of tab ${crypto.randomUUID()}`;
await strandline.producer().send({ topic: "jobs", messages: [{ value }] });
console.log(`sent ${value}`);
