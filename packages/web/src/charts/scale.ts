/** Maps a domain onto a range of the drawing. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

const between = (from: number, to: number, range: readonly [number, number], at: number): number =>
  range[0] + (to === from ? 0 : (at - from) / (to - from)) * (range[1] - range[0]);

export function linear(domain: readonly [number, number], range: readonly [number, number], ticks = 5): Scale {
  const scale = (value: number): number => between(domain[0], domain[1], range, value);
  return Object.assign(scale, { ticks: roundSteps(domain, ticks) });
}

/** A logarithmic scale with a tick at 1, 2 and 5 times each power of ten. @param domain above 0 */
export function logarithmic(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [from, to] = [Math.log(domain[0]), Math.log(domain[1])];
  const scale = (value: number): number => between(from, to, range, Math.log(value));
  const ticks: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(domain[0])); power <= domain[1]; power *= 10) {
    for (const times of [1, 2, 5]) {
      if (power * times >= domain[0] && power * times <= domain[1]) ticks.push(power * times);
    }
  }
  // More labels would overlap: then only the powers of ten get one.
  return Object.assign(scale, { ticks: ticks.length > 7 ? ticks.filter((tick) => Math.log10(tick) % 1 === 0) : ticks });
}

/** About `most` round numbers inside a domain. */
function roundSteps([from, to]: readonly [number, number], most: number): number[] {
  if (!(to > from)) return [from];
  const rough = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  // Whole multiples of the step, rounded, so that no tick is 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
