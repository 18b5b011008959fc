import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { openApiDocument, type DocumentedRoute, type Json } from "../openapi/document.ts";
import { json, route, type Route } from "./route.ts";

/** `routes`: asked for when it is first needed, since this route is among them. */
export function openApiRoute(routes: () => readonly DocumentedRoute[]): Route {
  let made: Json | null = null;
  return route(
    {
      summary: "This document.",
      query: null,
      body: null,
      answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: null }] },
      errors: [],
    },
    () => Promise.resolve(json((made ??= openApiDocument(routes())))),
  );
}
