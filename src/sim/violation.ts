/** Something that must never happen, whatever has failed; ends the run. */
export class Violation extends Error {}
