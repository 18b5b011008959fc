/** What a page loads of the package as it is built. */
import { join } from "node:path";
import { buildPackage } from "../../harness/built-package.ts";
import { packageSizes } from "../../harness/package-sizes.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { absolute, type Figure } from "../figure.ts";

const KB = 1_000;
const HOW = { unit: "kB", note: "bundled by Vite, brotli" };

export async function sizeSuite(): Promise<readonly Figure[]> {
  const dir = await tempDir("size");
  try {
    const built = join(dir.path, "package");
    await buildPackage(built);
    const { first, consuming, whole, worker } = await packageSizes(built);
    const peers = {
      "a page that sends, at first": first / KB,
      "with all that is loaded when it is needed": whole / KB,
    };
    return [
      absolute({ name: "page, sending and consuming", ours: consuming / KB, peers, ...HOW }, { atMost: 7 }),
      absolute({ name: "worker", ours: worker / KB, ...HOW }, { atMost: 22 }),
    ];
  } finally {
    await dir.remove();
  }
}
