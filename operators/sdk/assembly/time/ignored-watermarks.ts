/** Counts watermarks that went backwards, which are ignored as in Flink. */
import { WATERMARK_MIN } from "../layout";

// @ts-ignore: decorator
@external("millrace", "metric")
declare function metric(name: usize, length: i32, delta: i64): void;

const NAME: ArrayBuffer = String.UTF8.encode("watermarksIgnored");

/** Whether a watermark is above the last one; one below it is counted. The smallest one says nothing. */
export function isAdvance(timestamp: i64, last: i64): bool {
  if (timestamp > last) return true;
  if (timestamp < last && timestamp != WATERMARK_MIN) {
    metric(changetype<usize>(NAME), NAME.byteLength, 1);
  }
  return false;
}
