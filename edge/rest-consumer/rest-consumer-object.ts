import { DurableObject } from "cloudflare:workers";
import { LEAVES, type GroupHeartbeat } from "../../shared/api/groups.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { memberIdOf } from "../auth/member-id.ts";
import type { Env } from "../env.ts";
import { NO_LISTING } from "../group/group-calls.ts";
import { groupName } from "../group/group-name.ts";
import { log, setLogLevel, thrownFields } from "../log.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock as clock } from "../system-ports.ts";
import {
  GONE_MS,
  instanceOf,
  ownedOf,
  SEEN_MS_MAX,
  type ConsumerCalls,
  type ConsumerConfig,
  type ConsumerOwner,
  type ConsumerRead,
  type ConsumerState,
} from "./consumer-calls.ts";
import { ConsumerStore, type KeptConsumer } from "./consumer-store.ts";

const LATE_MS_MAX = 24 * 3_600_000;

/**
 * One per REST consumer (an instance of a group): what it is, what it holds and how far it has come, in one row. Rows
 * written: one for a call that changes anything (a poll that brings records is one), one in half a minute for calls that
 * do not, and one for the alarm in five and a half minutes.
 */
export class RestConsumerObject extends DurableObject<Env> implements ConsumerCalls {
  readonly #store: ConsumerStore;
  #stamp = 0;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    setLogLevel(env.STRANDLINE_LOG_LEVEL);
    this.#store = new ConsumerStore(state.storage);
  }

  async create(owner: ConsumerOwner, config: ConsumerConfig): Promise<Outcome<null>> {
    const now = clock.now();
    const before = this.#store.read();
    if (before !== null && !isOver(before, now) && !isAfter(before, now)) {
      const { instanceId } = owner;
      const error = new StrandlineError("UNRELEASED_INSTANCE_ID", JSON.stringify(instanceId), { instanceId });
      return { ok: false, error: error.toBody() };
    }
    if (before !== null) this.#inBackground(this.#leave(before));
    const state = { config, subscription: null, member: null, isAssigned: false, held: [], turn: 0 };
    const made = attempt(() => {
      this.#store.write({ owner, state, version: Math.max(now, (before?.version ?? 0) + 1), seenMs: now, stamp: now });
      return null;
    });
    if (made.ok) await this.ctx.storage.setAlarm(now + GONE_MS);
    return made;
  }

  async read(principal: string, { polls }: { readonly polls: boolean }): Promise<Outcome<ConsumerRead>> {
    return await Promise.resolve(
      attempt(() => {
        const kept = this.#known(principal);
        const now = clock.now();
        if (Math.abs(now - kept.seenMs) > SEEN_MS_MAX) {
          this.#store.touch(now);
          this.#inBackground(this.#demandAlarm(now));
          if (!polls) this.#inBackground(this.#beat(kept, {}));
        }
        this.#stamp = Math.max(now, this.#stamp + 1, kept.stamp + 1);
        return { version: kept.version, stamp: this.#stamp, state: kept.state };
      }),
    );
  }

  async write(principal: string, version: number, state: ConsumerState): Promise<Outcome<boolean>> {
    return await Promise.resolve(
      attempt(() => {
        const kept = this.#known(principal);
        if (kept.version !== version) return false;
        const stamp = Math.max(this.#stamp, kept.stamp);
        this.#store.write({ owner: kept.owner, state, version: version + 1, seenMs: clock.now(), stamp });
        return true;
      }),
    );
  }

  async remove(principal: string): Promise<Outcome<null>> {
    const known = attempt(() => this.#known(principal));
    if (!known.ok) return known;
    await this.#store.free();
    await this.#leave(known.value);
    return { ok: true, value: null };
  }

  /** Never rejects, since an alarm that fails too often is dropped for good. */
  override async alarm(): Promise<void> {
    try {
      const kept = this.#store.read();
      if (kept === null) return;
      const now = clock.now();
      if (isOver(kept, now)) {
        await this.#store.free();
        await this.#leave(kept);
        return;
      }
      const seenMs = isAfter(kept, now) ? now : Math.min(kept.seenMs, now);
      if (seenMs !== kept.seenMs) this.#store.touch(seenMs);
      await this.ctx.storage.setAlarm(seenMs + GONE_MS);
    } catch (error) {
      told(error);
    }
  }

  /** Alarms are lost in local development, and with restored storage. */
  async #demandAlarm(now: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + GONE_MS);
  }

  /** Throws `NOT_FOUND`, in the same words of one that is not there and of somebody else's. */
  #known(principal: string): KeptConsumer {
    const kept = this.#store.read();
    if (kept !== null && kept.owner.principal === principal && !isOver(kept, clock.now())) return kept;
    const instance = instanceOf(this.ctx.id.name);
    throw new StrandlineError("NOT_FOUND", `there is no such consumer instance: ${JSON.stringify(instance)}`, {
      instance,
    });
  }

  /** Where that fails its session ends it. */
  async #leave(kept: KeptConsumer): Promise<void> {
    await this.#beat(kept, { memberEpoch: LEAVES, owned: [] });
  }

  /** What the answer grants is not heard, so the next poll is told it again. */
  async #beat({ owner, state }: KeptConsumer, more: Partial<GroupHeartbeat>): Promise<void> {
    const { namespace, groupId } = owner;
    const { member, held } = state;
    if (member === null || (member.epoch === 0 && more.memberEpoch !== LEAVES)) return;
    try {
      const memberId = await memberIdOf(this.env, owner, member.name);
      if (memberId === null) return;
      const heartbeat = { memberId, memberEpoch: member.epoch, owned: ownedOf(held), ...more };
      const { GROUP } = this.env;
      const address = { namespace, groupId };
      const group = GROUP.get(GROUP.idFromName(groupName(address)));
      await group.heartbeat(address, { heartbeat, revision: NO_LISTING, resolution: null });
    } catch (error) {
      told(error);
    }
  }

  #inBackground(work: Promise<void>): void {
    this.ctx.waitUntil(work.catch(told));
  }
}

function isOver(kept: KeptConsumer, now: number): boolean {
  return now - kept.seenMs >= GONE_MS && !isAfter(kept, now);
}

/** Its alarm would long have come: the clock was set forward, or alarms were lost. Whoever asks for it goes on with it. */
function isAfter({ seenMs }: KeptConsumer, now: number): boolean {
  return now - seenMs > GONE_MS + LATE_MS_MAX;
}

function told(error: unknown): void {
  log.warn("a group was not told of a consumer", thrownFields(error));
}
