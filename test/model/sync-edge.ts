/** The edge of the sync model: it decides by the rules under test and keeps the whole history. */
import type { HistoryEntry } from "../../edge/partition/producer-reconcile.ts";
import { NO_CHAIN } from "../../shared/brands.ts";
import type { Rules } from "./rules.ts";
import {
  described,
  isVoid,
  sealedCrc,
  send,
  type GiveUpMessage,
  type ProduceMessage,
  type Producer,
  type State,
  type VerdictsMessage,
} from "./sync-state.ts";

export interface EdgeOptions {
  readonly poison: string;
  readonly doublesAllowed: boolean;
}

/** Appends what the rules say and sends the answer. Returns the violations that this append is. */
export function receiveProduce(state: State, message: ProduceMessage, rules: Rules, options: EdgeOptions): string[] {
  const violations: string[] = [];
  const { key, batches } = message;
  const poisonAt = state.refusing ? batches.indexOf(options.poison) : -1;
  let refused: { sequence: number } | null = null;
  if (poisonAt >= 0) {
    refused = { sequence: message.first + batches.slice(0, poisonAt).join("").length };
  } else {
    const run = { firstSequence: message.first, chainBefore: message.chain, batches: described(key, batches) };
    const verdict = rules.decideDeviceAppend(state.producers[key], run);
    if (verdict.kind === "append") {
      for (const text of batches.slice(verdict.held)) append(state, key, text, options, violations);
      if (batches.length > verdict.held) Object.assign(producer(state, key), verdict.next);
    }
  }
  const { nextSequence, chain } = state.producers[key] ?? { nextSequence: null, chain: NO_CHAIN };
  reply(state, message.device, () =>
    send(state, {
      kind: "answer",
      device: message.device,
      key,
      acked: message.acked,
      next: nextSequence,
      chain,
      refused,
    }),
  );
  return violations;
}

export function receiveGiveUp(state: State, message: GiveUpMessage, rules: Rules): void {
  const answer = judge(state, message, true, rules);
  reply(state, message.device, () => send(state, answer));
}

/** A question without `giveUp` changes nothing at the edge, so it is put and decided in one step; its answer may be late. */
export function judge(
  state: State,
  asked: Omit<GiveUpMessage, "kind">,
  giveUp: boolean,
  rules: Rules,
): VerdictsMessage {
  const { device, key, from, batches } = asked;
  const question = { from, batches: described(key, batches), giveUp };
  const verdict = rules.decideReconcile(state.producers[key], question, (sequence) => historyAt(state, key, sequence));
  if (verdict.giveUp !== null) {
    const one = producer(state, key);
    one.history.push([verdict.giveUp.sequence, `~${batches.at(-1) ?? ""}`]);
    Object.assign(one, verdict.giveUp.next);
  }
  const { nextSequence, chain } = state.producers[key] ?? { nextSequence: null, chain: NO_CHAIN };
  const judged = verdict.batches.map((one) => one.verdict);
  return { kind: "verdicts", device, key, from, batches, next: nextSequence, chain, judged };
}

function producer(state: State, key: string): Producer {
  return (state.producers[key] ??= { nextSequence: 0, chain: NO_CHAIN, history: [] });
}

function historyAt(state: State, key: string, sequence: number): HistoryEntry {
  const entry = state.producers[key]?.history.find(([at]) => at === sequence);
  if (entry === undefined) return { kind: "inside" };
  const [, text] = entry;
  if (isVoid(text)) return { kind: "void", count: text.length - 1, crc: sealedCrc(key, text.slice(1)) };
  return { kind: "batch", count: text.length, crc: sealedCrc(key, text), baseOffset: 0 };
}

function append(state: State, key: string, text: string, options: EdgeOptions, violations: string[]): void {
  const one = producer(state, key);
  one.history.push([one.nextSequence, text]);
  one.nextSequence += text.length;
  if (!options.doublesAllowed && state.log.includes(text)) violations.push(`DOUBLED ${text}, now under ${key}`);
  for (const [index, device] of state.devices.entries()) {
    if (device.dead.includes(text)) violations.push(`FALSE DEAD ${text}: device ${index} had reported it refused`);
    const at = device.order.indexOf(text);
    const later = at < 0 || device.uncertain.includes(text) ? [] : device.order.slice(at + 1);
    for (const other of later) {
      if (!options.doublesAllowed && state.log.includes(other))
        violations.push(`INVERTED ${text} after ${other} of device ${index}`);
    }
  }
  state.log.push(text);
}

function reply(state: State, device: number, sending: () => void): void {
  if (state.devices[device]?.life === "live") sending();
}
