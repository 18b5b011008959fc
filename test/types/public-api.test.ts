/** The public types are those that were committed: `npm run api` writes them down, and the diff says what changes for users. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { API_FOLDER, publicApi } from "../harness/public-api.ts";

test("docs/api holds the types of every entry of the package, as they are built", async () => {
  const api = await publicApi();
  expect(await readdir(API_FOLDER)).toEqual([...api.keys()].toSorted());
  for (const [file, text] of api)
    expect(await readFile(join(API_FOLDER, file), "utf8"), `docs/api/${file}: npm run api`).toBe(text);
});
