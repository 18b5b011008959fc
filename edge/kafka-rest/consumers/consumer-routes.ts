/** Consumers of the REST proxy's v2: an instance of a group belongs to no node, and survives any of them. */
import type { ErrorCode } from "../../../shared/error-table.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { readBody } from "../../body.ts";
import { PRIVATE, queryOf, route, type Route, type RouteDoc, type RouteRequest } from "../../routes/route.ts";
import type { NamedSchema } from "../../answer-schemas.ts";
import { demand, parseJson } from "../../schemas.ts";
import { REST_FETCHED } from "../answer-schemas.ts";
import {
  acceptedFormat,
  demandRestJson,
  REST_BINARY_MEDIA_TYPE,
  REST_JSON_MEDIA_TYPE,
  REST_MEDIA_TYPE,
} from "../media-types.ts";
import { rest } from "../metadata-routes.ts";
import { anyQuery } from "../produced-schemas.ts";
import { assign, subscribe, subscribedTopics, unsubscribe } from "./assignment.ts";
import { createOf, offsetsOf, partitionsOf, subscriptionOf } from "./bodies.ts";
import { commit, commitLast, committedOf } from "./commits.ts";
import {
  pollQuery,
  REST_COMMIT,
  REST_COMMITTED,
  REST_COMMITTING,
  REST_CREATE,
  REST_CREATED,
  REST_PLACES,
  REST_SEEK,
  REST_SUBSCRIBE,
  REST_SUBSCRIPTION,
} from "./consumer-schemas.ts";
import { Instance } from "./instance.ts";
import { poll } from "./poll.ts";
import { seek } from "./positions.ts";

