/** How long something took, in the largest two units that say it. Pure. */
const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]] as const; // prettier-ignore

export function seconds(from: string, to: string): number | undefined {
  const took = (Date.parse(to) - Date.parse(from)) / 1000;
  return Number.isFinite(took) && took >= 0 ? took : undefined;
}

export function lasted(took: number, language: string): string {
  const unit = (value: number, name: string) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: 0 }).format(value);
  for (const [at, [name, size]] of UNITS.entries()) {
    if (took < size && size > 1) continue;
    const below = UNITS[at + 1];
    const rest = below ? Math.floor((took % size) / below[1]) : 0;
    return below && rest ? `${unit(Math.floor(took / size), name)} ${unit(rest, below[0])}` : unit(Math.floor(took / size), name);
  }
  return unit(0, "second");
}
