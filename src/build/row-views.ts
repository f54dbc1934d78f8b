/**
 * What the transform adds to `@row` classes, as declarations: an editor reads the class as it is
 * written and would refuse `row.kind`, `fIsNull` and `setFNull()`.
 */

/** A `@row` class of a bundle. */
export interface RowClassOutline {
  /** Its file, relative to the bundle's folder, with slashes. */
  readonly file: string;
  readonly name: string;
  /** Names of its `@nullable` fields. */
  readonly nullable: readonly string[];
}

/** Name of the declarations, which lie in the bundle's folder. */
export const ROW_VIEWS_FILE = "row-views.d.ts";

/** Names of what a nullable field adds to its class. */
export function nullMembers(field: string): { readonly isNull: string; readonly setNull: string } {
  return {
    isNull: `${field}IsNull`,
    setNull: `set${field[0]!.toUpperCase()}${field.slice(1)}Null`,
  };
}

/** Writes the declarations. TypeScript merges them into the classes that their files export. */
export function rowViews(rows: readonly RowClassOutline[]): string {
  const files = [...new Set(rows.map((row) => row.file))].sort();
  const modules = files.map((file) => {
    const own = rows.filter((row) => row.file === file).map(interfaceText);
    return `declare module ${JSON.stringify(`./${file.replace(/\.ts$/, "")}`)} {\n${own.join("\n")}\n}\n`;
  });
  return [
    "// Written by `millrace build` for editors: do not edit, the next build writes it again.",
    "// What the compiler adds to @row classes; it reaches those that are exported.",
    `export {};\n`,
    ...modules,
  ].join("\n");
}

function interfaceText({ name, nullable }: RowClassOutline): string {
  const members = nullable.flatMap((field) => {
    const { isNull, setNull } = nullMembers(field);
    return [
      `    /** Whether ${field} is NULL; its value reads as zero or empty then. */`,
      `    readonly ${isNull}: bool;`,
      `    /** Makes ${field} NULL. */`,
      `    ${setNull}(): void;`,
    ];
  });
  return [
    `  interface ${name} {`,
    "    /** Change of the row: RowKind.INSERT, ... */",
    "    kind: u8;",
    ...members,
    "  }",
  ].join("\n");
}
