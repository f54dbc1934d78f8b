/** A row and a function that stand where an operator of the engine works on whatever columns there are. */
import { BatchReader } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { RichFunction } from "./functions";
import { OpenColumn, OpenStream } from "./open-config";
import { RowView } from "./row";
import { RowLayout } from "./state/row-layout";

/** Knows no column: its operator reads the batch itself. */
export class AnyRow extends RowView {
  __columns(): OpenColumn[] {
    return [];
  }
  __layout(): RowLayout {
    return new RowLayout(0, "ROW<>");
  }
  __attachCell(cell: usize): void {}
  __cellBytes(): i32 {
    return 0;
  }
  __storeCell(cell: usize): void {}
  __bindInput(stream: OpenStream): void {}
  __attach(reader: BatchReader): void {}
  __bindOutput(writer: BlockWriter, stream: OpenStream): void {}
  __refresh(): void {}
  __complete(): void {}
}

/** Of an operator without a function of an author's. */
export class NoFunction extends RichFunction {}
