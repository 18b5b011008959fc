/** HTTP byte by byte: what `fetch` would put right before it is sent, or would not send at all. */
import { connect } from "node:net";

export interface RawRequest {
  readonly port: number;
  readonly method?: string;
  /** The request line's target; `/v1/topics`. */
  readonly target?: string;
  /** Whole lines, in latin1. */
  readonly headers: readonly string[];
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  /** Everything that came, status line and headers too. */
  readonly text: string;
}

const ANSWER_MS_MAX = 10_000;

/** The first answer, or status 0 where the connection ended, or the sender hung up after `hangUpMs`, without one. */
export async function rawRequest(
  { port, method = "GET", target = "/v1/topics", headers, body = "" }: RawRequest,
  hangUpMs = ANSWER_MS_MAX,
): Promise<RawAnswer> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer>();
  let text = "";
  const socket = connect(port, "127.0.0.1");
  const end = (): void => {
    socket.destroy();
    resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text });
  };
  const timer = setTimeout(end, hangUpMs);
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    // A socket that was opened stays; everything else ends by itself.
    if (text.startsWith("HTTP/1.1 101")) end();
  });
  socket.on("error", end);
  socket.on("close", end);
  const head = [`${method} ${target} HTTP/1.1`, ...headers, "Connection: close"];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`, "latin1");
  const answer = await promise;
  clearTimeout(timer);
  return answer;
}
