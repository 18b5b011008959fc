/** Source text with its comments, and on wish the insides of its strings, turned to spaces. Line numbers stay. */
export interface BlankedSource {
  /** Comments and the insides of strings and regular expressions are blank. */
  readonly code: string;
  /** Comments alone are blank. */
  readonly withStrings: string;
}

/** What is not code. Templates with expressions are taken as code: the expressions must be seen. */
const TOKEN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\$]|\$(?!\{))*`)|(?<regex>(?<=(?:^|[=(,:;!&|?{}[+\-<>]|return|=>)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*)/g;

export function blankOut(text: string): BlankedSource {
  const blanked = (keepStrings: boolean): string =>
    text.replace(TOKEN, (token: string, ...rest: unknown[]) => {
      const groups = rest.at(-1) as Readonly<Record<string, string | undefined>>;
      const isComment = groups["comment"] !== undefined;
      if (!isComment && keepStrings) return token;
      return token.replace(/[^\n"'`]/g, " ");
    });
  return { code: blanked(false), withStrings: blanked(true) };
}
