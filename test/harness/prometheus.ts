/** A strict reader of Prometheus' text format 0.0.4: whatever is odd throws, with its line. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** Values by their labels as they stand: `topic="a",partition="0"`; "" where there are none. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = "[a-zA-Z_][a-zA-Z0-9_]*";
const LABEL = String.raw`${NAME}="(?:[^"\\\n]|\\["\\n])*"`;
const SAMPLE = new RegExp(String.raw`^(${NAME})(?:\{(${LABEL}(?:,${LABEL})*)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$`);
const COMMENT = new RegExp(String.raw`^# (HELP|TYPE) (${NAME}) (.+)$`);

/** Each family is introduced by HELP and TYPE, once, and stands together; no series stands twice. */
export function readPrometheus(text: string): ReadonlyMap<string, Family> {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, Family & { readonly samples: Map<string, number> }>();
  let help: readonly [name: string, text: string] | null = null;
  let family: string | null = null;
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, of = "", said = ""] = COMMENT.exec(line) ?? [];
    if (kind === "HELP") help = [of, said];
    else if (kind === "TYPE") {
      if (help?.[0] !== of || families.has(of) || !/^(counter|gauge)$/.test(said)) throw new Error(line);
      if ((said === "counter") !== of.endsWith("_total")) throw new Error(`${line}: counters end in _total`);
      families.set(of, { type: said, help: help[1], samples: new Map() });
      family = of;
    } else {
      const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
      const held = name === undefined || name !== family ? undefined : families.get(name);
      if (held === undefined || held.samples.has(labels)) throw new Error(line);
      held.samples.set(labels, Number(value));
    }
  }
  return families;
}
