/** Sockets of the benchmark: ours acknowledges what comes, the bare one has nothing to say. */
import type { TailRecordsHead } from "../../../shared/api/tail.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { readEnvelope } from "../../../shared/envelope.ts";

const ID_BYTES = 4;
const WINDOW_BYTES = 4_194_304;

/** One subscription; `arrived` gets the offset behind each frame. */
export async function openTail(
  edge: string,
  from: { readonly topicId: TopicId; readonly offset: number },
  arrived: (nextOffset: number) => void,
): Promise<WebSocket> {
  const socket: WebSocket = await opened(new WebSocket(`${edge.replace("http", "ws")}/v1/tail`), (data) => {
    if (typeof data === "string") {
      if (data.includes('"error"')) throw new Error(data);
      return;
    }
    const head = readEnvelope(new Uint8Array(data).subarray(ID_BYTES)).head as TailRecordsHead;
    socket.send(JSON.stringify({ type: "ack", id: 1, offset: head.nextOffset }));
    arrived(head.nextOffset);
  });
  socket.send(JSON.stringify({ type: "subscribe", id: 1, partition: 0, windowBytes: WINDOW_BYTES, ...from }));
  return socket;
}

/** `relay`: its Worker passes the frames on by hand. */
export async function openBareTail(
  bare: string,
  log: string,
  { arrived, relay = false }: { readonly arrived: () => void; readonly relay?: boolean },
): Promise<WebSocket> {
  // The log's name goes in a header elsewhere, which a socket's constructor does not take.
  const socket = new WebSocket(`${bare.replace("http", "ws")}/tail?log=${log}${relay ? "&relay" : ""}`);
  return await opened(socket, () => arrived());
}

async function opened(socket: WebSocket, message: (data: string | ArrayBuffer) => void): Promise<WebSocket> {
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => message(data as string | ArrayBuffer));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`no socket at ${socket.url}`)));
  });
  return socket;
}
