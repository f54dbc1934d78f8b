/** Columns with values inside, as authors read and write them. The order is that of nested.test.ts. */
import { ExchangeOperator } from "../../../../operators/sdk/assembly/exchange";
import { FilterOperator } from "../../../../operators/sdk/assembly/filter-operator";
import { FlatMapOperator, MapOperator } from "../../../../operators/sdk/assembly/functions";
import { Operator } from "../../../../operators/sdk/assembly/operator";
import { ProcessWindowOperator } from "../../../../operators/sdk/assembly/window/process-window-function";
import { registerOperator } from "../../../../operators/sdk/assembly/registry";
import {
  Collector,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  ProcessWindowFunction,
  Text,
  Value,
  WindowContext,
  WindowElements,
} from "millrace/sdk";

@row
export class First {
  @nullable c0: bool;
}

/** Keeps all rows: the columns it does not name are copied. */
@operator
export class KeepAll extends FilterFunction<First> {
  filter(value: First): bool {
    return true;
  }
}

@row
export class Order {
  @type("STRING") id!: Text;
  @nullable @type("ARRAY<ROW<`name` STRING NOT NULL, `qty` INT>>") items!: Value;
  @nullable @type("MAP<STRING, DOUBLE>") prices!: Value;
  @type("DECIMAL(20, 2)") total!: Value;
}

@row
export class Totals {
  @type("STRING") id!: Text;
  @type("BIGINT") quantity: i64;
  @nullable @type("ARRAY<STRING>") names!: Value;
  @nullable @type("ROW<`first` STRING, `cost` DOUBLE NOT NULL>") head!: Value;
  @type("DECIMAL(20, 2)") total!: Value;
}

/** Reads what is inside, and writes an array and a row. */
@operator
export class Summarise extends MapFunction<Order, Totals> {
  map(order: Order, out: Totals): void {
    out.id = order.id;
    out.total = order.total;
    if (order.itemsIsNull) return;
    const items = order.items;
    const names = out.writeNames();
    let quantity: i64 = 0;
    for (let i = 0; i < items.length; i++) {
      const item = items.element(i);
      if (item.isNull || item.field(0).text.length == 0) {
        names.elements.addNull();
        continue;
      }
      names.elements.addText(item.field(0).text);
      if (!item.field(1).isNull) quantity += item.field(1).integer;
    }
    names.end();
    out.quantity = quantity;
    if (quantity == 13) {
      this.failRow("13 is unlucky");
      return;
    }
    if (order.pricesIsNull) return;
    let cost: f64 = 0;
    const prices = order.prices;
    for (let i = 0; i < prices.length; i++) {
      if (prices.key(i).text.length > 0 && !prices.value(i).isNull) cost += prices.value(i).double;
    }
    // What is begun twice counts once.
    out.writeHead().field(0).addNull();
    const head = out.writeHead();
    if (items.length > 0 && !items.element(0).isNull) {
      head.field(0).addText(items.element(0).field(0).text);
    }
    head.field(1).addDouble(cost);
    head.end();
  }
}

@row
export class Copy {
  @nullable @type("ARRAY<ROW<`name` STRING NOT NULL, `qty` INT>>") items!: Value;
  @nullable @type("MAP<STRING, DOUBLE>") prices!: Value;
  @type("DECIMAL(20, 2)") total!: Value;
}

/** Gives the elements of a window as they came: each has been kept in state. */
export class Replay extends ProcessWindowFunction<Order, Copy> {
  process(context: WindowContext, elements: WindowElements<Order>, out: Collector<Copy>): void {
    for (let i = 0; i < elements.length; i++) {
      const element = elements.at(i);
      const copy = out.row();
      if (!element.itemsIsNull) copy.items = element.items;
      if (!element.pricesIsNull) copy.prices = element.prices;
      copy.total = element.total;
      out.collect();
    }
  }
}

/** Each row as often as its order has items. */
@operator
export class Repeat extends FlatMapFunction<Order, Copy> {
  flatMap(order: Order, out: Collector<Copy>): void {
    for (let i = 0; i < order.items.length; i++) {
      const copy = out.row();
      copy.items = order.items;
      copy.total = order.total;
      out.collect();
    }
  }
}

export * from "../../../../operators/sdk/assembly/abi";

registerOperator((): Operator => new FilterOperator<KeepAll, First>());
registerOperator((): Operator => new MapOperator<Summarise, Order, Totals>());
registerOperator((): Operator => new ProcessWindowOperator<Replay, Order, Copy>());
registerOperator((): Operator => new FlatMapOperator<Repeat, Order, Copy>());
registerOperator((): Operator => new ExchangeOperator());
