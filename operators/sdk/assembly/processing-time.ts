/** The host's clock, ms since 1970; virtual in tests and in simulation. */
// @ts-ignore: decorator
@external("millrace", "processing_time")
export declare function processingTime(): i64;
