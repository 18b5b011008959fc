/** The shapes of what the REST proxy's face takes. Bodies are read by hand, so that a million records cost no schema each. */
import { z } from "zod";
import { LIMITS } from "../../shared/limits.ts";
import type { NamedSchema } from "../answer-schemas.ts";
import { int32, offset } from "../schemas.ts";

const timestamp = z.int().min(0).nullable().optional();

const header = z.object({ key: z.string(), value: z.string().nullable() });
const produceV2 = z.object({
  records: z
    .array(
      z.object({
        key: z.unknown().optional(),
        value: z.unknown().optional(),
        partition: int32.nullable().optional(),
        headers: z.array(header).optional(),
        timestamp,
      }),
    )
    .min(1),
});

const data = z.object({ type: z.enum(["BINARY", "JSON", "STRING"]), data: z.unknown() });
const recordV3 = {
  partition_id: int32.nullable().optional(),
  headers: z.array(z.object({ name: z.string(), value: z.string().nullable() })).optional(),
  key: data.nullable().optional(),
  value: data.nullable().optional(),
  timestamp: z.union([z.string(), z.int()]).nullable().optional(),
};

export const digits: z.ZodType<number, string> = z.string().regex(/^\d+$/).transform(Number);

export interface FetchQuery {
  readonly offset: number;
  /** Milliseconds to wait for a first record. */
  readonly timeout: number;
  readonly max_bytes: number;
}

export const restFetchQuery: z.ZodType<FetchQuery> = z.object({
  offset: digits.pipe(offset),
  timeout: digits.pipe(z.int().max(LIMITS.fetchWaitMsMax)).default(0),
  max_bytes: digits.pipe(z.int()).default(LIMITS.batchBytesMax),
});

/** Tools send along what other proxies know (`async`, say): nothing is refused for it. */
export const anyQuery: z.ZodType = z.looseObject({});

export const REST_PRODUCE: NamedSchema = { name: "RestProduce", schema: produceV2 };
export const REST_RECORD: NamedSchema = { name: "RestRecord", schema: z.object(recordV3) };
export const REST_BATCH: NamedSchema = {
  name: "RestBatch",
  schema: z.object({ entries: z.array(z.object({ id: z.string().min(1).max(80), ...recordV3 })) }),
};
