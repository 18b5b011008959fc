/** What the libraries that pages keep their data in today do with the same records, in the same page and run. */
export interface Rival {
  readonly name: string;
  /** In one call, as fast as the library knows how. Resolves when they are stored. */
  bulk(values: readonly string[]): Promise<void>;
  /** One record. */
  add(value: string): Promise<void>;
  remove(): Promise<void>;
}

let ids = 0;

/** Keys in the order of time, as outboxes have them. */
export function nextId(): string {
  ids += 1;
  return String(ids).padStart(12, "0");
}
