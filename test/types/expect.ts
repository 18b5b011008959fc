/** Claims about types, which fail to compile where they do not hold. */
export type Expect<Claim extends true> = Claim;

/** The same type, not only one that may stand for the other. */
export type Equal<One, Other> =
  (<Type>() => Type extends One ? 1 : 2) extends <Type>() => Type extends Other ? 1 : 2 ? true : false;
