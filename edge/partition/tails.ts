/**
 * The live tails of one partition. A tail has one position; what is there is read from it, what is appended is sent
 * where it stands at the end, so there is no seam at which a record could be missed or repeated. The reader pulls: a
 * tail whose window is full is passed over until it acknowledges, so a slow reader holds up nobody.
 */
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { LogExtent } from "./log-extent.ts";
import type { ReadAnswer, TailRequest } from "./partition-port.ts";
import type { PartitionReads } from "./partition-reads.ts";
import { readDownFrame, recordsFrame, type TailUpFrame } from "./tail-frames.ts";
import { refusalAt, refusalBy } from "./tail-refusal.ts";
import { afterAck, afterSend, bytesUnderWay, frameBytesMax, hasRoom, isSilent, newTail } from "./tail-state.ts";
import type { TailSocket, TailState } from "./tail-state.ts";

export interface TailsParts {
  readonly reads: PartitionReads;
  readonly extent: LogExtent;
  readonly clock: Clock;
  /** Those that are open, also from before the object was evicted. */
  readonly sockets: readonly TailSocket[];
  /** Of batches that were sent, for whoever counts them. */
  readonly sent?: (bytes: number) => void;
}

/** What was appended, as it is stored. */
export interface AppendedRun {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly bytes: Uint8Array;
}

const GOING_AWAY = 1001;
const NORMAL = 1000;

export class Tails {
  readonly #parts: TailsParts;
  readonly #tails = new Map<TailSocket, TailState>();
  /** Those that have room and something to read, in turn. */
  readonly #hungry = new Set<TailSocket>();
  /** Those of them that were passed over, because all that may be under way was: first in the next turn. */
  readonly #starved = new Set<TailSocket>();
  #feeding = false;
  #waiting = false;
  /** Over all tails. */
  #underWay = 0;

