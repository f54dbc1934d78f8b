/** Versions of everything that crosses a boundary. A change of meaning is a new number. */

/** Operator ABI between host and module. */
export const ABI_VERSION = 2;
/** Block layout of a batch. */
export const BATCH_VERSION = 1;
/** Control and data links (the hello message names it). */
export const PROTOCOL_VERSION = 1;
/** Job spec. */
export const JOB_SPEC_VERSION = 1;
/** Self-description of a bundle. */
export const MANIFEST_VERSION = 1;
