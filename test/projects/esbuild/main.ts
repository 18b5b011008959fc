/**
 * Sends a record and reads it back. With esbuild nothing need be configured; `worker=strandline/worker` is a second entry
 * point where a policy forbids `blob:`. A classic script may not wait at its top, so this one does not.
 */
import { Strandline } from "strandline";

async function greet(): Promise<string> {
  const client = new Strandline();
  const [sent] = await client.producer().send({ topic: "greetings", messages: [{ value: "hello from esbuild" }] });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "greetings", fromBeginning: true });
  for await (const message of consumer) return `${message.text()} at ${sent?.baseOffset}`;
  return "nothing";
}

void greet().then((text) => (document.body.textContent = text));
