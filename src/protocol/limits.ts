/** Every bound in Millrace, each with its reason. Units last in the name. */

/** Rows of one batch: large enough to hide the 10 ns of a boundary crossing, small enough for L2. */
export const BATCH_ROWS = 4096;
/** Text and bytes of one batch before it is sealed, per variable-length column. */
export const BATCH_TEXT_BYTES = 256 * 1024;
/** A block larger than this is refused at ingress (one value may exceed BATCH_TEXT_BYTES). */
export const BATCH_MAX_BYTES = 64 * 1024 * 1024;
/** Columns of one schema, children counted. */
export const SCHEMA_MAX_COLUMNS = 1024;
/** Depth of nested ROW / ARRAY / MAP types. */
export const SCHEMA_MAX_DEPTH = 16;

/** Time one call into a module may run before it must return. */
export const TIME_SLICE_MS = 5;
/** A call that has not returned after this is stuck: the slot is terminated (watchdog). */
export const WATCHDOG_MS = 5_000;
/** How often the watchdog looks. */
export const WATCHDOG_PERIOD_MS = 250;

/** Batches a sender may have under way per channel; what a port or socket ever holds. */
export const CHANNEL_CREDITS = 2;
/** Longest wait of a partly filled batch (Flink: execution.buffer-timeout). */
export const BUFFER_TIMEOUT_MS = 10;
/** Longest data frame on a WebSocket: a whole block and its header. */
export const FRAME_MAX_BYTES = BATCH_MAX_BYTES + 1024;
/** Longest control message: a deployment of some hundred tasks. */
export const CONTROL_MESSAGE_MAX_BYTES = 4 * 1024 * 1024;

/** Default maximum memory of one module instance, pages of 64 KiB (256 MiB). */
export const MODULE_MEMORY_MAX_PAGES = 4096;
/** Live linear memories in one process: each reserves about 10 GB of address space. */
export const PROCESS_MAX_MEMORIES = 256;
/** Largest uploaded bundle. */
export const BUNDLE_MAX_BYTES = 32 * 1024 * 1024;
/** Files inside a bundle's source archive. */
export const BUNDLE_MAX_SOURCE_FILES = 1_000;
/** Unpacked size of a bundle's source archive. */
export const BUNDLE_MAX_SOURCE_BYTES = 16 * 1024 * 1024;
/** Ratio of unpacked to packed bytes above which an archive is taken for a bomb. */
export const BUNDLE_MAX_COMPRESSION_RATIO = 100;
/** Self-description of a bundle, bytes of JSON. */
export const BUNDLE_MAX_MANIFEST_BYTES = 1024 * 1024;
/** Time a bundle's parser may take before its process is killed. */
export const BUNDLE_PARSE_TIMEOUT_MS = 10_000;

/** Largest JSON body of a REST call. */
export const HTTP_BODY_MAX_BYTES = 4 * 1024 * 1024;
/** A WebSocket that has not said hello by then is closed. */
export const HANDSHAKE_TIMEOUT_MS = 5_000;

/** Heartbeat period and the silence after which a worker counts as lost. */
export const HEARTBEAT_INTERVAL_MS = 1_000;
export const HEARTBEAT_TIMEOUT_MS = 10_000;

/** Vertices of one job. */
export const JOB_MAX_VERTICES = 512;
/** Parallelism of one vertex; Flink's upper bound of maxParallelism. */
export const MAX_PARALLELISM = 32_768;
/** Exceptions kept per job. */
export const JOB_MAX_EXCEPTIONS = 64;
/** Finished jobs kept for the REST API. */
export const JOB_HISTORY = 200;
/** Lines of log kept per process for the log tail. */
export const LOG_TAIL_LINES = 2_000;
/** Longest line or record a text source accepts. */
export const RECORD_MAX_BYTES = 16 * 1024 * 1024;
/** Bytes a file source reads and hands to its module at once. */
export const SOURCE_CHUNK_BYTES = 256 * 1024;
