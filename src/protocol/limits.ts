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

/** Frames a sender may have under way per channel; what a port or socket ever holds, and its end. */
export const CHANNEL_CREDITS = 2;
/** Longest wait of a partly filled batch (Flink: execution.buffer-timeout). */
export const BUFFER_TIMEOUT_MS = 10;
/** Longest data frame on a WebSocket: a whole block and its header. */
export const FRAME_MAX_BYTES = BATCH_MAX_BYTES + 1024;
/** Longest control message. The longest, a deployment, is checked before it is sent. */
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
/** How often connections are looked at for that limit; Node's own period would make 5 s into 35. */
export const HANDSHAKE_CHECK_PERIOD_MS = 1_000;

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

/** Recycled frame buffers one isolate keeps: a few batches for each of a dozen channels. */
export const FRAME_POOL_BUFFERS = 32;
/** Bytes those buffers may hold together; larger ones go to the garbage collector. */
export const FRAME_POOL_BYTES = 32 * 1024 * 1024;
/** Credit frames held for tasks that are not deployed yet: one per channel of a large job. */
export const EARLY_FRAMES_MAX = 16_384;
/** A peer that cannot be reached for this long fails the tasks that need it. */
export const DATA_LINK_TIMEOUT_MS = 5_000;
/** Pause between two attempts to dial a peer: first (also for the JobManager) and longest. */
export const REDIAL_FIRST_MS = 50;
export const REDIAL_MAX_MS = 2_000;
/** Tasks that have not stopped this long after a cancel are stopped by ending their isolate. */
export const TASK_CANCEL_TIMEOUT_MS = 1_000;
/** Longest hello message of a data link. */
export const HELLO_MAX_BYTES = 4 * 1024;
/** Time from the start of a slot's isolate to its running tasks, before those fail. */
export const SLOT_START_TIMEOUT_MS = 10_000;
/** Compiled modules a worker keeps: code is shared by its slots. */
export const MODULE_CACHE_MAX = 64;
/** Smallest and largest byte range of a split of one file. */
export const SPLIT_MIN_BYTES = 64 * 1024;
export const SPLIT_MAX_BYTES = 64 * 1024 * 1024;
/** Splits a file source aims at for each subtask, so that the last one to end is not far behind. */
export const SPLITS_PER_SUBTASK = 4;
/** Files of one source: the sorted list is held by every subtask. */
export const SOURCE_MAX_FILES = 100_000;
/** Files sink: a part is closed at this size (Flink: rolling policy, 128 MB). */
export const FILE_PART_MAX_BYTES = 128 * 1024 * 1024;
/** Files sink: a part is closed after this long (Flink: rollover interval, 60 s). */
export const FILE_PART_MAX_MS = 60_000;
/** Rows of one block: bounds the loops over a block that has rows but no columns. */
export const BATCH_MAX_ROWS = 1024 * 1024;
/** Entries of one list of a bundle's binary (types, imports, functions, exports, sections). */
export const BUNDLE_MAX_ENTRIES = 100_000;
/** Unpacked bytes of an archive up to which its ratio does not matter: small texts pack well. */
export const BUNDLE_RATIO_FREE_BYTES = 64 * 1024;

