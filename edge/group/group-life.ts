/**
 * The life of a group in its object: read from storage, made once the controller has registered it, written down before
 * anything of it is told, deleted, and forgotten by whoever held something of it.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { log, thrownFields } from "../log.ts";
import { attempt, type Outcome } from "../outcome.ts";
import type { Assignor } from "./assignors/assignor.ts";
import { Forgettings } from "./forgettings.ts";
import { goneTopics, withoutPlaces } from "./gone-topics.ts";
import type { GroupAddress, GroupTopic } from "./group-calls.ts";
import { GroupMachine } from "./group-machine.ts";
import type { GroupPartitions } from "./group-partitions.ts";
import { GroupStore, type Place, type Where } from "./group-store.ts";
import type { GroupOptions } from "./group-words.ts";
import { SessionAlarm } from "./session-alarm.ts";

export interface GroupLifeParts {
  readonly state: DurableObjectState;
  readonly env: Env;
  readonly clock: Clock;
  readonly partitions: GroupPartitions;
  readonly assignors: readonly Assignor[];
  readonly membersMax: number;
  /** What was heard stands written: what is due to partitions can be sent. */
  readonly stands: (machine: GroupMachine) => void;
}

/** So long the call that made a change has for itself, and what has failed is tried again. */
const GUARD_MS = 5_000;
const BACK_OFF_MS_MAX = 60_000;
/** Nothing is so urgent that it makes an alarm follow itself at once. */
const LOOK_MS_MIN = 1_000;

export class GroupLife {
  readonly #parts: GroupLifeParts;
  readonly #store: GroupStore;
  readonly #alarm: SessionAlarm;
  readonly #forgettings: Forgettings;
  /** Null: there is no group, or it was not read. */
  #machine: GroupMachine | null = null;
  /** Null: not read. */
  #where: Where | null = null;
  #whereChanged = false;
  /** Nothing of it was written yet. */
  #isNew = false;
  #creating: Promise<Outcome<GroupMachine>> | null = null;
  /** A group that was being made while one was removed is none. */
  #removals = 0;
  #failures = 0;
  /** What is to be over before the name is registered again. */
  #unregistering: Promise<void> = Promise.resolve();

