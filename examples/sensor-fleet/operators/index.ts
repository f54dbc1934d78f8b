/** Operators of the sensor fleet: readings, averages per device and window, alerts. */
import { AggregateFunction, Collector, FilterFunction, FlatMapFunction } from "millrace/sdk";
import { Alert, Average, DeviceAverage, Reading, TemperatureSum } from "./rows";

/** Drops readings that no thermometer gives. */
@operator
export class PlausibleReadings extends FilterFunction<Reading> {
  @parameter lowest: f64 = -60;
  @parameter highest: f64 = 150;

  filter(reading: Reading): bool {
    return reading.temperature >= this.lowest && reading.temperature <= this.highest;
  }
}

/** Average temperature of each device in a window. */
@operator
export class AverageTemperature extends AggregateFunction<Reading, TemperatureSum, Average> {
  add(reading: Reading, sum: TemperatureSum): void {
    sum.total += reading.temperature;
    sum.count++;
  }

  merge(sum: TemperatureSum, other: TemperatureSum): void {
    sum.total += other.total;
    sum.count += other.count;
  }

  getResult(sum: TemperatureSum, out: Average): void {
    out.average = sum.total / <f64>sum.count;
    out.readings = sum.count;
  }
}

/** Emits an alert for each window whose average is above the limit. */
@operator
export class RaiseAlerts extends FlatMapFunction<DeviceAverage, Alert> {
  /** Degrees Celsius. */
  @parameter limit: f64 = 80;

  flatMap(window: DeviceAverage, out: Collector<Alert>): void {
    if (window.average <= this.limit) return;
    const alert = out.row();
    alert.device = window.device;
    alert.average = window.average;
    alert.excess = window.average - this.limit;
    alert.at = window.window_end;
    out.collect();
  }
}
