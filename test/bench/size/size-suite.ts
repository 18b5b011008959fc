/** What a page loads: the package as it is built, minified, as brotli would send it. */
import { absolute, type Figure } from "../figure.ts";
import { bundleSizes } from "./bundle-sizes.ts";

const KB = 1_000;

export async function sizeSuite(): Promise<readonly Figure[]> {
  const { page, worker } = await bundleSizes();
  const figure = (name: string, { first, whole }: { first: number; whole: number }, atMost: number): Figure =>
    absolute(
      {
        name,
        unit: "kB",
        ours: first / KB,
        peers: { "with all that is loaded when it is needed": whole / KB },
        note: "minified and brotli",
      },
      { atMost },
    );
  return [figure("page", page, 7), figure("worker", worker, 22)];
}