  constructor(parts: TailsParts) {
    this.#parts = parts;
    for (const socket of parts.sockets) {
      const state = socket.deserializeAttachment();
      if (state === null) continue;
      this.#tails.set(socket, state);
      this.#underWay += bytesUnderWay(state);
      this.#hungry.add(socket);
    }
    // What was about to be sent when the object left memory is nobody else's to remember.
    if (this.#hungry.size > 0) this.#feedInTurn();
  }

  get count(): number {
    return this.#tails.size;
  }

  get bytesUnderWay(): number {
    return this.#underWay;
  }

  /** The socket has been accepted. Sends where the tail stands, or why it cannot be. */
  open(socket: TailSocket, request: TailRequest, expiresAtMs: number | null = null): void {
    const { offset, leaderEpoch, previousCrc } = request;
    // Nothing is before the offset: whether the position stands is asked, and no row is read for it.
    const question = { offset, leaderEpoch, previousCrc, bytesMax: 0, atLeastOne: false, before: offset };
    const answer = this.#parts.reads.read(question);
    if (answer.error !== null) {
      this.#end(socket, refusalAt(offset, answer));
      return;
    }
    this.#keep(socket, newTail(request, this.#parts.clock.now(), expiresAtMs));
    this.#tell(socket, { type: "position", ...this.#parts.extent.bounds(), nextOffset: offset });
    this.#feed(socket);
  }

  /** Right after the append: those that stand at its beginning get the very bytes, one frame for all. */
  appended({ baseOffset, nextOffset, bytes }: AppendedRun): void {
    if (this.#tails.size === 0) return;
    let frame: Uint8Array | null = null;
    for (const [socket, state] of this.#tails) {
      if (state.nextOffset !== baseOffset || !this.#mayPass(socket, state)) continue;
      // It is behind from here on, and is fed when it has acknowledged something.
      if (!this.#maySend(socket, state, bytes.byteLength)) continue;
      if (bytes.byteLength > state.windowBytes) {
        // Comes from the log, in parts: only a batch may be larger than the window, a run may not.
        this.#hungry.add(socket);
        this.#feedInTurn();
        continue;
      }
      frame ??= recordsFrame({ ...this.#parts.extent.bounds(), nextOffset, bytes: bytes.byteLength }, bytes);
      this.#send(socket, state, frame, { nextOffset, bytes: bytes.byteLength });
    }
  }

  message(socket: TailSocket, text: string): void {
    const state = this.#tails.get(socket);
    const frame = readDownFrame(text);
    if (state === undefined || frame === null || this.#isOver(socket, state)) return;
    if (frame.type === "ack") this.#acked(socket, state, frame.offset);
    else if (state.growthsPassed !== null)
      this.#keep(socket, { ...state, growthsPassed: Math.max(state.growthsPassed, frame.growths) });
    if (this.#starved.size === 0) {
      this.#feed(socket);
      return;
    }
    // Room that somebody made is not for itself first: others have waited for it.
    this.#hungry.add(socket);
    this.#feedInTurn();
  }

  closed(socket: TailSocket): void {
    this.#forget(socket);
  }

  /** Where the log has moved its start, or grew: who stands before it is told. */
  moved(): void {
    for (const socket of this.#tails.keys()) this.#feed(socket);
  }

  /** The topic was deleted. */
  endAll(error: StrandlineError): void {
    for (const socket of [...this.#tails.keys()]) this.#end(socket, error);
  }

  /** One frame at most: the others have their turn before this one has another. */
  #feed(socket: TailSocket): void {
    this.#hungry.delete(socket);
    this.#starved.delete(socket);
    const state = this.#tails.get(socket);
    if (state === undefined || !this.#mayPass(socket, state)) return;
    const { highWatermark } = this.#parts.extent.bounds();
    const bytesMax = frameBytesMax(state);
    if (state.nextOffset === highWatermark || !this.#maySend(socket, state, bytesMax)) return;
    const before = this.#barrier(state)?.at ?? null;
    const answer = this.#parts.reads.shared({ offset: state.nextOffset, bytesMax, before });
    if (answer.error !== null) {
      this.#end(socket, refusalAt(state.nextOffset, answer));
      return;
    }
    if (answer.nextOffset === state.nextOffset) return;
    // A batch alone may be larger than a frame.
    if (!this.#maySend(socket, state, answer.bytes.byteLength)) return;
    this.#sendRead(socket, state, answer);
    this.#hungry.add(socket);
    this.#feedInTurn();
  }

  #sendRead(socket: TailSocket, state: TailState, answer: ReadAnswer): void {
    const { leaderEpoch, logStartOffset, highWatermark, nextOffset, bytes } = answer;
    const bounds = { leaderEpoch, logStartOffset, highWatermark, nextOffset };
    if (bytes.byteLength > 0) {
      const frame = recordsFrame({ ...bounds, bytes: bytes.byteLength }, bytes);
      this.#send(socket, state, frame, { nextOffset, bytes: bytes.byteLength });
      return;
    }
    this.#keep(socket, afterSend(state, nextOffset, 0));
    this.#tell(socket, { type: "position", ...bounds });
  }

  /** The others go on in turns of their own, with appends and acknowledgements in between. */
  #feedInTurn(): void {
    if (this.#feeding) return;
    this.#feeding = true;
    void this.#parts.clock.sleep(0).then(() => {
      this.#feeding = false;
      for (const socket of [...this.#starved, ...this.#hungry]) this.#feed(socket);
    });
  }

  /** False: it has ended, or stands at a barrier, of which its Worker is told once. */
  #mayPass(socket: TailSocket, state: TailState): boolean {
    if (this.#isOver(socket, state)) return false;
    const barrier = this.#barrier(state);
    if (barrier === null || state.nextOffset < barrier.at) return true;
    if (state.growthsTold <= barrier.growth) {
      this.#keep(socket, { ...state, growthsTold: barrier.growth + 1 });
      this.#tell(socket, { type: "barrier", growth: barrier.growth, nextOffset: state.nextOffset });
    }
    return false;
  }

  /** Its reader's credential is over: nothing more is sent to it, or taken from it. */
  #isOver(socket: TailSocket, state: TailState): boolean {
    const refusal = refusalBy(state.expiresAtMs, this.#parts.clock.now());
    if (refusal !== null) this.#end(socket, refusal);
    return refusal !== null;
  }

  /** The first growth that the reader has not passed. */
  #barrier({ growthsPassed }: TailState): { readonly growth: number; readonly at: number } | null {
    if (growthsPassed === null) return null;
    const growth = this.#parts.extent.growths[growthsPassed];
    return growth === undefined ? null : { growth: growthsPassed, at: growth.at };
  }

  /** False: it waits for an acknowledgement, its own or anybody's. */
  #maySend(socket: TailSocket, state: TailState, bytes: number): boolean {
    if (!hasRoom(state, bytes)) return false;
    if (this.#underWay === 0 || this.#underWay + bytes <= LIMITS.tailWindowBytesMax) return true;
    this.#waitForBudget(socket);
    return false;
  }

  #send(
    socket: TailSocket,
    state: TailState,
    frame: Uint8Array,
    { nextOffset, bytes }: { readonly nextOffset: number; readonly bytes: number },
  ): void {
    this.#underWay += bytes;
    this.#parts.sent?.(bytes);
    // A minute of silence counts from when there is something to answer.
    const heardAtMs = state.unacked.length === 0 ? this.#parts.clock.now() : state.heardAtMs;
    this.#keep(socket, { ...afterSend(state, nextOffset, bytes), heardAtMs });
    this.#transmit(socket, frame);
  }

  #acked(socket: TailSocket, state: TailState, offset: number): void {
    const after = afterAck(state, offset, this.#parts.clock.now());
    this.#underWay -= bytesUnderWay(state) - bytesUnderWay(after);
    this.#keep(socket, after);
  }

  /** All that may be under way is: it goes on when somebody acknowledges, or somebody silent has gone. */
  #waitForBudget(socket: TailSocket): void {
    this.#starved.add(socket);
    if (this.#waiting) return;
    this.#waiting = true;
    void this.#parts.clock.sleep(LIMITS.tailStarvationMsMax).then(() => {
      this.#waiting = false;
      this.#makeRoom();
      if (this.#starved.size > 0) this.#feedInTurn();
    });
  }

  /** Who has been silent for longest goes first, and comes back where it stood: others wait for what it does not take. */
  #makeRoom(): void {
    const now = this.#parts.clock.now();
    const wanted = Math.min(this.#starved.size * LIMITS.batchBytesMax, LIMITS.tailWindowBytesMax / 2);
    const silent = [...this.#tails].filter(([, state]) => isSilent(state, now));
    for (const [socket] of silent.toSorted(([, one], [, other]) => one.heardAtMs - other.heardAtMs)) {
      if (this.#starved.size === 0 || this.#underWay + wanted <= LIMITS.tailWindowBytesMax) return;
      this.#end(socket, new StrandlineError("REQUEST_TIMED_OUT", "others wait for what was not acknowledged"));
    }
  }

  #end(socket: TailSocket, error: StrandlineError): void {
    this.#tell(socket, { type: "error", error: error.toBody() });
    this.#forget(socket);
    try {
      socket.close(error.code === "UNKNOWN_TOPIC_ID" ? GOING_AWAY : NORMAL, error.code);
    } catch {
      // It is closed already.
    }
  }

  #tell(socket: TailSocket, frame: TailUpFrame): void {
    this.#transmit(socket, JSON.stringify(frame));
  }

  #transmit(socket: TailSocket, data: string | Uint8Array): void {
    try {
      socket.send(data);
    } catch {
      this.#forget(socket);
    }
  }

  #keep(socket: TailSocket, state: TailState): void {
    this.#tails.set(socket, state);
    socket.serializeAttachment(state);
  }

  #forget(socket: TailSocket): void {
    const state = this.#tails.get(socket);
    if (state !== undefined) this.#underWay -= bytesUnderWay(state);
    this.#tails.delete(socket);
    this.#hungry.delete(socket);
    this.#starved.delete(socket);
  }
}
