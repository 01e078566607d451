import type { Config } from 'neurodex/browser-build';
import { EngineError } from '../engine.ts';

/** `settings.json` beside the page, as `neurodex site` writes it. */
export interface SiteSettings {
  readonly format: 'neurodex-indexing-site';
  readonly version: 1;
  /** Of the program that wrote it. */
  readonly neurodex: string;
  readonly seed: number;
  readonly config: Config;
}

const isSettings = (value: unknown): value is SiteSettings =>
  typeof value === 'object' &&
  value !== null &&
  'format' in value &&
  value.format === 'neurodex-indexing-site' &&
  'version' in value &&
  value.version === 1;

/** How this site indexes pictures. @throws EngineError `no-settings`, `unreachable` */
export async function readSettings(base: string): Promise<SiteSettings> {
  let response: Response;
  try {
    response = await fetch(new URL('settings.json', base));
  } catch (error) {
    throw new EngineError('unreachable', 'settings.json could not be read: the host cannot be reached', {
      hint: 'Check that you are online, and try again.',
      cause: error,
    });
  }
  const value: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (isSettings(value)) return value;
  throw new EngineError('no-settings', 'settings.json is not beside this page, or is of another version', {
    hint: 'Copy the whole folder that `neurodex site` wrote to its host again.',
  });
}
