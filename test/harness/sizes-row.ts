/** The README's row of what users load: the build prints it, and a test compares the two. */
import type { PackageSizes } from "./package-sizes.ts";

const NAME = "a page that sends, with a consumer too, with all parts; the worker (Vite, brotli)";
const ROW = /^\| a page that sends, [^|]*\| (?<sizes>[\d. kB;]+) \|/m;

export function sizesRow({ first, consuming, whole, worker }: PackageSizes): string {
  const [page, ...more] = [first, consuming, whole, worker].map((bytes) => (bytes / 1_000).toFixed(1));
  const [reading, all, own] = more;
  return `| ${NAME} | ${page} ${reading} ${all}; ${own} kB | | |`;
}

/** In kB, in their order; empty where there is no such row. */
export function sizesIn(markdown: string): readonly number[] {
  return Array.from(ROW.exec(markdown)?.groups?.["sizes"]?.matchAll(/[\d.]+/g) ?? [], ([digits]) => Number(digits));
}