const OF_GROUP: readonly ErrorCode[] = ["INVALID_GROUP_ID", "GROUP_AUTHORIZATION_FAILED", "COORDINATOR_NOT_AVAILABLE"];
const OF_INSTANCE: readonly ErrorCode[] = [...OF_GROUP, "NOT_FOUND"];
const OF_TOPICS: readonly ErrorCode[] = ["TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PARTITION"];
const CHANGES: readonly ErrorCode[] = [...OF_INSTANCE, "REQUEST_TIMED_OUT"];
const STORED: readonly ErrorCode[] = ["UNKNOWN_TOPIC_ID", "KAFKA_STORAGE_ERROR"];
const BODY: readonly ErrorCode[] = ["REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];

interface Said {
  readonly body?: NamedSchema;
  /** Null: 204. */
  readonly answer?: NamedSchema;
  readonly errors: readonly ErrorCode[];
}

function doc(summary: string, { body, answer, errors }: Said): RouteDoc {
  const content = (of: NamedSchema): { readonly mediaType: string; readonly of: NamedSchema } => ({
    mediaType: REST_MEDIA_TYPE,
    of,
  });
  return {
    summary: `REST proxy v2: ${summary}`,
    query: anyQuery,
    body: body === undefined ? null : content(body),
    answer: answer === undefined ? { status: 204, contents: [] } : { status: 200, contents: [content(answer)] },
    errors: [...new Set([...errors, ...(body === undefined ? [] : BODY)])],
  };
}

function instanceOf({ ports, params }: RouteRequest): Instance {
  return new Instance(ports, params["group"] ?? "", params["instance"] ?? "");
}

/** Null: it is empty. Throws `INVALID_REQUEST`, `UNSUPPORTED_MEDIA_TYPE`, `REQUEST_TOO_LARGE`. */
async function bodyOf({ request }: RouteRequest): Promise<unknown> {
  const body = await readBody(request, LIMITS.jsonBytesMax);
  if (body.byteLength === 0) return null;
  demandRestJson(request.headers);
  return parseJson(body);
}

function done(): Response {
  return new Response(null, { status: 204, headers: PRIVATE });
}

export const createConsumerRoute: Route = route(
  doc("make a consumer instance in a group.", {
    body: REST_CREATE,
    answer: REST_CREATED,
    errors: [...OF_GROUP, "UNRELEASED_INSTANCE_ID", "INVALID_CONFIG"],
  }),
  async (asked) => {
    const { ports, params, url } = asked;
    const group = params["group"] ?? "";
    const { name, config } = createOf(await bodyOf(asked));
    const instance = name ?? `rest-consumer-${ports.newSessionId()}`;
    await new Instance(ports, group, instance).create(config);
    const path = `consumers/${encodeURIComponent(group)}/instances/${encodeURIComponent(instance)}`;
    return rest({ instance_id: instance, base_uri: `${url.origin}/kafka-rest/${path}` });
  },
);

export const deleteConsumerRoute: Route = route(
  doc("end a consumer instance: it leaves its group, and what it was told is committed where it commits by itself.", {
    errors: OF_INSTANCE,
  }),
  async (asked) => {
    const instance = instanceOf(asked);
    await commitLast(instance);
    await instance.remove();
    return done();
  },
);

export const subscribeRoute: Route = route(
  doc("subscribe to topics, or to all whose name a pattern matches.", {
    body: REST_SUBSCRIBE,
    errors: [...CHANGES, "TOPIC_AUTHORIZATION_FAILED", "INVALID_TOPIC_EXCEPTION", "UNSUPPORTED_OPERATION"],
  }),
  async (asked) => {
    const instance = instanceOf(asked);
    const subscription = subscriptionOf(await bodyOf(asked));
    await (subscription === null ? unsubscribe(instance) : subscribe(instance, subscription));
    return done();
  },
);

export const subscriptionRoute: Route = route(
  doc("the topics that an instance is subscribed to.", { answer: REST_SUBSCRIPTION, errors: OF_INSTANCE }),
  async (asked) => {
    const instance = instanceOf(asked);
    const { state } = await instance.read();
    return rest({ topics: await subscribedTopics(instance, state) });
  },
);

export const unsubscribeRoute: Route = route(
  doc("end a subscription or an assignment.", { errors: CHANGES }),
  async (asked) => {
    await unsubscribe(instanceOf(asked));
    return done();
  },
);

export const assignRoute: Route = route(
  doc("name the partitions to read, without being a member of the group.", {
    body: REST_PLACES,
    errors: [...CHANGES, ...OF_TOPICS, ...STORED, "UNSUPPORTED_OPERATION"],
  }),
  async (asked) => {
    const instance = instanceOf(asked);
    await assign(instance, partitionsOf(await bodyOf(asked)));
    return done();
  },
);

export const assignmentRoute: Route = route(
  doc("the partitions that an instance has.", { answer: REST_PLACES, errors: OF_INSTANCE }),
  async (asked) => {
    const { state } = await instanceOf(asked).read();
    return rest({ partitions: state.held.map(({ topic, partition }) => ({ topic, partition })) });
  },
);

export const pollRoute: Route = route(
  {
    summary: "REST proxy v2: the next records of an instance.",
    query: pollQuery,
    body: null,
    answer: {
      status: 200,
      contents: [
        { mediaType: REST_BINARY_MEDIA_TYPE, of: REST_FETCHED },
        { mediaType: REST_JSON_MEDIA_TYPE, of: REST_FETCHED },
      ],
    },
    errors: [
      ...[...CHANGES, ...STORED],
      "NOT_ACCEPTABLE",
      "UNSUPPORTED_OPERATION",
      "TOPIC_AUTHORIZATION_FAILED",
      "INVALID_RECORD",
      "OFFSET_OUT_OF_RANGE",
      "CORRUPT_MESSAGE",
      "GROUP_MAX_SIZE_REACHED",
      "POLICY_VIOLATION",
    ],
  },
  async (asked) => {
    const instance = instanceOf(asked);
    const { timeout = null, max_bytes: maxBytes } = demand(pollQuery, queryOf(asked), "the query");
    const accept = asked.request.headers.get("accept");
    let mediaType = REST_BINARY_MEDIA_TYPE;
    const records = await poll(instance, { timeoutMs: timeout, maxBytes }, ({ config }) => {
      demandFormat(accept, config.format);
      mediaType = config.format === "json" ? REST_JSON_MEDIA_TYPE : REST_BINARY_MEDIA_TYPE;
    });
    return rest(records, mediaType);
  },
);

/** Who names no format takes that of the instance. Throws `NOT_ACCEPTABLE`. */
function demandFormat(accept: string | null, format: "binary" | "json"): void {
  if (acceptedFormat(accept, format) === format) return;
  throw new StrandlineError("NOT_ACCEPTABLE", `the format of this consumer instance is ${format}`, { format });
}

export const commitRoute: Route = route(
  doc("commit what was told, or behind the offsets that are named.", {
    body: REST_COMMIT,
    answer: REST_COMMITTING,
    errors: [
      ...[...CHANGES, ...OF_TOPICS, ...STORED],
      "NON_EMPTY_GROUP",
      "POLICY_VIOLATION",
      "UNKNOWN_MEMBER_ID",
      "FENCED_MEMBER_EPOCH",
      "OFFSET_OUT_OF_RANGE",
      "OFFSET_METADATA_TOO_LARGE",
    ],
  }),
  async (asked) => {
    const instance = instanceOf(asked);
    const body = await bodyOf(asked);
    await commit(instance, body === null ? null : offsetsOf(body));
    return rest([]);
  },
);

export const committedRoute: Route = route(
  doc("the committed offsets of the partitions that are named in the body; without one, of those that it has.", {
    answer: REST_COMMITTED,
    errors: [...OF_INSTANCE, ...OF_TOPICS, ...STORED],
  }),
  async (asked) => {
    const instance = instanceOf(asked);
    const { state } = await instance.read();
    const body = await bodyOf(asked);
    const found = await committedOf(instance, body === null ? state.held : partitionsOf(body));
    const offsets = found.flatMap(({ topic, partition, committed }) =>
      committed === null
        ? []
        : [{ topic: topic.name, partition, offset: committed.offset, metadata: committed.metadata }],
    );
    return rest({ offsets });
  },
);

const SEEKS: readonly ErrorCode[] = [...CHANGES, "UNSUPPORTED_OPERATION"];

export const seekRoute: Route = route(
  doc("where the next poll goes on.", { body: REST_SEEK, errors: SEEKS }),
  async (asked) => {
    const instance = instanceOf(asked);
    await seek(
      instance,
      offsetsOf(await bodyOf(asked)).map((one) => ({ ...one, to: one.offset })),
    );
    return done();
  },
);

const seekTo = (to: "earliest" | "latest", where: string): Route =>
  route(
    doc(`the next poll goes on at the ${where} of those partitions.`, {
      body: REST_PLACES,
      errors: [...SEEKS, ...STORED],
    }),
    async (asked) => {
      const instance = instanceOf(asked);
      await seek(
        instance,
        partitionsOf(await bodyOf(asked)).map((one) => ({ ...one, to })),
      );
      return done();
    },
  );

export const seekToBeginningRoute: Route = seekTo("earliest", "beginning");
export const seekToEndRoute: Route = seekTo("latest", "end");
