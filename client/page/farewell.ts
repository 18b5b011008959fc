/**
 * What a page says to the edge as it goes for good: its worker ends with it, mostly before a request of that has left, and
 * the page's own request outlives it (`keepalive`). Whatever of it is not heard, sessions end by themselves.
 */
import { LEAVES, type GroupHeartbeat } from "../../shared/api/groups.ts";

export interface LeavingMember {
  readonly groupId: string;
  readonly memberId: string;
}

type Auth = () => string | Promise<string>;
interface Life {
  /** Returns the way to stop listening. */
  onParked(listener: (parked: boolean) => void): () => void;
}

export class Farewell {
  readonly #life: Life;
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

  /** Returns the way to say nothing. `member` null: there is none by then. */
  with(member: () => LeavingMember | null): () => void {
    return this.#life.onParked((parked) => {
      const leaving = parked ? member() : null;
      if (leaving !== null && this.#url !== null) this.#leave(this.#url, leaving);
    });
  }

  /** To the address of its heartbeats, which a browser has asked for leave to send to already. */
  #leave(url: string, { groupId, memberId }: LeavingMember): void {
    const body = JSON.stringify({ memberId, memberEpoch: LEAVES, owned: [] } satisfies GroupHeartbeat);
    const address = `${url}/v1/groups/${encodeURIComponent(groupId)}/heartbeat`;
    const sent = fetch(address, { method: "POST", headers: this.#headers, body, keepalive: true, credentials: "omit" });
    sent.catch(() => {});
  }
}
