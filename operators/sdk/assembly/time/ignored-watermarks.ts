/** Counts watermarks that went backwards, which are ignored as in Flink. */
import { WATERMARK_MIN } from "../layout";
import { Counter } from "../metrics";

/** The metric's name. */
export const WATERMARKS_IGNORED: string = "watermarksIgnored";

/** Whether a watermark is above the last one; one below it is counted. The smallest one says nothing. */
export function isAdvance(timestamp: i64, last: i64, ignored: Counter): bool {
  if (timestamp > last) return true;
  if (timestamp < last && timestamp != WATERMARK_MIN) ignored.inc();
  return false;
}
