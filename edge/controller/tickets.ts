/**
 * Tickets for sockets, in memory alone: each is good once and for seconds, so nothing of them is worth a write. An object
 * that left memory knows none of them, and its namespace's clients ask again.
 */
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Caller } from "../auth/caller.ts";
import { base64Url } from "../auth/mac.ts";

export interface IssuedTicket {
  readonly secret: string;
  readonly expiresInMs: number;
}

export interface TicketFor {
  readonly caller: Caller;
  /** Of the page that asked; null: no page, so any may use it. */
  readonly origin: string | null;
}

interface Held extends TicketFor {
  readonly issuedAt: number;
}

const SECRET_BYTES = 32;

export class Tickets {
  readonly #clock: Clock;
  readonly #random: Random;
  /** Oldest first. */
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Throws `THROTTLING_QUOTA_EXCEEDED`. */
  issue(ticket: TicketFor): IssuedTicket {
    const issuedAt = this.#clock.now();
    this.#forgetOld(issuedAt);
    this.#demandRoom(ticket.caller.principal, issuedAt);
    const secret = base64Url(this.#random.bytes(SECRET_BYTES));
    this.#held.set(secret, { ...ticket, issuedAt });
    return { secret, expiresInMs: LIMITS.ticketMsMax };
  }

  /** Once. Another origin than it is for does not spend it. */
  redeem(secret: string, origin: string | null): Caller | null {
    const held = this.#held.get(secret);
    if (held === undefined || (held.origin !== null && held.origin !== origin)) return null;
    this.#held.delete(secret);
    return isGood(held, this.#clock.now()) ? held.caller : null;
  }

  #forgetOld(now: number): void {
    for (const [secret, held] of this.#held) {
      if (isGood(held, now)) return;
      this.#held.delete(secret);
    }
  }

  #demandRoom(principal: string, now: number): void {
    const held = [...this.#held.values()];
    const own = held.filter(({ caller }) => caller.principal === principal);
    const full =
      own.length >= LIMITS.ticketsPerPrincipalMax ? own : held.length >= LIMITS.ticketsPerNamespaceMax ? held : null;
    if (full === null) return;
    const retryAfterMs = (full[0]?.issuedAt ?? now) + LIMITS.ticketMsMax - now;
    const said = `${full.length} tickets are not used yet`;
    throw new StrandlineError("THROTTLING_QUOTA_EXCEEDED", said, { limit: full.length, retryAfterMs });
  }
}

/** A clock that was set back makes it old, not young. */
function isGood({ issuedAt }: Held, now: number): boolean {
  return now >= issuedAt && now - issuedAt < LIMITS.ticketMsMax;
}
