/** Sockets of the benchmark: what they receive is counted, and ours are acknowledged. */
import type { TailRecordsHead } from "../../../shared/api/tail.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { readEnvelope } from "../../../shared/envelope.ts";

const ID_BYTES = 4;
const WINDOW_BYTES = 4_194_304;

/** Resolves with every binary frame. */
export interface FrameSocket {
  /** The next frame. */
  next(): Promise<Uint8Array>;
  send(text: string): void;
  close(): void;
}

export async function openSocket(url: string, arrived: (frame: Uint8Array) => void): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http", "ws"));
  socket.binaryType = "arraybuffer";
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`no socket at ${url}`)));
  });
  socket.addEventListener("message", ({ data }) => {
    if (data instanceof ArrayBuffer) arrived(new Uint8Array(data));
    else if (String(data).includes('"error"')) throw new Error(String(data));
  });
  return socket;
}

/** A subscription that acknowledges whatever comes; `arrived` gets the offset behind it and its bytes. */
export async function openTail(
  edge: string,
  from: { readonly topicId: TopicId; readonly offset: number },
  arrived: (nextOffset: number, bytes: number) => void,
): Promise<WebSocket> {
  const socket = await openSocket(`${edge}/v1/tail`, (frame) => {
    const head = readEnvelope(frame.subarray(ID_BYTES)).head as TailRecordsHead;
    socket.send(JSON.stringify({ type: "ack", id: 1, offset: head.nextOffset }));
    arrived(head.nextOffset, frame.byteLength);
  });
  socket.send(JSON.stringify({ type: "subscribe", id: 1, partition: 0, windowBytes: WINDOW_BYTES, ...from }));
  return socket;
}
