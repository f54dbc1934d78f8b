/** The host's clock, ms since 1970; virtual in tests and in simulation. */
// @ts-ignore: decorator
@external("millrace", "processing_time")
export declare function processingTime(): i64;

/**
 * The host's clock without the time in which the task could not go on: its outputs were blocked, or
 * its source was held back by watermark alignment (Flink: PausableRelativeClock).
 */
// @ts-ignore: decorator
@external("millrace", "input_activity_time")
export declare function inputActivityTime(): i64;
