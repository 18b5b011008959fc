/**
 * The sync protocol on one partition as a model: sends of any run from any border, copies of the store, one rollback,
 * refusals that come and go, an edge that forgets, and messages that are lost, late and repeated.
 */
import { NO_CHAIN } from "../../shared/brands.ts";
import type { Model, Step } from "./explore.ts";
import { REAL, type Rules } from "./rules.ts";
import { hearAnswer, hearVerdicts, viewOf } from "./sync-device.ts";
import { receiveGiveUp, receiveProduce } from "./sync-edge.ts";
import {
  copyOf,
  copyOfDevice,
  described,
  lengthOf,
  messageOf,
  send,
  type Device,
  type Faults,
  type Message,
  type ProduceMessage,
  type State,
} from "./sync-state.ts";
import { nextChain } from "../../shared/chain.ts";

export interface Scenario extends Partial<Faults> {
  /** What the first device appends, then what each copy appends; a batch is a string, a letter a record. */
  readonly records: readonly (readonly string[])[];
  /** The batch that the edge refuses while its policy is switched on. */
  readonly poison?: string;
  /** Batches in one request at most. */
  readonly runBatches?: number;
  /** A forgetful edge may double what was told to be uncertain. */
  readonly doublesAllowed?: boolean;
  readonly rules?: Rules;
}

export function syncModel(scenario: Scenario): Model<State> {
  const rules = scenario.rules ?? REAL;
  const steps = new SyncSteps(scenario, rules);
  return {
    initial: () => initialState(scenario),
    steps: (state) => steps.of(state),
    isGoal: (state) =>
      state.devices.every((one) => one.life !== "live" || (one.toAppend.length === 0 && one.waits.length === 0)),
  };
}

function initialState(scenario: Scenario): State {
  const { clones = 0, rollbacks = 0, losses = 0, forgets = 0 } = scenario;
  const toggles = scenario.poison === undefined ? 0 : (scenario.toggles ?? 2);
  const device: Device = {
    life: "live",
    of: 0,
    key: "p",
    acked: 0,
    chain: NO_CHAIN,
    waits: [],
    toAppend: [...(scenario.records[0] ?? [])],
    dead: [],
    uncertain: [],
    order: [],
  };
  const left = { clones, rollbacks, losses, forgets, toggles };
  return { producers: {}, log: [], refusing: false, devices: [device], messages: [], successors: 0, left };
}

class SyncSteps {
  readonly #scenario: Scenario;
  readonly #rules: Rules;
  readonly #poison: string;
  readonly #runBatches: number;
  readonly #mayForget: boolean;

  constructor(scenario: Scenario, rules: Rules) {
    this.#scenario = scenario;
    this.#rules = rules;
    this.#poison = scenario.poison ?? "";
    this.#runBatches = scenario.runBatches ?? 2;
    this.#mayForget = (scenario.forgets ?? 0) > 0;
  }

  *of(state: State): Generator<Step<State>> {
    for (const step of this.#raw(state)) {
      if (step.violations.length === 0) prune(step.next, this.#rules);
      yield step;
    }
  }

  *#raw(state: State): Generator<Step<State>> {
    for (const [index, device] of state.devices.entries()) {
      if (device.life === "live") {
        yield* this.#deviceSteps(state, index, device);
        yield* this.#copySteps(state, index);
      } else if (device.life === "snapshot") {
        yield fault(state, `ROLLBACK(device ${device.of} to its snapshot, now device ${index})`, (next) => {
          next.devices[device.of]!.life = "gone";
          next.devices[index]!.life = "live";
        });
      }
    }
    yield* this.#weather(state);
    for (const text of state.messages) yield* this.#deliver(state, messageOf(text));
  }

  *#deviceSteps(state: State, index: number, device: Device): Generator<Step<State>> {
    const [text] = device.toAppend;
    if (text !== undefined) {
      yield act(state, `append(device ${index} ${text})`, (next) => {
        const one = next.devices[index]!;
        one.toAppend.shift();
        one.waits.push(text);
        one.order.push(text);
      });
    }
    for (const message of runsOf(index, device, this.#runBatches, this.#mayForget)) {
      yield act(
        state,
        `send(device ${index} ${message.key} s${message.first} [${message.batches.join(" ")}])`,
        (next) => send(next, message),
      );
    }
  }

