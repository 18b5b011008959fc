import { metadata } from "../operations/metadata.ts";
import { json, type Route } from "./route.ts";

export const metadataRoute: Route = async ({ url, ports }) => {
  const names = url.searchParams.get("topics");
  const create = url.searchParams.get("create") === "true";
  return json(await metadata(ports, names === null ? null : names.split(","), create));
};
