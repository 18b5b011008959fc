/**
 * Where one HTTP/1.1 message of a byte stream ends and the next begins, and nothing else: the bytes pass through as
 * they are. RFC 9112, sections 6 and 7. After an upgrade everything belongs to the last message.
 */
export interface MessageHead {
  /** `POST /v1/produce HTTP/1.1`, or `HTTP/1.1 200 OK`. */
  readonly startLine: string;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: ReadonlyMap<string, string>;
}

/** How long the body is: bytes, chunks, everything that follows, or (null) none at all. */
export type BodyLength = { readonly bytes: number } | "chunked" | "until-close";

export interface FramingEvents {
  /** Called once the head is complete, before its bytes are handed on. Says how the body is framed. */
  head(head: MessageHead): BodyLength;
  /** Bytes of the message whose head came last, the head's own included. */
  bytes(bytes: Uint8Array): void;
  end(): void;
}

type State =
  | { readonly in: "head" }
  | { readonly in: "body"; readonly left: number }
  | { readonly in: "chunk-size" }
  | { readonly in: "chunk"; readonly left: number }
  | { readonly in: "trailer" }
  | { readonly in: "rest" };

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

export class HttpFraming {
  readonly #events: FramingEvents;
  #state: State = { in: "head" };
  #buffered: Buffer = Buffer.alloc(0);

  constructor(events: FramingEvents) {
    this.#events = events;
  }

  push(bytes: Uint8Array): void {
    this.#buffered = this.#buffered.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#buffered, bytes]);
    while (this.#step());
  }

  /** False when more bytes are needed. */
  #step(): boolean {
    const state = this.#state;
    switch (state.in) {
      case "head":
        return this.#readHead();
      case "body":
        return this.#readBody(state.left);
      case "chunk-size":
        return this.#readChunkSize();
      case "chunk":
        return this.#readChunk(state.left);
      case "trailer":
        return this.#readTrailerLine();
      case "rest":
        return this.#readRest();
    }
  }

  #readHead(): boolean {
    const at = this.#buffered.indexOf(HEAD_END);
    if (at < 0) return false;
    const length = this.#events.head(parseHead(this.#buffered.toString("latin1", 0, at)));
    this.#handOn(at + HEAD_END.length);
    if (length === "chunked") this.#state = { in: "chunk-size" };
    else if (length === "until-close") this.#state = { in: "rest" };
    else if (length.bytes === 0) this.#finish();
    else this.#state = { in: "body", left: length.bytes };
    return true;
  }

  #readBody(left: number): boolean {
    const taken = Math.min(left, this.#buffered.length);
    if (taken === 0) return false;
    this.#handOn(taken);
    if (taken === left) this.#finish();
    else this.#state = { in: "body", left: left - taken };
    return true;
  }

  #readChunkSize(): boolean {
    const at = this.#buffered.indexOf(LINE_END);
    if (at < 0) return false;
    const size = Number.parseInt(this.#buffered.toString("latin1", 0, at), 16);
    this.#handOn(at + LINE_END.length);
    this.#state = size === 0 ? { in: "trailer" } : { in: "chunk", left: size + LINE_END.length };
    return true;
  }

  #readChunk(left: number): boolean {
    const taken = Math.min(left, this.#buffered.length);
    if (taken === 0) return false;
    this.#handOn(taken);
    this.#state = taken === left ? { in: "chunk-size" } : { in: "chunk", left: left - taken };
    return true;
  }

  #readTrailerLine(): boolean {
    const at = this.#buffered.indexOf(LINE_END);
    if (at < 0) return false;
    this.#handOn(at + LINE_END.length);
    if (at === 0) this.#finish();
    return true;
  }

  #readRest(): boolean {
    if (this.#buffered.length > 0) this.#handOn(this.#buffered.length);
    return false;
  }

  #handOn(length: number): void {
    this.#events.bytes(this.#buffered.subarray(0, length));
    this.#buffered = this.#buffered.subarray(length);
  }

  #finish(): void {
    this.#state = { in: "head" };
    this.#events.end();
  }
}

export function requestBody(head: MessageHead): BodyLength {
  if (head.headers.get("transfer-encoding")?.includes("chunked") === true) return "chunked";
  return { bytes: Number(head.headers.get("content-length") ?? 0) };
}

/** An answer's framing depends on the method that was asked with, and on its status. */
export function answerBody(head: MessageHead, method: string): BodyLength {
  const status = statusOf(head);
  if (status === 101) return "until-close";
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { bytes: 0 };
  if (head.headers.get("transfer-encoding")?.includes("chunked") === true) return "chunked";
  const length = head.headers.get("content-length");
  return length === undefined ? "until-close" : { bytes: Number(length) };
}

export function statusOf(head: MessageHead): number {
  return Number(head.startLine.split(" ")[1]);
}

function parseHead(text: string): MessageHead {
  const [startLine = "", ...lines] = text.split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { startLine, headers };
}
