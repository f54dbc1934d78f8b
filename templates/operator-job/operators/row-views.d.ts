// Written by `millrace build` for editors: do not edit, the next build writes it again.
// What the compiler adds to @row classes; it reaches those that are exported.
export {};

declare module "./index" {
  interface Line {
    /** Change of the row: RowKind.INSERT, ... */
    kind: u8;
  }
  interface Word {
    /** Change of the row: RowKind.INSERT, ... */
    kind: u8;
  }
}
