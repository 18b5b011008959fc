/** Content type of an envelope (`envelope.ts`): produce requests, fetch answers. */
export const ENVELOPE_MEDIA_TYPE = "application/vnd.strandline.v1";
export const EVENT_STREAM_MEDIA_TYPE = "text/event-stream";
export const JSON_MEDIA_TYPE = "application/json";
/** A JSON text a line. */
export const NDJSON_MEDIA_TYPE = "application/x-ndjson";
export const CLOUD_EVENT_MEDIA_TYPE = "application/cloudevents+json";
export const CLOUD_EVENTS_MEDIA_TYPE = "application/cloudevents-batch+json";
