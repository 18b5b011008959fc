import { describe, expect, test } from "vitest";
import { answerBody, HttpFraming, requestBody, type FramingEvents, type MessageHead } from "./http-framing.ts";

const REQUESTS = [
  "GET /a HTTP/1.1\r\nhost: x\r\n\r\n",
  "POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
  "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\nA;ext=1\r\n0123456789\r\n0\r\ntrailer: 1\r\n\r\n",
  "DELETE /d HTTP/1.1\r\n\r\n",
];

interface Seen {
  readonly startLine: string;
  text: string;
  ended: boolean;
}

function recorder(body: (head: MessageHead) => ReturnType<FramingEvents["head"]>): FramingEvents & { seen: Seen[] } {
  const seen: Seen[] = [];
  return {
    seen,
    head: (head) => {
      seen.push({ startLine: head.startLine, text: "", ended: false });
      return body(head);
    },
    bytes: (bytes) => void (seen.at(-1)!.text += Buffer.from(bytes).toString("latin1")),
    end: () => void (seen.at(-1)!.ended = true),
  };
}

describe("http framing", () => {
  test.each([1, 2, 3, 7, 1000])("finds the same messages in pieces of %i bytes", (size) => {
    const events = recorder(requestBody);
    const framing = new HttpFraming(events);
    const stream = Buffer.from(REQUESTS.join(""));
    for (let at = 0; at < stream.length; at += size) framing.push(stream.subarray(at, at + size));
    expect(events.seen.map((one) => one.text)).toEqual(REQUESTS);
    expect(events.seen.every((one) => one.ended)).toBe(true);
  });

  test("an answer without a body has none, whatever its length header says", () => {
    const events = recorder((head) => answerBody(head, "HEAD"));
    new HttpFraming(events).push(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nHTTP/1.1 304 X\r\n\r\n"));
    expect(events.seen.map((one) => one.startLine)).toEqual(["HTTP/1.1 200 OK", "HTTP/1.1 304 X"]);
  });

  test("after an upgrade everything is of one message", () => {
    const events = recorder((head) => answerBody(head, "GET"));
    const framing = new HttpFraming(events);
    framing.push(Buffer.from("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"));
    framing.push(Buffer.from("HTTP/1.1 200 OK\r\n\r\n"));
    expect(events.seen).toHaveLength(1);
    expect(events.seen[0]?.ended).toBe(false);
  });
});
