import { ERRORS, isErrorCode, type ErrorCode } from "./error-table.ts";

/** What an error names besides its code: the offending value, its position, a limit. Plain JSON values only. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The shape of an error on the wire and between page and worker. */
export interface ErrorBody extends ErrorDetails {
  readonly code: ErrorCode;
  readonly errno: number;
  readonly retriable: boolean;
  readonly message: string;
}

/** The one error type of the public interface. `message` is the table's sentence and what was said of this case. */
export class StrandlineError extends Error {
  override readonly name = "StrandlineError";
  readonly code: ErrorCode;
  readonly errno: number;
  readonly retriable: boolean;
  readonly details: ErrorDetails;

  /** `said` names the offending thing, for a person: `partition 9, the topic "orders" has 6`. */
  constructor(code: ErrorCode, said: string, details: ErrorDetails = {}, cause?: unknown) {
    super(
      said === "" ? ERRORS[code].sentence : `${ERRORS[code].sentence} (${said})`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.errno = ERRORS[code].errno;
    this.retriable = ERRORS[code].retriable;
    this.details = details;
  }

  /** Nothing internal (stack, SQL, path) is part of this. */
  toBody(): ErrorBody {
    return { ...this.details, code: this.code, errno: this.errno, retriable: this.retriable, message: this.message };
  }

  /** The way back from `toBody`. An unknown code, from a newer edge, is a server error and keeps its message. */
  static fromBody(body: unknown): StrandlineError {
    const {
      code,
      message,
      errno: _errno,
      retriable: _retriable,
      ...details
    } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    const known = isErrorCode(code) ? code : "UNKNOWN_SERVER_ERROR";
    const error = new StrandlineError(known, "", onlyPlain(details));
    if (typeof message === "string") error.message = message;
    return error;
  }
}

function onlyPlain(details: Record<string, unknown>): ErrorDetails {
  const plain: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(details)) {
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      plain[name] = value;
  }
  return plain;
}
