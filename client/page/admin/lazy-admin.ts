/** An admin whose code is fetched with its first call. */
import type { Admin } from "./admin.ts";
import type { AdminDeps } from "./ports.ts";

export function lazyAdmin(deps: AdminDeps): Admin {
  let loading: Promise<Admin> | null = null;
  const load = (): Promise<Admin> => {
    loading ??= import("./page-admin.ts").then(({ pageAdmin }) => pageAdmin(deps));
    // Offline it may not come; the next call tries again.
    loading.catch(() => (loading = null));
    return loading;
  };
  type Call = (...given: readonly unknown[]) => Promise<unknown>;
  return new Proxy({} as Admin, {
    get: (_, name): Call | undefined =>
      // An admin is awaited like any value: it is no promise.
      name === "then"
        ? undefined
        : async (...given) => await ((await load()) as unknown as Record<PropertyKey, Call>)[name]?.(...given),
  });
}
