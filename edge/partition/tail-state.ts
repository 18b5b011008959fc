/**
 * One tail of a partition, as a value: where it stands, and what is under way. It is what hibernation keeps of its
 * socket, so that an object that was evicted goes on where it was.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { TailRequest } from "./partition-port.ts";

/** So many large frames are under way at once, at least. */
const FRAMES_PER_WINDOW = 8;

export interface TailState {
  readonly nextOffset: number;
  readonly windowBytes: number;
  /** Frames that were sent and not acknowledged: the offset behind each, and its bytes. */
  readonly unacked: readonly (readonly [nextOffset: number, bytes: number])[];
  /** Growths whose barrier the reader has passed; null: it does not ask for the order of keys. */
  readonly growthsPassed: number | null;
  /** Growths that it was told to wait at. */
  readonly growthsTold: number;
  /** When it was last heard of, edge clock. */
  readonly heardAtMs: number;
  /** Edge time from which the reader's credential is over; null: it has no end. */
  readonly expiresAtMs: number | null;
}

/** A hibernating socket of the object. */
export interface TailSocket {
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  close(code: number, reason: string): void;
  serializeAttachment(state: TailState): void;
  deserializeAttachment(): TailState | null;
}

export function newTail(request: TailRequest, nowMs: number, expiresAtMs: number | null): TailState {
  return {
    nextOffset: request.offset,
    windowBytes: request.windowBytes,
    unacked: [],
    growthsPassed: request.growthsPassed,
    growthsTold: 0,
    heardAtMs: nowMs,
    expiresAtMs,
  };
}

export function bytesUnderWay({ unacked }: TailState): number {
  let bytes = 0;
  for (const [, length] of unacked) bytes += length;
  return bytes;
}

/** Of its next frame, at most: large where the window has room for more, or the reader would wait for each of them. */
export function frameBytesMax({ windowBytes }: TailState): number {
  const large = Math.min(Math.floor(windowBytes / FRAMES_PER_WINDOW), LIMITS.tailFrameBytesMax);
  return Math.min(windowBytes, Math.max(LIMITS.tailFrameBytes, large));
}

/** Whether another frame may be sent: all that is under way fits the window with it, or nothing is under way. */
export function hasRoom(state: TailState, frameBytes: number): boolean {
  if (state.unacked.length === 0) return true;
  if (state.unacked.length >= LIMITS.tailFramesUnackedMax) return false;
  return bytesUnderWay(state) + frameBytes <= state.windowBytes;
}

export function afterSend(state: TailState, nextOffset: number, bytes: number): TailState {
  return { ...state, nextOffset, unacked: bytes === 0 ? state.unacked : [...state.unacked, [nextOffset, bytes]] };
}

/** What was dealt with is no longer under way. An offset that goes back, or beyond what was sent, changes nothing more. */
export function afterAck(state: TailState, offset: number, nowMs: number): TailState {
  return { ...state, unacked: state.unacked.filter(([behind]) => behind > offset), heardAtMs: nowMs };
}

/** Silent with records under way for longer than others should wait: nobody is there, or nobody who reads. */
export function isSilent(state: TailState, nowMs: number): boolean {
  return state.unacked.length > 0 && nowMs - state.heardAtMs >= LIMITS.tailStarvationMsMax;
}
