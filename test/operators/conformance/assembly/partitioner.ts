/** The custom partitioner of the conformance cases. */
import { PartitionFunction } from "millrace/sdk";
import { Event } from "./rows";

/** Length of the key in UTF-16 units modulo the number of channels. */
export class LengthPartitioner extends PartitionFunction<Event> {
  partition(value: Event, channels: i32): i32 {
    return value.k.toString().length % channels;
  }
}
