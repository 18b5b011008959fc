/**
 * What a validator has to be: Standard Schema, version 1 (standardschema.dev), as zod, valibot and arktype have it. Only
 * the part that is used, by structure, so that no package is needed for it.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** For the compiler alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What is wrong with a key, a value or its headers. */
export interface Issue {
  /** `items.0.price`; empty: the whole. */
  readonly path: string;
  readonly message: string;
}

/** Data, or why it is none. */
export type Checked = { readonly data: unknown } | { readonly issues: readonly Issue[] };

export function refused(message: string): Checked {
  return { issues: [{ path: "", message }] };
}

/** A validator that throws or rejects has refused. */
export function validate(schema: Schema, value: unknown): Checked | Promise<Checked> {
  try {
    const result = schema["~standard"].validate(value);
    return result instanceof Promise ? result.then(checkedOf, failed) : checkedOf(result);
  } catch (error) {
    return failed(error);
  }
}

export function failed(error: unknown): Checked {
  return refused(error instanceof Error ? error.message : String(error));
}

function checkedOf(result: SchemaResult<unknown>): Checked {
  if (result.issues === undefined) return { data: result.value };
  return { issues: result.issues.map(({ message, path = [] }) => ({ message, path: path.map(nameOf).join(".") })) };
}

function nameOf(step: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof step === "object" ? step.key : step);
}
