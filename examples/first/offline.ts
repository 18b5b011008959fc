/** Sends a record and reads it back. There is no server here: what is sent is on this device's disk. */
import { Strandline } from "strandline";

const strandline = new Strandline();

const producer = strandline.producer();
const [stored] = await producer.send({ topic: "notes", messages: [{ key: "list", value: "pears" }] });
console.log(`on disk as ${stored?.receipt.id}`);

const consumer = strandline.consumer();
await consumer.subscribe({ topic: "notes", fromBeginning: true });
for await (const message of consumer) {
  console.log(`read at ${message.offset}: ${message.text()}`);
  break;
}
