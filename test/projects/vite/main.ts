/** Sends a record and reads it back. With Vite nothing is configured. */
import { Strandline } from "strandline";

const client = new Strandline();
const [sent] = await client.producer().send({ topic: "greetings", messages: [{ value: "hello from Vite" }] });
const consumer = client.consumer();
await consumer.subscribe({ topic: "greetings", fromBeginning: true });
for await (const message of consumer) {
  document.body.textContent = `${message.text()} at ${sent?.baseOffset}`;
  break;
}
