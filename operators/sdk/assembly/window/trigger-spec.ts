/** Triggers as parameters name them. */
import { JsonValue } from "../config-json";
import { WindowAssigner } from "./assigner";
import { ProcessingTimeoutTrigger, PurgingTrigger } from "./composed-triggers";
import { CountTrigger, DeltaTrigger } from "./element-triggers";
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  EndOfStreamTrigger,
  EventTimeTrigger,
  NeverTrigger,
  ProcessingTimeTrigger,
} from "./time-triggers";
import { WindowTrigger } from "./trigger";

/**
 * The trigger {type, ...} that parameters name; null: there is none such.
 * @param endOfStream what the default is in global windows: the end of the stream instead of never
 */
export function triggerOf(
  spec: JsonValue,
  assigner: WindowAssigner,
  endOfStream: bool,
): WindowTrigger | null {
  const type = spec.get("type").string("default");
  if (type == "default") return defaultTrigger(assigner, endOfStream);
  if (type == "event_time") return new EventTimeTrigger();
  if (type == "processing_time") return new ProcessingTimeTrigger();
  if (type == "count") return new CountTrigger(spec.get("n").long(0));
  if (type == "continuous_event_time") {
    return new ContinuousEventTimeTrigger(spec.get("interval").long(0));
  }
  if (type == "continuous_processing_time") {
    return new ContinuousProcessingTimeTrigger(spec.get("interval").long(0));
  }
  if (type == "delta") {
    const absolute = spec.get("delta").string("signed") == "abs";
    return new DeltaTrigger(spec.get("field").string(""), spec.get("threshold").double(0), absolute);
  }
  if (type == "end_of_stream") return new EndOfStreamTrigger();
  if (type == "never") return new NeverTrigger();
  if (type != "purging" && type != "processing_timeout") return null;
  const inner = triggerOf(spec.get("inner"), assigner, endOfStream);
  if (inner === null) return null;
  if (type == "purging") return new PurgingTrigger(inner);
  return new ProcessingTimeoutTrigger(
    inner,
    spec.get("timeout").long(0),
    spec.get("resetOnElement").bool(false),
    spec.get("clearOnTimeout").bool(false),
  );
}

/** The assigner's own trigger (Flink: WindowAssigner.getDefaultTrigger). */
export function defaultTrigger(assigner: WindowAssigner, endOfStream: bool): WindowTrigger {
  if (assigner.global) return endOfStream ? new EndOfStreamTrigger() : new NeverTrigger();
  return assigner.eventTime ? new EventTimeTrigger() : new ProcessingTimeTrigger();
}
