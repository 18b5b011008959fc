/** A page that may stand in a frame: both clients, to be asked by the test. */
import { Strandline as InMemory } from "../../client/http.ts";
import { Strandline, StrandlineError } from "../../client/index.ts";

export interface FramePage {
  /** Sends one record, and answers all that are found then; or the error's code and message. */
  sendAndRead(value: string): Promise<readonly string[]>;
  sendAndReadInMemory(value: string): Promise<readonly string[]>;
}

declare global {
  interface Window {
    framed: FramePage;
  }
}

const TOPIC = "framed";
/** As far as it is needed here; TypeScript does not know it everywhere. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): URL };
}

const asked = new URLSearchParams(location.search);
const url = asked.get("edge");
const options = url === null ? {} : { url };
const inBrowser = new Strandline(asked.has("trusted") ? { ...options, worker: trustedWorker } : options);
const inMemory = new InMemory(options);

/** Under `require-trusted-types-for 'script'` the page itself says that the worker's address is trusted. */
function trustedWorker(): Worker {
  const { trustedTypes } = globalThis as unknown as { readonly trustedTypes: TrustedTypes };
  const policy = trustedTypes.createPolicy("strandline", { createScriptURL: (address) => address });
  return new Worker(policy.createScriptURL("worker.js"), { type: "module" });
}

async function sendAndRead(client: Strandline | InMemory, value: string): Promise<readonly string[]> {
  try {
    const sent = await client.producer().send({ topic: TOPIC, acks: -1, messages: [{ key: "k", value }] });
    const count = (sent[0]?.baseOffset ?? 0) + 1;
    const consumer = client.consumer();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    const values: string[] = [];
    for await (const message of consumer) {
      values.push(message.text() ?? "");
      if (values.length === count) break;
    }
    return values;
  } catch (error) {
    return error instanceof StrandlineError ? [error.code, error.message] : [String(error)];
  }
}

window.framed = {
  sendAndRead: (value) => sendAndRead(inBrowser, value),
  sendAndReadInMemory: (value) => sendAndRead(inMemory, value),
};
