export type FindingStatus = 'ok' | 'warning' | 'problem';

/** What was found out about one thing. */
export interface Finding {
  /** `node`, `memory`, `cache` … */
  readonly name: string;
  readonly status: FindingStatus;
  /** In a sentence. */
  readonly message: string;
  /** What to do; null where nothing has to be done. */
  readonly hint: string | null;
  /** The same for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export type Facts = Finding['facts'];

export const fine = (name: string, message: string, facts: Facts = {}): Finding => ({
  ...{ name, status: 'ok', message, hint: null, facts },
});

export const warning = (name: string, message: string, hint: string, facts: Facts = {}): Finding => ({
  ...{ name, status: 'warning', message, hint, facts },
});

export const problem = (name: string, message: string, hint: string, facts: Facts = {}): Finding => ({
  ...{ name, status: 'problem', message, hint, facts },
});

/** Bytes for people: 1536 → '1.5 KiB'. */
export function inBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
