/** Origins as browsers write them, one by one and in lists of text. */

/** `https://shop.example:8443`: lower case, no path, no port that goes without saying. `null` is none. */
export function isOrigin(text: string): boolean {
  if (!/^https?:/.test(text) || text.includes("*") || !URL.canParse(text)) return false;
  return new URL(text).origin === text;
}

/** Separated by commas. */
export function originsIn(list: string): string[] {
  return list.split(",").map((one) => one.trim());
}
