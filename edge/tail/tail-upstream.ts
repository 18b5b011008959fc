/** The tail of one partition, as the Worker sees it: a socket to its object. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { TailDownFrame, TailUpFrame } from "../partition/tail-frames.ts";
import { TAIL_HEADER, type TailQuestion } from "../partition/tail-question.ts";

export interface TailListener {
  /** The bytes are the listener's own, with room for the subscription's id in front. */
  records(frame: Uint8Array): void;
  frame(frame: TailUpFrame): void;
  /** Without a word before it: the object is gone, or the connection. */
  closed(): void;
}

export interface TailUpstream {
  send(frame: TailDownFrame): void;
  close(): void;
}

/** The object's stub, so far as it is needed here. */
export interface TailStub {
  fetch(url: string, init: { readonly headers: Record<string, string> }): Promise<Response>;
}

const NORMAL = 1000;

/** Throws what the partition refuses it with. */
export async function openTail(stub: TailStub, question: TailQuestion, listener: TailListener): Promise<TailUpstream> {
  const headers = { upgrade: "websocket", [TAIL_HEADER]: JSON.stringify(question) };
  const response = await stub.fetch("http://partition/tail", { headers });
  const socket = response.webSocket;
  if (socket === null) throw StrandlineError.fromBody(await response.json());
  socket.binaryType = "arraybuffer";
  let open = true;
  const ended = (): void => {
    if (open) listener.closed();
    open = false;
  };
  socket.addEventListener("message", ({ data }) => {
    if (!open) return;
    if (typeof data === "string") listener.frame(JSON.parse(data) as TailUpFrame);
    else if (data instanceof ArrayBuffer) listener.records(new Uint8Array(data));
  });
  socket.addEventListener("close", ended);
  socket.addEventListener("error", ended);
  socket.accept();
  return {
    send: (frame) => {
      if (open) trySend(socket, JSON.stringify(frame));
    },
    close: () => {
      if (open) tryClose(socket);
      open = false;
    },
  };
}

function trySend(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // It has closed, which its own event tells.
  }
}

function tryClose(socket: WebSocket): void {
  try {
    socket.close(NORMAL);
  } catch {
    // It has closed already.
  }
}
