/** The devices of the sync model: every decision is one transaction on the device's store, so a tab has no state but what it has sent. */
import { NO_CHAIN } from "../../shared/brands.ts";
import type { OutboxView } from "../../client/sync/outbox-rules.ts";
import type { Rules } from "./rules.ts";
import { judge } from "./sync-edge.ts";
import {
  described,
  send,
  storedCrc,
  type AnswerMessage,
  type Device,
  type State,
  type VerdictsMessage,
} from "./sync-state.ts";

export function viewOf(device: Device): OutboxView {
  return {
    producerKey: device.key,
    acked: device.acked,
    chain: device.chain,
    pending: described(device.key, device.waits),
  };
}

/** Returns the violations of what the device does with the answer. */
export function hearAnswer(state: State, message: AnswerMessage, rules: Rules, poison: string): string[] {
  const device = deviceOf(state, message.device);
  const reply = { nextSequence: message.next, chain: message.chain, refused: message.refused };
  const asked = { producerKey: message.key, acked: message.acked };
  const decision = rules.decideOnAnswer(viewOf(device), asked, reply);
  switch (decision.kind) {
    case "ignore":
      return [];
    case "ack": {
      const gone = device.waits.splice(0, decision.batches);
      device.acked += gone.join("").length;
      device.chain = decision.chain;
      return lost(state, message.device, gone);
    }
    case "giveUp":
      if (rules.giveUpByVoid) {
        const batches = device.waits.slice(0, decision.index + 1);
        send(state, { kind: "giveUp", device: message.device, key: device.key, from: device.acked, batches });
        return [];
      }
      device.waits = device.waits.filter((text) => text !== poison);
      return die(state, device, poison, poison);
    case "reconcile": {
      if (!rules.reconcileFirst) {
        succeed(state, device, rules);
        return [];
      }
      const question = { device: message.device, key: message.key, from: device.acked, batches: [...device.waits] };
      send(state, judge(state, question, false, rules));
      return [];
    }
  }
}

export function hearVerdicts(state: State, message: VerdictsMessage, rules: Rules, poison: string): string[] {
  const device = deviceOf(state, message.device);
  const asked = { producerKey: message.key, from: message.from, batches: described(message.key, message.batches) };
  const batches = message.judged.map((verdict) => ({ verdict, baseOffset: null }));
  const outcome = rules.settle(viewOf(device), asked, { nextSequence: message.next, chain: message.chain, batches });
  const violations: string[] = [];
  for (const { verdict } of outcome.settled) {
    const text = device.waits.shift() ?? "";
    device.acked += text.length;
    violations.push(...(verdict === "held" ? lost(state, message.device, [text]) : die(state, device, text, poison)));
  }
  device.chain = outcome.chain;
  if (outcome.then === "continue" || device.waits.length === 0) return violations;
  if (outcome.then === "forgotten") device.uncertain = [...new Set([...device.uncertain, ...device.waits])].sort();
  succeed(state, device, rules);
  return violations;
}

function succeed(state: State, device: Device, rules: Rules): void {
  const point = { producerKey: device.key, sequence: device.acked, firstBatchCrc: storedCrc(device.waits[0] ?? "") };
  device.key = rules.successorKey(point, state.successors);
  state.successors += 1;
  device.acked = 0;
  device.chain = NO_CHAIN;
}

function die(state: State, device: Device, text: string, poison: string): string[] {
  device.dead = [...device.dead, text].sort();
  if (text !== poison) return [`WRONGLY DEAD ${text}: it was never refused`];
  return state.log.includes(text) ? [`FALSE DEAD ${text}: reported refused, it is in the log`] : [];
}

function lost(state: State, device: number, texts: readonly string[]): string[] {
  return texts
    .filter((text) => !state.log.includes(text))
    .map((text) => `LOST ${text}: device ${device} dropped it as committed`);
}

function deviceOf(state: State, index: number): Device {
  const device = state.devices[index];
  if (device === undefined) throw new Error(`no device ${index}`);
  return device;
}