  constructor(parts: GroupLifeParts) {
    this.#parts = parts;
    this.#store = new GroupStore(parts.state.storage);
    this.#alarm = new SessionAlarm(parts.state.storage, parts.clock);
    const { partitions } = parts;
    this.#forgettings = new Forgettings({
      ...{ store: this.#store, partitions },
      unregister: async (groupId, incarnation) => await this.#controller().unregisterGroup(groupId, incarnation),
    });
  }

  /** Rows written by this instance, those of alarms among them. */
  get rowsWritten(): number {
    return this.#store.rowsWritten + this.#alarm.rowsWritten;
  }

  get address(): GroupAddress {
    const { namespace, groupId } = this.#known() ?? { namespace: "", groupId: "" };
    return { namespace, groupId };
  }

  /** On construction: alarms are lost in local development, and with restored storage. */
  async woke(): Promise<void> {
    await this.#alarm.learn();
    const machine = this.machine();
    if (machine !== null) this.step(machine, () => machine.tick(this.#parts.clock.now()));
    if (machine !== null || this.#forgettings.isPending()) await this.#rearm();
  }

  /** Null: there is no group at the moment. */
  machine(): GroupMachine | null {
    if (this.#machine !== null) return this.#machine;
    const snapshot = this.#store.read("snapshot");
    if (snapshot !== null) this.#machine = new GroupMachine(snapshot, this.#options());
    return this.#machine;
  }

  /** The machine; made where there is none. Rejects where the controller cannot be asked. */
  async made(address: GroupAddress): Promise<Outcome<GroupMachine>> {
    const known = attempt(() => this.machine());
    if (!known.ok) return known;
    if (known.value !== null) return { ok: true, value: known.value };
    this.#creating ??= this.#make(address).finally(() => (this.#creating = null));
    return await this.#creating;
  }

  /**
   * What a step changes is written, also where it throws, and the alarm is set in the same turn: both are committed as
   * one, before anything that is sent after them. Where writing fails memory begins again with what storage holds.
   */
  step<Value>(machine: GroupMachine, step: () => Value): Value {
    let isDone = false;
    try {
      const value = step();
      isDone = true;
      return value;
    } finally {
      if (isDone || !this.#isNew) this.#keep(machine);
      else this.#unmake(machine);
    }
  }

  placeOf(topicId: string): Place {
    return this.#known()?.places[topicId] ?? {};
  }

  /** In a step. */
  learnPlaces(topics: readonly GroupTopic[]): void {
    const where = this.#known();
    if (where === null) return;
    const learnt = topics.filter((topic) => !isSame(placeIn(topic), where.places[topic.topicId] ?? {}));
    if (learnt.length === 0) return;
    const more = Object.fromEntries(learnt.map((topic) => [topic.topicId, placeIn(topic)]));
    this.#where = { ...where, places: { ...where.places, ...more } };
    this.#whereChanged = true;
  }

  /** Deletes it, in one step; `goOn` tells those who hold something of it. */
  end(machine: GroupMachine): void {
    this.#removals += 1;
    this.#machine = null;
    const topics = machine.topics().map(({ topicId, partitionCount }) => ({
      ...{ topicId, place: this.placeOf(topicId) },
      partitions: Array.from({ length: partitionCount }, (_, partition) => partition),
    }));
    this.#store.transaction(() => {
      this.#store.write("snapshot", null);
      this.#forgettings.add({ incarnation: machine.incarnation, isRegistered: true, topics });
    });
    this.#inBackground(this.#alarm.by(this.#parts.clock.now() + GUARD_MS));
    log.info("group deleted", { count: topics.length });
  }

  /** One that is registered and was never made, nothing else would take off the list. */
  async forgetUnmade({ namespace, groupId }: GroupAddress): Promise<void> {
    this.#removals += 1;
    const over = Promise.all([this.#unregistering, this.#controller(namespace).unregisterGroup(groupId, null)]);
    // Of any incarnation: one that is registered before it has happened would be taken off the list with it.
    this.#unregistering = over.then(() => undefined, told);
    await over;
  }

  /** Of the alarm. Never rejects, since one that fails too often is dropped for good. */
  async alarmed(): Promise<void> {
    this.#alarm.fired();
    try {
      const machine = this.machine();
      const looked = machine === null ? null : this.step(machine, () => machine.tickOfAlarm(this.#parts.clock.now()));
      if (machine !== null && looked === "RETENTION_OVER") this.end(machine);
      else if (machine !== null) await this.#forgetGone(machine);
    } catch (error) {
      told(error);
    }
    await this.goOn();
  }

  async #forgetGone(machine: GroupMachine): Promise<void> {
    const gone = await goneTopics(machine, async () => await this.#controller().topicListing(null));
    if (gone.size === 0 || this.#machine !== machine) return;
    this.step(machine, () => {
      machine.forgetTopics(gone);
      const where = this.#known();
      const kept = where === null ? null : withoutPlaces(where, gone);
      this.#whereChanged ||= kept !== where;
      this.#where = kept;
    });
  }

  /** With what is to be told of deleted groups. Never rejects: what fails the alarm goes on with. */
  async goOn(): Promise<void> {
    try {
      if (this.#forgettings.isPending()) await this.#forgettings.round();
      this.#failures = this.#forgettings.isPending() ? this.#failures + 1 : 0;
    } catch (error) {
      this.#failures += 1;
      told(error);
    }
    await this.#rearm().catch(told);
  }

  async #rearm(): Promise<void> {
    const now = this.#parts.clock.now();
    const machine = this.machine();
    if (machine !== null) await this.#alarm.by(Math.max(machine.nextLookMs, now + LOOK_MS_MIN));
    if (this.#forgettings.isPending())
      await this.#alarm.by(now + Math.min(BACK_OFF_MS_MAX, LOOK_MS_MIN * 2 ** Math.min(this.#failures, 16)));
    else if (machine === null && this.#creating === null) await this.#free();
  }

  /** In one turn: a group that is made now is written after it. */
  async #free(): Promise<void> {
    this.#where = null;
    await Promise.all([this.#alarm.rest(), this.#store.free()]);
  }

  #keep(machine: GroupMachine): void {
    if (this.#machine !== machine) return;
    try {
      if (machine.changed || this.#whereChanged)
        this.#store.transaction(() => {
          if (machine.changed) this.#store.write("snapshot", machine.snapshot());
          if (this.#whereChanged || this.#isNew) this.#store.write("where", this.#where);
        });
    } catch (error) {
      this.#machine = null;
      this.#where = null;
      this.#whereChanged = false;
      this.#isNew = false;
      throw error instanceof StrandlineError ? error : storageFailed(error);
    }
    this.#whereChanged = false;
    this.#isNew = false;
    const lookMs = Math.max(machine.nextLookMs, this.#parts.clock.now() + LOOK_MS_MIN);
    this.#inBackground(this.#alarm.by(lookMs));
    this.#parts.stands(machine);
  }

  async #make(address: GroupAddress): Promise<Outcome<GroupMachine>> {
    const { namespace, groupId } = address;
    const removals = this.#removals;
    await this.#unregistering;
    await this.#forgettings.unregisterAll();
    const registered = await this.#controller(namespace).registerGroup(groupId);
    if (!registered.ok) return registered;
    return attempt(() => {
      if (removals !== this.#removals) throw unavailable("the group was deleted meanwhile");
      this.#where = this.#known() ?? { namespace, groupId, places: {} };
      this.#isNew = true;
      return (this.#machine = new GroupMachine(registered.value, this.#options()));
    });
  }

  /** What was to be its first member was refused. */
  #unmake(machine: GroupMachine): void {
    if (this.#machine !== machine) return;
    const { namespace, groupId } = this.address;
    this.#removals += 1;
    this.#machine = null;
    this.#where = null;
    this.#whereChanged = false;
    this.#isNew = false;
    this.#unregistering = this.#controller(namespace).unregisterGroup(groupId, machine.incarnation).catch(told);
    this.#inBackground(this.#unregistering);
  }

  #known(): Where | null {
    return (this.#where ??= this.#store.read("where"));
  }

  #options(): GroupOptions {
    const { assignors, membersMax } = this.#parts;
    return { assignors, membersMax };
  }

  #controller(namespace = this.address.namespace): ReturnType<Env["CONTROLLER"]["get"]> {
    const { CONTROLLER } = this.#parts.env;
    return CONTROLLER.get(CONTROLLER.idFromName(namespace));
  }

  #inBackground(work: Promise<void>): void {
    this.#parts.state.waitUntil(work.catch(told));
  }
}

export function unavailable(said: string): StrandlineError {
  return new StrandlineError("COORDINATOR_NOT_AVAILABLE", said);
}

function storageFailed(cause: unknown): StrandlineError {
  log.error("storage failed", thrownFields(cause));
  return unavailable("");
}

function placeIn({ jurisdiction, location }: GroupTopic): Place {
  return { ...(jurisdiction === undefined ? {} : { jurisdiction }), ...(location === undefined ? {} : { location }) };
}

function isSame(one: Place, other: Place): boolean {
  return one.jurisdiction === other.jurisdiction && one.location === other.location;
}

export function told(error: unknown): void {
  log.warn("a group goes on later", thrownFields(error));
}
