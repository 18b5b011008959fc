/** The state of the sync model: one partition at the edge, devices that share a past, and every message ever sent. */
import type { Chain, Crc } from "../../shared/brands.ts";
import { crc32c } from "../../shared/crc32c.ts";

export interface Producer {
  nextSequence: number;
  chain: Chain;
  /** What stands at which sequence; a void is `~` and the batch that was given up. */
  history: [sequence: number, text: string][];
}

export interface Device {
  life: "live" | "snapshot" | "gone";
  /** Of a snapshot: the device it was taken of. */
  of: number;
  key: string;
  acked: number;
  chain: Chain;
  /** A batch is a string; each letter is a record. */
  waits: string[];
  toAppend: string[];
  dead: string[];
  /** Batches whose outcome was told to be unknown. */
  uncertain: string[];
  /** All that was ever appended here, in order. */
  order: string[];
}

interface Addressed {
  device: number;
  key: string;
}
export interface ProduceMessage extends Addressed {
  kind: "produce";
  acked: number;
  first: number;
  chain: Chain;
  batches: string[];
}
export interface AnswerMessage extends Addressed {
  kind: "answer";
  acked: number;
  next: number | null;
  chain: Chain;
  refused: { sequence: number } | null;
}
export interface GiveUpMessage extends Addressed {
  kind: "giveUp";
  from: number;
  batches: string[];
}
export interface VerdictsMessage extends Addressed {
  kind: "verdicts";
  from: number;
  batches: string[];
  next: number | null;
  chain: Chain;
  judged: ("held" | "void" | "absent" | "other" | "gone")[];
}
export type Message = ProduceMessage | AnswerMessage | GiveUpMessage | VerdictsMessage;

export interface Faults {
  clones: number;
  rollbacks: number;
  losses: number;
  forgets: number;
  toggles: number;
}

export interface State {
  producers: Record<string, Producer>;
  log: string[];
  refusing: boolean;
  devices: Device[];
  /** A set of texts in sorted order: once sent, a message arrives never, once or often, at any later moment, in any order. */
  messages: string[];
  successors: number;
  left: Faults;
}

const memo = new Map<string, Crc>();

export function storedCrc(text: string): Crc {
  const known = memo.get(text);
  if (known !== undefined) return known;
  const crc = crc32c(Uint8Array.from(text, (letter) => letter.charCodeAt(0))) as Crc;
  memo.set(text, crc);
  return crc;
}

export function sealedCrc(key: string, text: string): Crc {
  return storedCrc(`${key}|${text}`);
}

export function described(key: string, batches: readonly string[]): { count: number; crc: Crc }[] {
  return batches.map((text) => ({ count: text.length, crc: sealedCrc(key, text) }));
}

export function lengthOf(batches: readonly string[]): number {
  return batches.reduce((sum, text) => sum + text.length, 0);
}

export function isVoid(text: string): boolean {
  return text.startsWith("~");
}

export function send(state: State, message: Message): void {
  const text = JSON.stringify(message);
  if (state.messages.includes(text)) return;
  state.messages = [...state.messages, text].sort();
}

const messages = new Map<string, Message>();

/** Messages never change, so each text is parsed once. */
export function messageOf(text: string): Message {
  const known = messages.get(text);
  if (known !== undefined) return known;
  const message = JSON.parse(text) as Message;
  messages.set(text, message);
  return message;
}

/** Lists of texts and history entries are replaced or extended, never changed in place, so a copy may share what they hold. */
export function copyOf(state: State): State {
  const producers: Record<string, Producer> = {};
  for (const [key, one] of Object.entries(state.producers)) producers[key] = { ...one, history: [...one.history] };
  return {
    ...state,
    producers,
    log: [...state.log],
    devices: state.devices.map(copyOfDevice),
    left: { ...state.left },
  };
}

export function copyOfDevice(device: Device): Device {
  return {
    ...device,
    waits: [...device.waits],
    toAppend: [...device.toAppend],
    dead: [...device.dead],
    uncertain: [...device.uncertain],
    order: [...device.order],
  };
}
