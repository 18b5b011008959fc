/** The server's first program, run by Node against a real edge. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { ROOT } from "../harness/paths.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";

test("server: what is acked is at the edge, and the program ends by itself", async () => {
  const dir = await tempDir("server-example");
  const broker = await startBroker({ dir: join(dir.path, "broker") });
  try {
    const outfile = join(dir.path, "server.mjs");
    const alias = { "strandline/http": join(ROOT, "client", "http.ts") };
    const entryPoints = [join(ROOT, "examples", "first", "server.ts")];
    await build({ entryPoints, outfile, alias, bundle: true, format: "esm", platform: "node", target: "es2024" });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile, broker.url], { timeout: 30_000 });
    const [, partition] = /^2 records at orders-(\d)@0\n$/.exec(stdout) ?? [];
    const path = `/v1/topics/orders/partitions/${partition}/records?offset=earliest`;
    const { records } = (await (await fetch(`${broker.url}${path}`)).json()) as { records: { value: string }[] };
    expect(records.map(({ value }) => value)).toEqual(['{"item":"pear"}', '{"item":"plum"}']);
  } finally {
    await broker.kill();
    await dir.remove();
  }
});
