/** An event stream, as a test reads it: everything at once, in the background. */
import { expect, vi } from "vitest";
import { call, type Place } from "./edge.ts";

export class EventReader {
  text = "";
  done = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader();
    // Ended by its own cancel.
    this.#read().catch(() => undefined);
  }

  get ids(): string[] {
    return Array.from(this.text.matchAll(/^id: (.*)$/gm), ([, id]) => id ?? "");
  }
  /** `offset:value` of each. */
  get values(): string[] {
    return Array.from(this.text.matchAll(/^data: (\{"offset".*)$/gm), ([, json]) => {
      const { offset, value } = JSON.parse(json ?? "") as { offset: number; value: string };
      return `${offset}:${value}`;
    });
  }

  async untilValues(...values: readonly string[]): Promise<void> {
    await vi.waitFor(() => expect(this.values).toEqual(values), { interval: 5 });
  }
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      this.text += decoder.decode(value, { stream: true });
    }
    this.done = true;
  }
}

/** From the start of the partition, or behind the `last-event-id`. */
export async function eventsOf(
  { name, partition }: Place,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const path = `/v1/topics/${name}/partitions/${partition}/records`;
  const response = await call(path, { headers: { accept: "text/event-stream", ...headers } });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return new EventReader(response);
}
