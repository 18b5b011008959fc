/** `Accept` as a table. */
import { expect, test } from "vitest";
import { representationOf } from "../../edge/routes/representation.ts";

test.each([
  [null, "json"],
  ["", "json"],
  ["*/*", "json"],
  ["application/*", "json"],
  ["application/json", "json"],
  ["APPLICATION/JSON; charset=utf-8", "json"],
  ["text/html, application/xhtml+xml, */*;q=0.8", "json"],
  ["application/vnd.strandline.v1", "envelope"],
  ["application/vnd.strandline.v1, */*", "envelope"],
  ["*/*, application/vnd.strandline.v1", "envelope"],
  ["application/vnd.strandline.v1, application/json", "envelope"],
  ["application/json, application/vnd.strandline.v1", "json"],
  ["application/vnd.strandline.v1;q=0.5, application/json;q=0.6", "json"],
  ["application/vnd.strandline.v1;q=0.7, */*;q=0.1", "envelope"],
  ["application/json;q=0, */*", "envelope"],
  ["application/json;q=0.001, application/vnd.strandline.v1;q=0", "json"],
  ["text/event-stream", "event-stream"],
  ["text/*", "event-stream"],
  ["text/event-stream, application/json;q=0.9", "event-stream"],
  ["application/json;q=0", null],
  ["*/*;q=0", null],
  ["text/html", null],
  ["application/jsonx", null],
  ["application/json;q=2", null],
  ["application/json;q=-1", null],
  ["nonsense", null],
  [",;=", null],
])("%j is answered as %s", (accept, representation) => {
  expect(representationOf(accept)).toBe(representation);
});
