/** How an asynchronous operator waits, as its parameter `async` says it. */
import { z } from "zod";
import { ASYNC_MAX_CAPACITY, ASYNC_MAX_RETRIES } from "../protocol/limits.ts";

const predicates = {
  /** Ask again where there is no result (Flink: RetryPredicates.EMPTY_RESULT_PREDICATE). */
  ifResult: z.literal("empty").optional(),
  /** Ask again after a failure (Flink: RetryPredicates.HAS_EXCEPTION_PREDICATE). */
  ifException: z.literal("any").optional(),
};
const maxAttempts = z.int().min(1).max(ASYNC_MAX_RETRIES);
const delay = z.int().min(1);

const retrySchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("fixed_delay"), maxAttempts, delayMs: delay, ...predicates }),
  z
    .strictObject({
      type: z.literal("exponential_backoff"),
      maxAttempts,
      delayMs: delay,
      maxDelayMs: delay,
      multiplier: z.number().gt(1),
      ...predicates,
    })
    .refine(({ delayMs, maxDelayMs }) => delayMs <= maxDelayMs, {
      message: "at least delayMs",
      path: ["maxDelayMs"],
    }),
]);

/** Value of the parameter `async`. */
export const asyncParameterSchema = z.strictObject({
  /** Flink: AsyncDataStream.OutputMode. */
  mode: z.enum(["ordered", "unordered"]),
  /** After so long, retries included, timeout() is called, ms; absent: never. */
  timeoutMs: z.int().min(1).optional(),
  /** Rows and watermarks of one subtask that may wait; then it takes no more. Flink's default. */
  capacity: z.int().min(1).max(ASYNC_MAX_CAPACITY).default(100),
  retry: retrySchema.optional(),
});
export type AsyncParameter = z.infer<typeof asyncParameterSchema>;
/** As a job writes it. */
export type AsyncParameterInput = z.input<typeof asyncParameterSchema>;
/** A retry strategy as a job spec has it. */
export type AsyncRetryStrategy = z.infer<typeof retrySchema>;
