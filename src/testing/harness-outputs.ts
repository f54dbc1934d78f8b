/** What came out of an operator under test, by output. */
import { type PlainRow, plainMillis, plainRow } from "../embedded/plain-row.ts";
import { MillraceError } from "../protocol/errors.ts";
import { ROW_KIND } from "../protocol/types.ts";
import type { PlannedOperator } from "./operator-plan.ts";
import type { TakenElement } from "./operator-subtask.ts";
import { type RowKind, StreamRecord, Watermark, WatermarkStatus } from "./stream-element.ts";

/** What an output gives, in order. */
export type Element<Row = PlainRow> = StreamRecord<Row> | Watermark | WatermarkStatus;

const CHANGES = Object.keys(ROW_KIND) as RowKind[];

/** The elements of each output since the last clear(). */
export class HarnessOutputs {
  readonly #plan: PlannedOperator;
  readonly #elements: Element[][];

  constructor(plan: PlannedOperator) {
    this.#plan = plan;
    this.#elements = plan.outputs.map(() => []);
  }

  /** An element that the operator gave. */
  take(output: number, element: TakenElement): void {
    this.#elements[output]!.push(this.#elementOf(output, element));
  }

  #elementOf(output: number, element: TakenElement): Element {
    if (element.type === "status") {
      return element.idle ? WatermarkStatus.IDLE : WatermarkStatus.ACTIVE;
    }
    const timestamp = element.timestamp === undefined ? undefined : plainMillis(element.timestamp);
    if (element.type === "watermark") return new Watermark(timestamp!);
    const row = plainRow(element.values, this.#plan.outputs[output]!.schema);
    return new StreamRecord(row, timestamp, CHANGES[element.change]!);
  }

  /** The first output's; an operator may have none. */
  get main(): readonly Element[] {
    return this.#elements[0] ?? [];
  }

  /** @throws MillraceError HARNESS_OUTPUT_UNKNOWN */
  of(name: string): readonly Element[] {
    return this.#elements[this.place(name)]!;
  }

  /** Number of an output. @throws MillraceError HARNESS_OUTPUT_UNKNOWN */
  place(name: string): number {
    const place = this.#plan.outputs.findIndex((output) => output.name === name);
    if (place !== -1) return place;
    const expected = this.#plan.outputs.map((output) => output.name).join(", ");
    const message = `Cannot read output ${name}: operator ${this.#plan.task.name} has none`;
    const detail = { field: "output", value: name, expected };
    throw new MillraceError("HARNESS_OUTPUT_UNKNOWN", message, detail);
  }

  clear(): void {
    for (const output of this.#elements) output.length = 0;
  }

  /** Does something whose watermarks and statuses nobody is to see. */
  keepingRowsOnly(action: () => void): void {
    const lengths = this.#elements.map((output) => output.length);
    action();
    for (const [i, output] of this.#elements.entries()) {
      const news = output.splice(lengths[i]!);
      output.push(...news.filter((element) => element instanceof StreamRecord));
    }
  }
}

/** The rows among elements. */
export function rowsOf<Row>(elements: readonly Element<Row>[]): Row[] {
  return elements.flatMap((element) => (element instanceof StreamRecord ? [element.row] : []));
}
