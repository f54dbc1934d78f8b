/**
 * A drawing as standalone SVG in the manner of `millrace explain --svg`: no script, no font of its own,
 * readable on light and on dark pages. A text that would leave its box is an error, so none does.
 */
const CHAR_WIDTH = 7.2;
const LINE = 18;

const LIGHT =
  ".page{fill:#fff}.box{fill:#f4f6f8;stroke:#7a8794}.inner{fill:#fff;stroke:#b6c0ca}.accent{fill:#dbe9ff;stroke:#3b6fb6}.late{fill:#ffe3d6;stroke:#b5532a}.text{fill:#17202a}.quiet{fill:#4f5b67}.line{fill:none;stroke:#5b6875}.mark{fill:none;stroke:#1f5fb0;stroke-width:2}.head{fill:#5b6875}";
const DARK =
  ".page{fill:#14181d}.box{fill:#1d232b;stroke:#6c7885}.inner{fill:#14181d;stroke:#3b4652}.accent{fill:#17304f;stroke:#6ea3e6}.late{fill:#4a2416;stroke:#e08a5f}.text{fill:#e6ebf0}.quiet{fill:#a3b0bd}.line{stroke:#9aa7b4}.mark{stroke:#79b0f2}.head{fill:#9aa7b4}";

export type Style = "box" | "inner" | "accent" | "late";

export class Drawing {
  readonly #parts: string[] = [];
  readonly #title: string;
  readonly #width: number;
  readonly #height: number;

  constructor(title: string, width: number, height: number) {
    this.#title = title;
    this.#width = width;
    this.#height = height;
  }

  /** A box with lines of text in its upper left; the first is the title. */
  box(
    x: number,
    y: number,
    width: number,
    height: number,
    lines: readonly string[],
    style: Style,
  ): void {
    this.#within(x, y, width, height);
    this.#parts.push(
      `<rect class="${style}" x="${x}" y="${y}" width="${width}" height="${height}" rx="5"/>`,
    );
    for (const [i, line] of lines.entries()) {
      if (textWidth(line) > width - 12 || (i + 1) * LINE > height) {
        throw new Error(`"${line}" leaves its box in "${this.#title}"`);
      }
      this.text(x + 8, y + (i + 1) * LINE - 1, line, i === 0 ? "text" : "quiet");
    }
  }

  /** @param anchor where `x` is in the text */
  text(
    x: number,
    y: number,
    text: string,
    style: "text" | "quiet" = "quiet",
    anchor: "start" | "middle" | "end" = "start",
  ): void {
    const width = textWidth(text);
    const left = anchor === "start" ? x : anchor === "middle" ? x - width / 2 : x - width;
    this.#within(left, y - 12, width, 14);
    this.#parts.push(
      `<text class="${style}" x="${x}" y="${y}" text-anchor="${anchor}">${xmlText(text)}</text>`,
    );
  }

  /** A path of straight pieces. */
  line(
    points: readonly (readonly [number, number])[],
    options: { arrow?: boolean; dashed?: boolean; mark?: boolean } = {},
  ): void {
    const path = points
      .map(([x, y], i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`)
      .join("");
    const dashes = options.dashed === true ? ' stroke-dasharray="4 4"' : "";
    const arrow = options.arrow === true ? ' marker-end="url(#head)"' : "";
    this.#parts.push(
      `<path class="${options.mark === true ? "mark" : "line"}" d="${path}"${dashes}${arrow}/>`,
    );
  }

  dot(x: number, y: number, style: Style): void {
    this.#parts.push(`<circle class="${style}" cx="${round(x)}" cy="${round(y)}" r="6"/>`);
  }

  toString(): string {
    const size = `${this.#width} ${this.#height}`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" width="${this.#width}" height="${this.#height}" role="img" font-family="ui-monospace, monospace" font-size="12">`,
      `<title>${xmlText(this.#title)}</title>`,
      `<style>${LIGHT}@media (prefers-color-scheme: dark){${DARK}}</style>`,
      '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
      `<rect class="page" width="${this.#width}" height="${this.#height}"/>`,
      ...this.#parts,
      "</svg>\n",
    ].join("\n");
  }

  #within(x: number, y: number, width: number, height: number): void {
    if (x < 0 || y < 0 || x + width > this.#width || y + height > this.#height) {
      throw new Error(`something at ${x}, ${y} leaves the picture "${this.#title}"`);
    }
  }
}

/** As `millrace explain` reckons: monospaced, 12 px. */
export const textWidth = (text: string): number => text.length * CHAR_WIDTH;
const round = (value: number): number => Math.round(value * 10) / 10;

function xmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
