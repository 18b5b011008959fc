/** `npm run api`: writes the public types down as they are now. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { API_FOLDER, publicApi } from "./public-api.ts";

const api = await publicApi();
await rm(API_FOLDER, { recursive: true, force: true });
await mkdir(API_FOLDER, { recursive: true });
for (const [file, text] of api) await writeFile(join(API_FOLDER, file), text);
console.log(`docs/api: ${[...api.keys()].join(", ")}`);
