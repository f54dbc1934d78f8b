/** The pages docs/sdk-reference.md and docs/api-reference.md, from the docstrings of what is exported. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { flowed } from "./docstring.ts";
import { type Documented, declaredFunctions, exportsOf } from "./exports.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Section {
  readonly title: string;
  readonly about: string;
  readonly items: readonly Documented[];
}

interface Page {
  readonly file: string;
  readonly title: string;
  readonly about: string;
  readonly sections: readonly Section[];
}

const WRITTEN =
  "Written by `npm run docs:sdk` from the docstrings of the sources; a test holds that it is current.";

/** The pages with what they are about. */
export function referencePages(): Page[] {
  const from = (path: string) => exportsOf(join(ROOT, path));
  return [
    {
      file: "docs/sdk-reference.md",
      title: "SDK reference: operators",
      about: `What operator files import from \`millrace/sdk\`. ${WRITTEN} How to write operators is in [sdk-operators.md](sdk-operators.md).`,
      sections: [
        {
          title: "Classes",
          about: '`import { MapFunction, Text } from "millrace/sdk"`',
          items: byName(from("operators/sdk/assembly/index.ts")),
        },
        {
          title: "Decorators",
          about: "They need no import; the compiler reads them and takes them out.",
          items: declaredFunctions(join(ROOT, "operators/sdk/editor/decorators.d.ts")),
        },
      ],
    },
    {
      file: "docs/api-reference.md",
      title: "API reference: jobs, tests, applications",
      about: `What TypeScript files import from \`millrace\`, \`millrace/testing\`, \`millrace/text\` and \`millrace/math\`. ${WRITTEN} Guides: [jobs.md](jobs.md), [testing.md](testing.md), [in-process.md](in-process.md).`,
      sections: [
        {
          title: "millrace",
          about: "Jobs, the client, in-process use.",
          items: byName(from("src/index.ts")),
        },
        {
          title: "millrace/testing",
          about:
            "Operators and jobs in tests. `JobContext`, `MiniCluster`, `PlainRow` and `Columns` of `millrace` are exported here, too.",
          items: withoutRepeats(from("src/testing/index.ts"), from("src/index.ts")),
        },
        {
          title: "millrace/text",
          about: "For functions of a job file.",
          items: byName(from("src/inline/text.ts")),
        },
        {
          title: "millrace/math",
          about: "For functions of a job file; operators import the same from `millrace/math`.",
          items: byName(from("src/inline/math.ts")),
        },
      ],
    },
  ];
}

/** Exports and members without a docstring, as `Class.member`. */
export function undocumented(page: Page): string[] {
  const missing = (item: Documented) => item.doc === undefined || item.doc.text === "";
  return page.sections.flatMap(({ title, items }) =>
    items.flatMap((item) => [
      ...(missing(item) ? [`${title}: ${item.name}`] : []),
      ...item.members.filter(missing).map((member) => `${title}: ${item.name}.${member.name}`),
    ]),
  );
}

/** Kinds of exports that are used by name, and so have an example; types are shown by those. */
const USED: readonly Documented["kind"][] = ["class", "enum", "function", "constant"];

/** Sections whose functions are Math's own: one line says all there is. */
const PLAIN = ["millrace/math"];

/** Exports that no example shows: neither their own, nor one of a member. */
export function withoutExample({ sections }: Page): string[] {
  return sections
    .filter(({ title }) => !PLAIN.includes(title))
    .flatMap(({ title, items }) =>
      items
        .filter((item) => USED.includes(item.kind) && !hasExample(item))
        .map(({ name }) => `${title}: ${name}`),
    );
}

const hasExample = ({ doc, members }: Documented): boolean =>
  doc?.text.includes("```ts") === true || members.some(hasExample);

