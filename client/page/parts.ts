/**
 * What a page loads when it is first needed, so that it starts small: bundlers make files of their own of these. Where the
 * page is in a browser, all of them are fetched in an idle moment after the worker has opened, so that they are there offline.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type * as PageAdmin from "./admin/page-admin.ts";
import type * as Work from "./consumer-work.ts";
import type * as View from "./table-view.ts";
import type * as Letters from "./dead-letters.ts";

/** Rejects with `PART_NOT_LOADED`; the next call tries again. */
type Part<Module> = () => Promise<Module>;

export const adminPart: Part<typeof PageAdmin> = part("admin", () => import("./admin/page-admin.ts"));
export const consumerPart: Part<typeof Work> = part("consumer", () => import("./consumer-work.ts"));
export const tablePart: Part<typeof View> = part("table", () => import("./table-view.ts"));
export const lettersPart: Part<typeof Letters> = part("letters", () => import("./dead-letters.ts"));

/** Whether all of them are there now. */
export async function loadParts(): Promise<boolean> {
  const parts = [adminPart, consumerPart, tablePart, lettersPart];
  const loaded = await Promise.allSettled(parts.map((load) => load()));
  return loaded.every(({ status }) => status === "fulfilled");
}

function part<Module>(name: string, load: () => Promise<Module>): Part<Module> {
  let loading: Promise<Module> | null = null;
  return () =>
    (loading ??= load().catch((cause: unknown) => {
      loading = null;
      throw new StrandlineError("PART_NOT_LOADED", `${name}: ${String(cause)}`, { part: name }, cause);
    }));
}

/** All of whose methods answer promises: each waits for what is made of the part. */
export function lazily<Made extends object>(make: () => Promise<Made>): Made {
  let made: Promise<Made> | null = null;
  const get = (): Promise<Made> => {
    made ??= make();
    made.catch(() => (made = null));
    return made;
  };
  type Call = (...given: readonly unknown[]) => Promise<unknown>;
  return new Proxy({} as Made, {
    get: (_, name): Call | undefined =>
      // It is awaited like any value: it is no promise.
      name === "then"
        ? undefined
        : async (...given) => await ((await get()) as unknown as Record<PropertyKey, Call>)[name]?.(...given),
  });
}
