import { isRecord } from '@neurodex/core';
import type { Config } from '../config.ts';
import { CONFIGURATION_KEYS } from '../configuration/keys.ts';
import { PRESETS } from '../presets/presets.ts';
import { showValue } from '../report/text.ts';

/** The Markdown table of every configuration key with its values in the presets: what docs/cli.md holds. */
export function configurationTable(): string {
  const presets = Object.entries<Config>(PRESETS);
  const row = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [
    row(['key', 'allowed', 'meaning', ...presets.map(([name]) => `\`${name}\``)]),
    row(['---', '---', '---', ...presets.map(() => '---')]),
    ...CONFIGURATION_KEYS.map(({ path, allowed, description = '' }) =>
      row([`\`${path}\``, allowed, description, ...presets.map(([, config]) => showValue(valueAt(config, path)))]),
    ),
  ].join('\n');
}

function valueAt(config: Config, path: string): unknown {
  let value: unknown = config;
  for (const name of path.split('.')) value = isRecord(value) ? value[name] : undefined;
  return value;
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
