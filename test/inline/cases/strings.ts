import { fields, matchGlob, words } from "../../../src/inline/text.ts";
import { filter, flatMap, keyBy, map } from "../cases.ts";

const LEVELS = ["error", "warn", "info"];
const SEPARATOR = ",";
const GREETING = `Hallo ${"Wélt"}`;

const initials = (name: string): string =>
  name
    .split(" ")
    .map((part) => part.charAt(0))
    .join("");

export const cases = [
  map("string,pass on", (r) => ({ s: r.s, t: r.t })),
  filter("includes", (r) => r.s.includes("error")),
  filter("includes", (r) => r.s.includes(r.t)),
  map("includes", (r) => ({
    a: r.s.includes("é"),
    b: r.s.includes("a", 1),
    c: r.s.includes("\ud83d"),
  })),
  map("startsWith and endsWith", (r) => ({
    a: r.s.startsWith("a"),
    b: r.s.endsWith("b😀c"),
    c: r.s.startsWith(""),
  })),
  map("startsWith and endsWith", (r) => ({
    a: r.s.startsWith("b", 2),
    b: r.s.endsWith("a", 1),
    c: r.s.startsWith(r.t),
  })),
  filter("startsWith and endsWith", (r) => r.s.startsWith("The") || r.s.endsWith("\ude00")),
  map("===", (r) => ({
    a: r.s === r.t,
    b: r.s !== "",
    c: r.s === "日本語テキスト",
    d: r.s == r.t,
  })),
  filter("===", (r) => r.s === "error" || r.t === "error"),
  map("===,switch", (r) => {
    switch (r.s) {
      case "a":
      case "error":
        return { v: 1 };
      case "":
        return { v: 0 };
    }
    return { v: -1 };
  }),
  map("string order", (r) => ({ a: r.s < r.t, b: r.s >= r.t, c: r.s > "\ue000", d: r.s <= "a" })),
  map("string order", (r) => ({
    a: r.s < "😀",
    b: r.s + "\ud83d" < r.s + "\ud83d\ude00",
    c: "\uffff" < r.s,
  })),
  filter("string order", (r) => r.s < r.t),
  map("concatenation", (r) => ({ a: r.s + r.t, b: `${r.s}-${r.t}`, c: r.s + "é" + r.t + "!" })),
  map("concatenation,numbers as text", (r) => ({
    a: r.s + r.x,
    b: r.n + r.s,
    c: "" + r.id,
    d: "f" + r.flag,
  })),
  map("concatenation", (r) => ({ a: r.s.concat(r.t, "x"), b: r.s.concat() })),
  map("templates", (r) => ({ a: `${r.id}: ${r.x} (${r.flag})`, b: `no spans`, c: `${r.s}` })),
  map("templates,numbers as text", (r) => ({ a: `x=${r.x};y=${r.y}`, b: `${r.n}${r.tiny}` })),
  map("templates,captured constants", (r) => ({ a: `${GREETING}, ${r.s}${SEPARATOR}` })),
  map("length", (r) => ({ a: r.s.length, b: (r.s + r.t).length, c: r.t.trim().length })),
  filter("length", (r) => r.s.length > 5),
  map("length,slice", (r) => ({ a: r.s.slice(0, 3).length, b: r.s.slice(r.s.length - 2) })),
  map("index", (r) => ({ a: r.s[0] ?? "none", b: r.s[1] === r.t[1], c: r.s[r.n] ?? "-" })),
  map("index", (r) => ({
    a: r.s.charAt(0),
    b: r.s.charAt(r.n),
    c: r.s.at(-1) ?? "",
    d: r.s.at(1) ?? "?",
  })),
  map("index,charCodeAt and codePointAt", (r) => ({
    a: r.s.charCodeAt(0),
    b: r.s.charCodeAt(r.n),
    c: r.s.codePointAt(1) ?? -1,
  })),
  map("charCodeAt and codePointAt", (r) => ({
    a: r.s.codePointAt(0),
    b: r.s.charCodeAt(2),
    c: r.s.charCodeAt(-1),
  })),
  map("charCodeAt and codePointAt", (r) => ({
    a: String.fromCharCode(r.n & 0xffff),
    b: String.fromCodePoint(0x1f600, 65),
  })),
  map("charCodeAt and codePointAt,for", (r) => {
    let hash = 0;
    for (let i = 0; i < r.s.length; i++) hash = (hash * 31 + r.s.charCodeAt(i)) | 0;
    return { hash };
  }),
  map("surrogates", (r) => ({
    a: r.s.slice(0, 2),
    b: r.s.slice(1),
    c: r.s.slice(0, 2) + r.s.slice(2),
  })),
  map("surrogates", (r) => ({
    a: r.s.charAt(1) + r.s.charAt(2),
    b: r.s.charAt(2) + r.s.charAt(1),
  })),
  map("surrogates", (r) => ({
    a: r.s.slice(0, 2).isWellFormed(),
    b: r.s.slice(0, 2).toWellFormed(),
    c: r.s.isWellFormed(),
  })),
  map("surrogates,split", (r) => ({ a: r.s.split("").join("|"), b: r.s.split("").length })),
  map("surrogates,concatenation", (r) => ({
    a: String.fromCharCode(0xd83d) + String.fromCharCode(0xde00) === "😀",
    b: (r.s.slice(0, 2) + "\ude00").length,
  })),
  map("slice", (r) => ({
    a: r.s.slice(1, 3),
    b: r.s.slice(-2),
    c: r.s.slice(2, -1),
    d: r.s.slice(),
  })),
  map("slice", (r) => ({
    a: r.s.substring(1, 3),
    b: r.s.substring(3, 1),
    c: r.s.substring(-1),
    d: r.s.substring(NaN, 2),
  })),
  map("slice", (r) => ({ a: r.s.slice(r.n), b: r.s.slice(r.x, r.y), c: r.s.substring(r.x) })),
  map("indexOf", (r) => ({
    a: r.s.indexOf("a"),
    b: r.s.indexOf("😀"),
    c: r.s.indexOf(r.t),
    d: r.s.indexOf(""),
  })),
  map("indexOf", (r) => ({
    a: r.s.indexOf("a", 1),
    b: r.s.indexOf("b", r.n),
    c: r.s.indexOf("", 99),
    d: r.s.indexOf("\ude00"),
  })),
  map("indexOf", (r) => ({
    a: r.s.lastIndexOf("a"),
    b: r.s.lastIndexOf("é", 2),
    c: r.s.lastIndexOf(""),
    d: r.s.lastIndexOf("a", r.x),
  })),
  map("split", (r) => ({ n: r.s.split(",").length, first: r.s.split(",")[0] ?? "" })),
  map("split,join", (r) => ({
    a: r.s.split(" ").join("_"),
    b: r.s.split("a").join(""),
    c: r.s.split("é").join(),
  })),
  map("split", (r) => ({
    a: r.s.split(",", 2).join("+"),
    b: r.s.split("", 3).join("+"),
    c: r.s.split("", 0).length,
  })),
  map("split,index", (r) => {
    const parts = r.s.split(SEPARATOR);
    return {
      a: parts[0] ?? "",
      b: parts[1] ?? null,
      c: parts[parts.length - 1] ?? "",
      d: parts[9]?.length,
    };
  }),
  flatMap("split,flatMap", (r) => r.s.split(" ").map((word) => ({ word }))),
  flatMap("split,filter,flatMap", (r) =>
    r.s
      .split(",")
      .filter((w) => w !== "")
      .map((word, i) => ({ word, i })),
  ),
  flatMap("split,flatMap,trim", (r) => {
    const out = [];
    for (const part of r.s.split(" ")) {
      const word = part.trim().toLowerCase();
      if (word !== "") out.push({ word, length: word.length });
    }
    return out;
  }),
  map("replace", (r) => ({
    a: r.s.replace("a", "b"),
    b: r.s.replace("", ">"),
    c: r.s.replace("é", "e"),
  })),
  map("replace", (r) => ({
    a: r.s.replaceAll("a", "bb"),
    b: r.s.replaceAll(" ", ""),
    c: r.s.replaceAll("", "-"),
  })),
  map("replace", (r) => ({
    a: r.s.replace("a", "[$&]"),
    b: r.s.replaceAll("a", "$$"),
    c: r.s.replace("b", "$`|$'"),
    d: r.s.replace("e", "$1$0"),
  })),
  map("replace", (r) => ({
    a: r.s.replace(r.t, "<>"),
    b: r.s.replaceAll(r.t, r.s),
    c: r.s.replaceAll("\ud83d", "H"),
  })),
  map("repeat", (r) => ({
    a: r.s.repeat(2),
    b: "ab".repeat(r.n & 3),
    c: r.s.repeat(0),
    d: "=".repeat(2.9),
  })),
  map("repeat,throw", (r) => ({ a: "x".repeat(r.tiny) })),
  map("repeat,surrogates", (r) => ({ a: "\ude00a\ud83d".repeat(3), b: r.s.slice(0, 2).repeat(2) })),
  map("pad", (r) => ({
    a: r.s.padStart(6),
    b: r.s.padEnd(6, "ab"),
    c: r.s.padStart(7, "😀"),
    d: r.s.padEnd(5, ""),
  })),
  map("pad,numbers as text", (r) => ({
    a: String(r.n).padStart(6, "0"),
    b: `${r.tiny}`.padEnd(4, "é"),
  })),
  map("pad", (r) => ({ a: r.s.padStart(r.tiny), b: r.s.padEnd(r.x > 50 ? 3 : 8, r.t) })),
  map("trim", (r) => ({ a: r.s.trim(), b: r.s.trimStart(), c: r.s.trimEnd() })),
  map("trim", (r) => ({
    a: (" \u2003" + r.s + "\u2029").trim(),
    b: ("x" + r.s).trim() === "x" + r.s,
  })),
  filter("trim,truthiness", (r) => r.s.trim()),
  map("case", (r) => ({ a: r.s.toLowerCase(), b: r.s.toUpperCase() })),
  map("case", (r) => ({
    a: (r.s + "Σ").toLowerCase(),
    b: ("ΑΣ" + r.s).toLowerCase(),
    c: `A${r.s}ŉ`.toUpperCase(),
  })),
  map("case,surrogates", (r) => ({
    a: r.s.slice(0, 2).toUpperCase(),
    b: "\u{10400}\u{1e922}".toLowerCase() + r.s,
  })),
  filter("case,includes", (r) => r.s.toLowerCase().includes("error")),
  map("numbers as text", (r) => ({
    a: String(r.x),
    b: String(r.n),
    c: String(r.id),
    d: r.x.toString(),
  })),
  map("numbers as text", (r) => ({
    a: String(r.f),
    b: String(r.x * 1000),
    c: String(1 / r.y),
    d: `${-r.x}`,
  })),
  map("numbers as text", (r) => ({ a: r.id.toString(), b: String(r.at), c: String(r.tiny / 7) })),
  map("toFixed", (r) => ({
    a: r.x.toFixed(2),
    b: r.x.toFixed(),
    c: r.n.toFixed(1),
    d: (r.x / 3).toFixed(10),
  })),
  map("toFixed", (r) => ({
    a: r.f.toFixed(20),
    b: (1.005).toFixed(2),
    c: r.y.toFixed(0),
    d: (-1.5).toFixed(0),
  })),
  map("toFixed,throw", (r) => ({ a: r.x.toFixed(r.tiny) })),
  map("Number(s)", (r) => ({ a: Number(r.num), b: +r.num, c: Number(r.s), d: Number("") })),
  map("Number(s)", (r) => ({
    a: Number(` ${r.num}\n`),
    b: Number(String(r.x)) === r.x,
    c: Number("0x" + r.num),
  })),
  filter("Number(s)", (r) => Number(r.num) > 10),
  map("parseFloat", (r) => ({
    a: parseFloat(r.num),
    b: Number.parseFloat(r.num + "e5"),
    c: parseFloat(r.s),
  })),
  map("parseFloat", (r) => ({
    a: parseFloat("3.7kg"),
    b: parseFloat(`-${r.num}`),
    c: parseFloat(String(r.x)),
  })),
  map("parseFloat", (r) => ({
    a: parseFloat(r.num.slice(1)),
    b: parseFloat(`.${r.num}`),
    c: parseFloat("-.5.5"),
  })),
  map("parseInt", (r) => ({
    a: parseInt(r.num),
    b: parseInt(r.num, 10),
    c: parseInt(r.num, 16),
    d: Number.parseInt(r.s),
  })),
  map("parseInt", (r) => ({
    a: parseInt(r.num, 2),
    b: parseInt("-" + r.num, 8),
    c: parseInt("0x" + r.num),
  })),
  map("parseInt", (r) => ({
    a: parseInt(String(r.x), 10),
    b: parseInt("12 apples"),
    c: parseInt("-0"),
  })),
  map("millrace/text", (r) => ({
    a: words(r.s).join(" "),
    b: fields(r.s).length,
    c: matchGlob(r.s, "*a*"),
  })),
  flatMap("millrace/text,flatMap", (r) => words(r.s.toLowerCase()).map((word) => ({ word }))),
  filter("millrace/text", (r) => matchGlob(r.s, "?*rr?r") || matchGlob(r.t, "a?b*")),
  filter("captured constants,includes", (r) => LEVELS.includes(r.s)),
  map("captured constants,find", (r) => ({
    level: LEVELS.find((level) => r.s.includes(level)) ?? "none",
  })),
  map("helper functions,split", (r) => ({ a: initials(r.s), b: initials("ada lovelace") })),
  keyBy("string,case", (r) => r.s.toLowerCase()),
  keyBy("object literals,slice", (r) => ({ first: r.s.slice(0, 1), long: r.s.length > 4 })),
  map("let,for-of,concatenation", (r) => {
    let out = "";
    for (const part of r.s.split(" ")) out = part + out;
    return { out };
  }),
  map("let,while,slice", (r) => {
    let rest = r.s;
    let count = 0;
    while (rest.length > 0) {
      rest = rest.slice(2);
      count++;
    }
    return { count, rest };
  }),
];
