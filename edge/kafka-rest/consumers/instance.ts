/** One consumer instance, as a request works on it: read, changed, and written back where nobody came in between. */
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { coordinated, demandGroup } from "../../operations/group-ports.ts";
import type { EdgePorts } from "../../operations/ports.ts";
import type {
  ConsumerConfig,
  ConsumerPort,
  ConsumerRead,
  ConsumerState,
  HeldPartition,
} from "../../rest-consumer/consumer-calls.ts";

/** Calls of one instance that come between each other again and again. */
const ROUNDS_MAX = 8;
/** That a poll asks for one thing at a time, of a consumer that has more: Cloudflare bounds the calls of one request. */
export const PARTITIONS_MAX = 100;

export class Instance {
  readonly ports: EdgePorts;
  readonly groupId: string;
  readonly instanceId: string;
  readonly #port: ConsumerPort;

  /** Throws `INVALID_GROUP_ID`, `GROUP_AUTHORIZATION_FAILED`. */
  constructor(ports: EdgePorts, groupId: string, instanceId: string) {
    demandGroup(ports, groupId, "joinGroup");
    this.ports = ports;
    this.groupId = groupId;
    this.instanceId = instanceId;
    this.#port = ports.restConsumer(groupId, instanceId);
  }

  /** Throws `UNRELEASED_INSTANCE_ID`. */
  async create(config: ConsumerConfig): Promise<void> {
    await coordinated(this.#port.create(config));
  }

  /** Throws `NOT_FOUND` for everybody but the principal that made it. */
  async read(polls = false): Promise<ConsumerRead> {
    return await coordinated(this.#port.read({ polls }));
  }

  /** False: somebody came in between. */
  async write({ version }: ConsumerRead, state: ConsumerState): Promise<boolean> {
    return await coordinated(this.#port.write(version, state));
  }

  /** What `next` does beside is done again where somebody comes in between. Throws `REQUEST_TIMED_OUT`. */
  async change(next: (read: ConsumerRead) => ConsumerState | Promise<ConsumerState>): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const read = await this.read();
      const state = await next(read);
      if (state === read.state || (await this.write(read, state))) return;
    }
    throw crowded();
  }

  async remove(): Promise<void> {
    await coordinated(this.#port.remove());
  }

  /** For a life in the group that has not begun. 22 of base64url's characters, of which hex has 16. */
  newMemberName(): string {
    return this.ports.newSessionId().slice(0, 22);
  }
}

export function crowded(): StrandlineError {
  return new StrandlineError("REQUEST_TIMED_OUT", "other calls of this consumer instance came in between");
}

/** `UNSUPPORTED_OPERATION`, told as 40903. */
export function illegalState(said: string): StrandlineError {
  return new StrandlineError("UNSUPPORTED_OPERATION", said, { state: "illegal" });
}

export function keyOf({ topicId, partition }: Pick<HeldPartition, "topicId" | "partition">): string {
  return `${topicId}:${partition}`;
}

/** With those of `held` replaced that `changed` names by `keyOf`. The same state where there are none. */
export function withHeld(state: ConsumerState, changed: ReadonlyMap<string, Partial<HeldPartition>>): ConsumerState {
  if (!state.held.some((one) => changed.has(keyOf(one)))) return state;
  return { ...state, held: state.held.map((one) => ({ ...one, ...changed.get(keyOf(one)) })) };
}
