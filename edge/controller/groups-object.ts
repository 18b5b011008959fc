import type { Env } from "../env.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock } from "../system-ports.ts";
import { GroupRegistry } from "./group-registry.ts";
import { RulesObject } from "./rules-object.ts";

/** What a controller says of consumer groups: which there are. */
export class GroupsObject extends RulesObject {
  readonly #groups: GroupRegistry;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#groups = new GroupRegistry(state.storage.sql, systemClock);
  }

  /** From the group's object, before it stores anything. Its incarnation; again changes nothing. */
  registerGroup(name: string): Outcome<number> {
    return attempt(() => this.ctx.storage.transactionSync(() => this.#groups.register(name)));
  }

  /** From the group's object, once that incarnation is to be no more; null: there never was one. Again changes nothing. */
  unregisterGroup(name: string, incarnation: number | null): void {
    this.#groups.remove(name, incarnation);
  }

  groupNames(): string[] {
    return this.#groups.names();
  }
}
