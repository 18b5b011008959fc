/** What goes wrong within a simulated partition. */

/** `before`: nothing was written. `after`: all was, and the caller cannot know. */
export type StorageFault = "before" | "after";

/** Bugs that a checker must catch: an append that is not remembered, an ack of what is not there, a void that is not kept. */
export type PlantedBug = "no dedup" | "ack before commit" | "no void";