/** A job waits this long for slots before it fails (Flink: slot.request.timeout). */
export const SLOT_WAIT_TIMEOUT_MS = 300_000;
/** A worker that has not freed a stopped attempt's slots by then counts as lost. */
export const RELEASE_TIMEOUT_MS = 15_000;
/** All tasks of an attempt run by then, or the attempt fails: modules are fetched and compiled. */
export const DEPLOYMENT_TIMEOUT_MS = 60_000;
/** Sinks have published what they held back by then, or the job fails. */
export const COMMIT_TIMEOUT_MS = 60_000;
/** Workers of one cluster: each costs a link and a heartbeat a second. */
export const WORKERS_MAX = 1_000;
/** Lost workers, and replaced incarnations, that are remembered to fence what they still send. */
export const WORKER_HISTORY = 1_000;
/** Worker links, registered or not: room for each worker to dial again before its old link dies. */
export const WORKER_LINKS_MAX = 2 * WORKERS_MAX;
/** Bytes waiting in the socket of one worker; past them its link is cut: it does not read. */
export const LINK_BUFFER_MAX_BYTES = 32 * 1024 * 1024;
/** Jobs that have not ended, of one cluster. */
export const JOBS_MAX_LIVE = 256;
/** Messages of rows a collect subtask may have under way to its client. */
export const COLLECT_CREDITS = 2;
/** Events waiting for one SSE client; a slower one is disconnected. */
export const EVENT_QUEUE_MAX = 4_096;
/** Open SSE and row streams of one JobManager. */
export const EVENT_STREAMS_MAX = 256;
/** Characters of one log line; the rest is cut. */
export const LOG_LINE_MAX_CHARS = 8_192;
/** Silence after which an SSE stream gets a comment line, so that proxies keep it open. */
export const EVENT_KEEPALIVE_MS = 15_000;
/** Bundles being uploaded at once: each holds a file and, later, a parser. */
export const BUNDLE_UPLOADS_MAX = 4;
/** Bundles kept by one JobManager. */
export const BUNDLES_MAX = 1_000;
/** Writes a sink's connector may have under way: one is written while the next is formatted. */
export const SINK_WRITES_IN_FLIGHT = 2;
/** Chunks of a source asked for ahead: one is read while the one before is parsed. */
export const SOURCE_READS_AHEAD = 2;
/** Interval of periodic watermarks (Flink: pipeline.auto-watermark-interval). */
export const AUTO_WATERMARK_INTERVAL_MS = 200;
/** How often aligned sources tell their watermarks (Flink: WatermarkAlignmentParams). */
export const ALIGNMENT_UPDATE_INTERVAL_MS = 1_000;
/** How often a slot reports its tasks' counters. */
export const METRICS_INTERVAL_MS = 1_000;
/** TCP connections of one JobManager: worker links, streams and short calls. */
export const HTTP_CONNECTIONS_MAX = 4_096;
/** Subtasks of one job: each has its own descriptor in a deployment message. */
export const JOB_MAX_SUBTASKS = 16_384;
/** Channels of one job: an all-to-all edge of parallelism 256 has 65,536. */
export const JOB_MAX_CHANNELS = 262_144;
/** Young generation of a slot's isolate, MB: batches live in linear memory, so little is young. */
export const SLOT_YOUNG_GENERATION_MB = 4;
/** Depth of a JSON body: the deepest type in a job spec, and half as much again. */
export const JSON_MAX_DEPTH = 96;
/** Rows in one message of a collect sink: as JSON text a byte may take six, in a control message. */
export const COLLECT_MESSAGE_MAX_BYTES = 640 * 1024;
/** Longest pause between two attempts to dial the JobManager. */
export const JOB_MANAGER_REDIAL_MAX_MS = 5_000;
/** Log lines of user code that one slot sends in a second, after a burst; the rest is counted. */
export const LOG_LINES_PER_SECOND = 50;
export const LOG_LINES_BURST = 200;
/** Metrics of its own that an operator tells, and their text: a control message has to hold those of a slot. */
export const USER_METRICS_MAX = 256;
export const USER_METRICS_MAX_BYTES = 256 * 1024;
/** Rows that a collection source asks an application for at once. */
export const COLLECTION_PIECE_ROWS = 1_024;
/** A collection that the application does not offer by then is not there. */
export const COLLECTION_OPEN_TIMEOUT_MS = 5_000;
/**
 * Rows that wait at the head of an iteration. They come without credits: a loop whose every task waits for room in the
 * next one would stand still for ever. The head takes them before anything from outside, so they are
 * as many as one batch from outside becomes, going round, not as many as the input has.
 */
export const ITERATION_FEEDBACK_MAX_BYTES = 256 * 1024 * 1024;
/**
 * Slot isolates that one worker starts at once, at least; more where it has more cores. Each takes
 * about 100 ms of a core: further ones would only make all of them slower.
 */
export const SLOT_STARTS_AT_ONCE = 2;
/** What one row may write before it is over, where its operator undoes rows: beyond, its memory counts as exhausted. */
export const ROW_LOG_MAX_BYTES = 256 * 1024 * 1024;
/** Rows and watermarks that one subtask of an asynchronous operator may let wait: each is held in memory. */
export const ASYNC_MAX_CAPACITY = 100_000;
/** Retries of one row of an asynchronous operator. */
export const ASYNC_MAX_RETRIES = 1_000;
/** Endpoints that one cluster grants. */
export const HTTP_ENDPOINTS_MAX = 64;
/** Path and query of a request that a module describes: what servers usually take. */
export const HTTP_TARGET_MAX_BYTES = 8 * 1024;
/** Headers of a request, and of a response as a module gets it: Node's own limit of a response. */
export const HTTP_HEADERS_MAX = 64;
export const HTTP_HEADERS_MAX_BYTES = 16 * 1024;
/** Bodies, where an endpoint's grant does not say otherwise, and what it may say at most. */
export const HTTP_BODY_DEFAULT_BYTES = 1024 * 1024;
export const HTTP_BODY_LIMIT_BYTES = 16 * 1024 * 1024;
/** Requests that a slot has open at one endpoint, likewise; further ones wait for their turn. */
export const HTTP_CONCURRENT_DEFAULT = 64;
export const HTTP_CONCURRENT_LIMIT = 1_024;
/** Time from sending a request to the last byte of its response, likewise. */
export const HTTP_TIMEOUT_DEFAULT_MS = 30_000;
export const HTTP_TIMEOUT_LIMIT_MS = 3_600_000;