/** A call of a method or constructor, or a method that an author writes. */
const SHOWN = /(?:\.|new )(\w+)(?:<[^()]*>)?\(|^ *(\w+)\((?:.*\{)?$/gm;

/** Methods of classes that no example of the page calls or writes, as `Class.method`. */
export function uncalled({ sections }: Page): string[] {
  const items = sections.flatMap(({ items }) => items);
  const examples = items
    .flatMap((item) => [item, ...item.members])
    .flatMap(({ doc }) => [...(doc?.text.matchAll(EXAMPLE) ?? [])].map(([, code]) => code!))
    .join("\n");
  const called = new Set([...examples.matchAll(SHOWN)].map(([, call, own]) => call ?? own));
  return items.flatMap(({ kind, name, members }) =>
    kind !== "class" && kind !== "constant"
      ? []
      : members
          .filter((member) => member.kind === "function" && !/^get /.test(member.signatures[0]!))
          .filter((member) => !called.has(member.name === "constructor" ? name : member.name))
          .map((member) => `${name}.${member.name}`),
  );
}

/** An example in the text of a docstring. */
const EXAMPLE = /^```ts\n([\s\S]*?)\n```$/gm;

/** What an entry hands on of one before it is told there. */
function withoutRepeats(items: readonly Documented[], before: readonly Documented[]): Documented[] {
  const told = new Set(before.map(({ name }) => name));
  return byName(items.filter(({ name }) => !told.has(name)));
}

export function pageText({ title, about, sections }: Page): string {
  const contents = sections.map(({ title, items }) => {
    const links = items.map((item) => `[${item.name}](#${anchor(title, item)})`);
    return `**${title}**: ${links.join(", ")}`;
  });
  const body = sections.map(
    ({ title, about, items }) =>
      `## ${title}\n\n${about}\n\n${items.map((item) => itemText(title, item)).join("\n")}`,
  );
  return `# ${title}\n\n${about}\n\n${contents.join("\n\n")}\n\n${body.join("\n")}`.replace(
    /\n{3,}/g,
    "\n\n",
  );
}

function itemText(section: string, item: Documented): string {
  const head = `### <a id="${anchor(section, item)}"></a>${item.kind} ${item.name}\n`;
  const signatures = item.signatures.filter((text) => text !== item.name).map(shortened);
  const shown = signatures.map((text) => `- ${code(text)}\n`).join("");
  const members = item.members.map(memberText).join("");
  const table = members === "" ? "" : `| member | |\n| --- | --- |\n${members}\n`;
  const examples = item.members.map(memberExample).join("");
  return [head, shown, `${docText(item)}\n`, table, examples]
    .filter((part) => part !== "")
    .join("\n");
}

function docText({ doc }: Documented): string {
  const tags = (doc?.tags ?? []).map(({ name, text }) => `- ${tagText(name, flowed(text))}`);
  return `${doc?.text ?? ""}\n${tags.length === 0 ? "" : `\n${tags.join("\n")}\n`}`;
}

function tagText(tag: string, text: string): string {
  if (tag === "throws") return `Errors: ${text.replace(/^MillraceError /, "")}`;
  if (tag === "returns") return `Gives ${text}`;
  return text.replace(/^(\w+) /, "`$1`: ");
}

function memberText(member: Documented): string {
  const { doc, signatures } = member;
  const words = [
    flowed(doc?.text.replace(EXAMPLE, "") ?? ""),
    ...(doc?.tags ?? []).map(({ name, text }) => tagText(name, flowed(text))),
  ];
  const calls = signatures.map((text) => code(shortened(text))).join("<br>");
  return `| ${calls} | ${words.map(cell).join("<br>")} |\n`;
}

/** A table has no room for it. */
function memberExample({ name, doc }: Documented): string {
  const examples = [...(doc?.text.matchAll(EXAMPLE) ?? [])].map(([text]) => `${text}\n`);
  return examples.length === 0 ? "" : `\`${name}\`:\n\n${examples.join("\n")}\n`;
}

/** Type parameters of the builder are for the editor; a page shows what is given and what comes back. */
function shortened(text: string): string {
  if (text.length <= 100) return text;
  const short = text.replace(
    /^((?:static |async )*\w+)<(?:[^<>]|<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>)*>\(/,
    "$1(",
  );
  return short.length > 260 ? `${short.slice(0, 257)}...` : short;
}

const code = (text: string) => {
  const fence = text.includes("`") ? "``" : "`";
  return `${fence}${text.replaceAll("|", "\\|")}${fence}`;
};
const cell = (text: string) => text.replaceAll("|", "\\|");
const byName = (items: readonly Documented[]) =>
  items.toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
const anchor = (section: string, { kind, name }: Documented) =>
  `${section}-${kind}-${name}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
