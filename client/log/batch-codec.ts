/** How the log looks into batches and merges them: everything it needs of the codec in `shared/`. */
import type { Offset } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { checkRecords, readBatch } from "../../shared/record-batch-decode.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

export {};
