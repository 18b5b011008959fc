/**
 * What a page says as it goes, or is parked. To its worker, before that gives its groups' partitions up: what was handled.
 * To the edge, that it leaves: its worker ends with it, mostly before a request of that has left, and the page's own
 * request outlives it (`keepalive`). Whatever of it is not heard, sessions end by themselves.
 */
import { LEAVES, type GroupHeartbeat } from "../../shared/api/groups.ts";

export interface LeavingMember {
  readonly groupId: string;
  readonly memberId: string;
}

export interface Parting {
  /** Null: there is none by then. */
  member(): LeavingMember | null;
  /** Commits what was handled; within the same task. */
  commit(): void;
}

type Auth = () => string | Promise<string>;
interface Life {
  /** Returns the way to stop listening. */
  onParked(listener: (parked: boolean) => void): () => void;
}

export class Farewell {
  readonly #life: Life;
  readonly #consumers = new Set<Parting>();
  #url: string | null = null;
  #headers: Readonly<Record<string, string>> = { "content-type": "application/json" };

  constructor(life: Life) {
    this.#life = life;
  }

  /** How the worker asks for tokens: a page that goes has no time to ask for another. */
  asking(url: string | null, auth: Auth | undefined): (() => Promise<string>) | null {
    this.#url = url;
    if (auth === undefined) return null;
    return async () => {
      const token = await auth();
      this.#headers = { ...this.#headers, authorization: `Bearer ${token}` };
      return token;
    };
  }

  /** `park` comes behind all that consumers have to say. Returns the way to stop listening. */
  before(park: (parked: boolean) => void): () => void {
    return this.#life.onParked((parked) => {
      for (const consumer of parked ? this.#consumers : []) this.#say(consumer);
      park(parked);
    });
  }

  /** Returns the way to say nothing. */
  of(consumer: Parting): () => void {
    this.#consumers.add(consumer);
    return () => void this.#consumers.delete(consumer);
  }

  #say(consumer: Parting): void {
    consumer.commit();
    const leaving = consumer.member();
    if (leaving !== null && this.#url !== null) this.#leave(this.#url, leaving);
  }

  /** To the address of its heartbeats, which a browser has asked for leave to send to already. */
  #leave(url: string, { groupId, memberId }: LeavingMember): void {
    const body = JSON.stringify({ memberId, memberEpoch: LEAVES, owned: [] } satisfies GroupHeartbeat);
    const address = `${url}/v1/groups/${encodeURIComponent(groupId)}/heartbeat`;
    const sent = fetch(address, { method: "POST", headers: this.#headers, body, keepalive: true, credentials: "omit" });
    sent.catch(() => {});
  }
}
