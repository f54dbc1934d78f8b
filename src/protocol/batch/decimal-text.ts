/** DECIMAL as text and as the unscaled number of a batch: 123.45 with scale 2 is 12345n. */

/** The text of an unscaled number. */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : "";
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  if (scale === 0) return sign + digits;
  const point = digits.length - scale;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The unscaled number of a text; undefined: no number, or one that the type cannot hold exactly. */
export function unscaledOf(text: string, precision: number, scale: number): bigint | undefined {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, given = ""] = match;
  const fraction = given.replace(/0+$/, "");
  if (fraction.length > scale) return undefined;
  const unscaled = BigInt(whole + fraction.padEnd(scale, "0"));
  if (String(unscaled).length > precision) return undefined;
  return sign === "-" ? -unscaled : unscaled;
}

/** The text of a DECIMAL that a JSON number says, its exponent undone: `1.2e1` is `12`. */
export function plainDecimal(text: string, scale: number): string {
  const [, sign = "", whole = "0", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const shift = Number(exponent) - fraction.length + scale;
  const digits = BigInt(whole + fraction);
  const unscaled = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return decimalText(sign === "-" ? -unscaled : unscaled, scale);
}
