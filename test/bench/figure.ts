/** What a suite has to say: each figure beside what the bare platform does with the same bytes in the same run. */
export interface Figure {
  /** What was done, and where it was measured. */
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Null: the target is absolute, there is nothing bare to compare with. */
  readonly raw: number | null;
  /** Other figures of the same run that help to read this one. */
  readonly peers: Readonly<Record<string, number>>;
  readonly ratioToRaw: number | null;
  readonly target: string;
  readonly met: boolean;
  /** What `raw` and `peers` are. Of the table only. */
  readonly note: string;
}

export type Suite = () => Promise<readonly Figure[]>;

export interface Bound {
  readonly atLeast?: number;
  readonly atMost?: number;
}

type Measured = Pick<Figure, "name" | "unit" | "ours" | "note"> & { readonly peers?: Figure["peers"] };

/** The target is on our figure itself. */
export function absolute(measured: Measured, bound: Bound): Figure {
  const { ours, unit } = measured;
  return {
    peers: {},
    ...measured,
    raw: null,
    ratioToRaw: null,
    target: `${told(bound)} ${unit}`,
    met: holds(ours, bound),
  };
}

/** The target is on the ratio to raw: by default ours / raw, else the median of the rounds' own ratios. */
export function relative(measured: Measured & { readonly raw: number; readonly ratio?: number }, bound: Bound): Figure {
  const { ratio, ...rest } = measured;
  const ratioToRaw = ratio ?? measured.ours / measured.raw;
  return { peers: {}, ...rest, ratioToRaw, target: `${told(bound)} x raw`, met: holds(ratioToRaw, bound) };
}

function told({ atLeast, atMost }: Bound): string {
  return atLeast === undefined ? `<= ${atMost ?? 0}` : `>= ${atLeast}`;
}

function holds(value: number, { atLeast, atMost }: Bound): boolean {
  return value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
}
