/** A page that follows a topic and notes what its consumer is handed. */
import { Strandline } from "../../client/index.ts";

export interface Handed {
  readonly partition: number;
  readonly offset: string;
  readonly value: string;
}

export interface TailPage {
  start(options: { readonly topic: string; readonly token: string | null; readonly principal: string }): Promise<void>;
  handed(): readonly Handed[];
  /** Codes of the errors that sync has met. */
  errors(): readonly string[];
  takeToken(token: string): void;
  close(): Promise<void>;
}

declare global {
  interface Window {
    tailPage: TailPage;
  }
}

const url = new URLSearchParams(location.search).get("edge") ?? "";
const handed: Handed[] = [];
const errors: string[] = [];
let client: Strandline | null = null;
let token = "";

window.tailPage = {
  async start({ topic, token: first, principal }) {
    token = first ?? "";
    client = new Strandline({
      url,
      namespace: first === null ? "default" : "acme",
      principal,
      ...(first === null ? {} : { auth: () => token }),
      retry: { initialRetryTime: 20, maxRetryTime: 200 },
      worker: () => new Worker("worker.js", { type: "module" }),
    });
    client.on("sync.state", ({ lastError }) => {
      if (lastError !== null) errors.push(lastError.code);
    });
    const consumer = client.consumer();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const value = new TextDecoder().decode(message.value as Uint8Array);
        handed.push({ partition, offset: String(message.offset), value });
        await Promise.resolve();
      },
    });
  },
  handed: () => handed,
  errors: () => errors,
  takeToken: (next) => void (token = next),
  close: async () => await client?.close(),
};
