/** The shapes of what the REST proxy's consumers are asked, and answer. */
import { z } from "zod";
import { LIMITS } from "../../../shared/limits.ts";
import type { NamedSchema } from "../../answer-schemas.ts";
import { int32, offset } from "../../schemas.ts";
import { digits } from "../produced-schemas.ts";

const named = (name: string, schema: z.ZodType): NamedSchema => ({ name, schema });
const place = { topic: z.string(), partition: int32 };
const stated = z.union([z.string(), z.int()]);
const truth = z.union([z.boolean(), z.enum(["true", "false"])]);

export interface PollQuery {
  readonly timeout?: number;
  readonly max_bytes: number;
}

/** -1, as clients of the original send it: the default. */
export const pollQuery: z.ZodType<PollQuery> = z.looseObject({
  timeout: z.union([digits, z.literal("-1").transform(() => undefined)]).exactOptional(),
  max_bytes: z.union([digits, z.literal("-1").transform(() => LIMITS.batchBytesMax)]).default(LIMITS.batchBytesMax),
}) as z.ZodType<PollQuery>;

export const REST_CREATE: NamedSchema = named(
  "RestCreateConsumer",
  z.object({
    name: z.string().optional(),
    format: z.enum(["binary", "json"]).optional(),
    "auto.offset.reset": z.enum(["earliest", "latest", "none"]).optional(),
    "auto.commit.enable": truth.optional(),
    "fetch.min.bytes": stated.optional(),
    "consumer.request.timeout.ms": stated.optional(),
  }),
);
export const REST_CREATED: NamedSchema = named(
  "RestConsumer",
  z.object({ instance_id: z.string(), base_uri: z.string() }),
);
export const REST_SUBSCRIBE: NamedSchema = named(
  "RestSubscribe",
  z.object({ topics: z.array(z.string()).optional(), topic_pattern: z.string().optional() }),
);
export const REST_SUBSCRIPTION: NamedSchema = named("RestSubscription", z.object({ topics: z.array(z.string()) }));
export const REST_PLACES: NamedSchema = named("RestPlaces", z.object({ partitions: z.array(z.object(place)) }));
export const REST_COMMIT: NamedSchema = named(
  "RestCommit",
  z.object({ offsets: z.array(z.object({ ...place, offset, metadata: z.string().optional() })) }),
);
export const REST_COMMITTING: NamedSchema = named("RestCommitting", z.array(z.never()));
export const REST_COMMITTED: NamedSchema = named(
  "RestCommitted",
  z.object({ offsets: z.array(z.object({ ...place, offset, metadata: z.string() })) }),
);
export const REST_SEEK: NamedSchema = named(
  "RestSeek",
  z.object({ offsets: z.array(z.object({ ...place, offset, metadata: z.string().optional() })) }),
);
