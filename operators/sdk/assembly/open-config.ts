/** What mr_open received: src/protocol/open-config.ts, read from JSON. */
import { JsonValue, parseJson } from "./config-json";
import { MetricGroup } from "./metrics";

/** A column of an input or output, or what lies inside one. */
export class OpenColumn {
  /** Fields of a ROW, the element of an ARRAY, the entry (a ROW) of a MAP. */
  fields: OpenColumn[] = [];

  constructor(
    public name: string,
    public type: u8,
    public nullable: bool,
    public p1: i32,
    public p2: i32,
  ) {}
}

export class OpenStream {
  name: string = "";
  /** Top-level columns. */
  columns: OpenColumn[] = [];
  /** Indices of the key's columns; empty if not keyed. */
  keys: i32[] = [];

  /** Index of a column, or -1. */
  indexOf(name: string): i32 {
    for (let i = 0; i < this.columns.length; i++) {
      if (this.columns[i].name == name) return i;
    }
    return -1;
  }
}

/** Configuration of one operator instance. */
export class OpenConfig {
  parameters: JsonValue = JsonValue.NULL;
  subtask: i32 = 0;
  parallelism: i32 = 1;
  maxParallelism: i32 = 128;
  keyGroupStart: i32 = 0;
  keyGroupEnd: i32 = 127;
  inputs: OpenStream[] = [];
  outputs: OpenStream[] = [];
  roomRows: i32 = 4096;
  roomBytes: i32 = 262144;
  /** Units whose function traps are undone (undo.ts). */
  undoRows: bool = false;
  /** What the operator's functions measure. */
  metrics: MetricGroup = new MetricGroup();

  static parse(start: usize, length: i32): OpenConfig {
    const json = parseJson(start, length);
    const config = new OpenConfig();
    config.parameters = json.get("parameters");
    config.subtask = json.get("subtask").int(0);
    config.parallelism = json.get("parallelism").int(1);
    config.maxParallelism = json.get("maxParallelism").int(128);
    config.keyGroupStart = json.get("keyGroupStart").int(0);
    config.keyGroupEnd = json.get("keyGroupEnd").int(127);
    config.inputs = readStreams(json.get("inputs"));
    config.outputs = readStreams(json.get("outputs"));
    config.roomRows = max(1, json.get("roomRows").int(4096));
    config.roomBytes = max(1, json.get("roomBytes").int(262144));
    config.undoRows = json.get("undoRows").bool(false);
    return config;
  }
}

function readStreams(list: JsonValue): OpenStream[] {
  const streams: OpenStream[] = [];
  for (let i = 0; i < list.items.length; i++) {
    const item = list.items[i];
    const stream = new OpenStream();
    stream.name = item.get("name").string("main");
    stream.columns = readColumns(item.get("columns").items);
    const keys = item.get("keys").items;
    for (let k = 0; k < keys.length; k++) stream.keys.push(keys[k].int(0));
    streams.push(stream);
  }
  return streams;
}

/** Columns as the host lists them, each with those inside it behind. */
function readColumns(list: JsonValue[]): OpenColumn[] {
  const columns: OpenColumn[] = [];
  for (let at = 0; at < list.length; ) at = readColumn(list, at, columns);
  return columns;
}

/** The columns of a row class, which the compiler wrote down. */
export function columnsOf(text: string): OpenColumn[] {
  const json = String.UTF8.encode(text);
  return readColumns(parseJson(changetype<usize>(json), json.byteLength).items);
}

/** Reads a column and those inside it, which follow it depth first; answers where the next begins. */
function readColumn(list: JsonValue[], at: i32, target: OpenColumn[]): i32 {
  const json = list[at];
  const column = new OpenColumn(
    json.get("name").string(""),
    <u8>json.get("type").int(0),
    json.get("nullable").bool(true),
    json.get("p1").int(0),
    json.get("p2").int(0),
  );
  target.push(column);
  let next = at + 1;
  for (let i = json.get("children").int(0); i > 0; i--) next = readColumn(list, next, column.fields);
  return next;
}