  *#copySteps(state: State, index: number): Generator<Step<State>> {
    const records = this.#scenario.records[state.devices.length] ?? [];
    const made = state.devices.length;
    if (state.left.clones > 0) {
      yield fault(state, `CLONE(device ${index} into device ${made})`, (next) => {
        next.left.clones -= 1;
        next.devices.push({ ...copyOfDevice(next.devices[index]!), toAppend: [...records] });
      });
    }
    if (state.left.rollbacks > 0) {
      yield fault(state, `SNAPSHOT(device ${index})`, (next) => {
        next.left.rollbacks -= 1;
        next.devices.push({
          ...copyOfDevice(next.devices[index]!),
          toAppend: [...records],
          life: "snapshot",
          of: index,
        });
      });
    }
  }

  *#weather(state: State): Generator<Step<State>> {
    if (state.left.losses > 0 && state.messages.length > 0) {
      yield fault(state, "LOSE(all that is under way)", (next) => {
        next.left.losses -= 1;
        next.messages = [];
      });
    }
    if (state.left.toggles > 0) {
      yield fault(state, `POLICY(${this.#poison} ${state.refusing ? "allowed" : "refused"})`, (next) => {
        next.left.toggles -= 1;
        next.refusing = !next.refusing;
      });
    }
    for (const key of state.left.forgets > 0 ? Object.keys(state.producers) : []) {
      yield fault(state, `FORGET(${key})`, (next) => {
        next.left.forgets -= 1;
        delete next.producers[key];
      });
    }
  }

  *#deliver(state: State, message: Message): Generator<Step<State>> {
    const label = describeDelivery(message);
    const options = { poison: this.#poison, doublesAllowed: this.#scenario.doublesAllowed ?? false };
    const live = state.devices[message.device]?.life === "live";
    switch (message.kind) {
      case "produce":
        yield act(state, label, (next) => receiveProduce(next, message, this.#rules, options));
        return;
      case "giveUp":
        yield act(state, label, (next) => receiveGiveUp(next, message, this.#rules));
        return;
      case "answer":
        if (live) yield act(state, label, (next) => hearAnswer(next, message, this.#rules, this.#poison));
        return;
      case "verdicts":
        if (live) yield act(state, label, (next) => hearVerdicts(next, message, this.#rules, this.#poison));
        return;
    }
  }
}

/** Any run of consecutive waiting batches, from any border. */
function* runsOf(index: number, device: Device, runBatches: number, mayForget: boolean): Generator<ProduceMessage> {
  // An edge that forgets nothing never answers below what was acked, so there the number only multiplies states.
  const acked = mayForget ? device.acked : 0;
  let first = device.acked;
  let chain = device.chain;
  for (const [at, text] of device.waits.entries()) {
    for (let end = at + 1; end <= device.waits.length && end <= at + runBatches; end += 1) {
      const batches = device.waits.slice(at, end);
      yield { kind: "produce", device: index, key: device.key, acked, first, chain, batches };
    }
    first += text.length;
    chain = nextChain(chain, described(device.key, [text])[0]!.crc);
  }
}

function act(state: State, label: string, change: (next: State) => readonly string[] | void): Step<State> {
  const next = copyOf(state);
  const violations = change(next) ?? [];
  return { label, next, violations, fault: false };
}

function fault(state: State, label: string, change: (next: State) => void): Step<State> {
  return { ...act(state, label, change), fault: true };
}

/** Drops messages that can no longer do anything, now or later: the fewer states, the further the exploration sees. */
function prune(state: State, rules: Rules): void {
  if (!state.messages.every((text) => isOfUse(state, messageOf(text), rules))) {
    state.messages = state.messages.filter((text) => isOfUse(state, messageOf(text), rules));
  }
}

function isOfUse(state: State, message: Message, rules: Rules): boolean {
  const device = state.devices[message.device]!;
  const current = device.life === "live" && device.key === message.key;
  switch (message.kind) {
    case "produce":
    case "giveUp": {
      if (state.left.forgets > 0) return true;
      const end = (message.kind === "produce" ? message.first : message.from) + lengthOf(message.batches);
      const reached = (state.producers[message.key]?.nextSequence ?? 0) >= end;
      return !(reached && (!current || device.acked >= end));
    }
    case "answer": {
      if (device.life !== "live" || (rules.checksIdentity && !current)) return false;
      if (!current || message.next === null) return true;
      const past = message.next < device.acked || (message.next === device.acked && message.chain === device.chain);
      if (!past) return true;
      const reply = { nextSequence: message.next, chain: message.chain, refused: message.refused };
      const asked = { producerKey: message.key, acked: message.acked };
      return rules.decideOnAnswer(viewOf(device), asked, reply).kind !== "ignore";
    }
    case "verdicts":
      if (device.life !== "live" || (rules.checksIdentity && !current)) return false;
      return !current || message.from + lengthOf(message.batches) > device.acked;
  }
}

function describeDelivery(message: Message): string {
  const { device, key } = message;
  switch (message.kind) {
    case "produce":
      return `edge takes(${key} s${message.first} [${message.batches.join(" ")}] of device ${device})`;
    case "giveUp":
      return `edge voids(${key} s${message.from} [${message.batches.join(" ")}] of device ${device})`;
    case "answer":
      return `device hears(${device}: next ${message.next} of ${key}${message.refused === null ? "" : ", refused"})`;
    case "verdicts":
      return `device settles(${device}: ${key} s${message.from} [${message.batches.join(" ")}] ${message.judged.join(" ")})`;
  }
}
