// Numbers as the two formats write them.

/** A value of a sample: any notation will do, but for what is not finite. */
export function sampleNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "0" : String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/**
 * The one notation of a bound in the labels `le` and `quantile` (OpenMetrics 1.0, "Canonical
 * Numbers": Go's %g with ".0" where neither point nor exponent is). A label is compared as text: a
 * second notation would be a second series.
 */
export function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) return sampleNumber(value);
  if (value === 0) return "0.0";
  const [digits = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 6) {
    const sign = exponent < 0 ? "-" : "+";
    return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}
