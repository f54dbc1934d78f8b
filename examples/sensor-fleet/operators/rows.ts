/** The rows of the sensor fleet, in the order in which they come about. */
import { Text } from "millrace/sdk";

/** What a device sends. */
@row
export class Reading {
  device!: Text;
  /** Degrees Celsius. */
  temperature: f64;
}

/** Sum and number of a device's readings in one window. */
@accumulator
export class TemperatureSum {
  total: f64;
  count: i64;
}

/** Average of a window; the key `device` stands in front, the window's bounds behind. */
@row
export class Average {
  average: f64;
  readings: i64;
}

/** An average with the columns that the window added. */
@row
export class DeviceAverage {
  device!: Text;
  average: f64;
  readings: i64;
  @timestamp(3) window_end: i64;
}

/** A device that was too warm on average. */
@row
export class Alert {
  device!: Text;
  average: f64;
  /** By how much it was above the limit. */
  excess: f64;
  @timestamp(3) at: i64;
}
