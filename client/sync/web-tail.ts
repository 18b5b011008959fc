/** `TailTransport` over the platform's WebSocket; null where there is none. `url` as for `httpTransport`. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { TailListener, TailSocket, TailTransport } from "./tail-transport.ts";

export function webTail(url: string, ticketed: boolean): TailTransport | null {
  if (typeof WebSocket === "undefined") return null;
  const address = `${url.replace(/^http/, "ws").replace(/\/+$/, "")}/v1/tail`;
  return {
    ticketed,
    connect: async (protocols, listener, signal) => await connect(address, protocols, listener, signal),
  };
}

function connect(
  address: string,
  protocols: readonly string[],
  listener: TailListener,
  signal: AbortSignal,
): Promise<TailSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, [...protocols]);
    socket.binaryType = "arraybuffer";
    const giveUp = (): void => {
      socket.close();
      reject(new StrandlineError("NETWORK_EXCEPTION", "no tail socket"));
    };
    let heard = true;
    socket.onopen = () => {
      signal.removeEventListener("abort", giveUp);
      resolve({
        send: (text) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(text);
        },
        close: () => {
          heard = false;
          socket.close();
        },
      });
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (heard) listener.received(typeof data === "string" ? data : new Uint8Array(data));
    };
    socket.onclose = () => {
      giveUp();
      if (heard) listener.closed();
      heard = false;
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
}
