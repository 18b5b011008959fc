/** Content type of an envelope (`envelope.ts`): produce requests, fetch answers. */
export const ENVELOPE_MEDIA_TYPE = "application/vnd.strandline.v1";
export const EVENT_STREAM_MEDIA_TYPE = "text/event-stream";
export const JSON_MEDIA_TYPE = "application/json";
