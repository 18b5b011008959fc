/** A page that several people sign in to, one after the other, on one browser profile. */
import { Strandline, type OutboxStatus } from "../../client/index.ts";

export interface Person {
  readonly namespace: string;
  readonly principal: string;
}

export interface OwnerPage {
  /** `token`: what `auth` answers, whoever's it is. */
  signIn(who: Person, token: string): void;
  /** From now on `auth` answers that one. */
  takeToken(token: string): void;
  send(topic: string, values: readonly string[]): Promise<void>;
  status(): Promise<OutboxStatus>;
  drained(): Promise<void>;
  /** Codes of the errors that sync has met since the sign-in. */
  errors(): readonly string[];
  deadLetters(): Promise<number>;
  /** What a reader from the beginning is shown within that time. */
  shown(topic: string, ms: number): Promise<readonly string[]>;
  signOut(discard: boolean): Promise<number>;
}

declare global {
  interface Window {
    owner: OwnerPage;
  }
}

const url = new URLSearchParams(location.search).get("edge") ?? "";
let client: Strandline | null = null;
let token = "";
let errors: string[] = [];

function signedIn(): Strandline {
  if (client === null) throw new Error("nobody is signed in");
  return client;
}

function signIn({ namespace, principal }: Person, first: string): void {
  token = first;
  errors = [];
  client = new Strandline({
    url,
    namespace,
    principal,
    auth: () => token,
    retry: { initialRetryTime: 20, maxRetryTime: 200 },
    worker: () => new Worker("worker.js", { type: "module" }),
  });
  client.on("sync.state", ({ lastError }) => {
    if (lastError !== null) errors.push(lastError.code);
  });
}

async function shown(topic: string, ms: number): Promise<readonly string[]> {
  const values: string[] = [];
  const consumer = signedIn().consumer();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: ({ message }) => void values.push(message.text() ?? "") });
  await new Promise((resolve) => setTimeout(resolve, ms));
  await consumer.disconnect();
  return values;
}

window.owner = {
  signIn,
  takeToken: (next) => void (token = next),
  send: async (topic, values) => {
    await signedIn()
      .producer()
      .send({ topic, messages: values.map((value) => ({ key: "k", value })) });
  },
  status: () => signedIn().sync.status(),
  drained: async () => {
    while ((await signedIn().sync.status()).pendingRecords > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  },
  errors: () => errors,
  deadLetters: async () => (await signedIn().deadLetters.list()).length,
  shown,
  signOut: async (discard) => {
    const { unsyncedRecords } = await signedIn().logout({ discard });
    client = null;
    return unsyncedRecords;
  },
};
