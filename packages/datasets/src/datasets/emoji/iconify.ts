import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LicenceNotice } from '../dataset.ts';

/**
 * The parts of the Iconify JSON format that are used (https://iconify.design/docs/types/iconify-json.html): drawings by
 * name, who drew them, and for some sets the categories and the Unicode sequences of the names.
 */
interface IconifyIcon {
  readonly body: string;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}
interface IconifyAlias {
  readonly parent: string;
  readonly hFlip?: boolean;
  readonly vFlip?: boolean;
  readonly rotate?: number;
}
interface IconifyIcons {
  readonly icons: Readonly<Record<string, IconifyIcon>>;
  readonly aliases?: Readonly<Record<string, IconifyAlias>>;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}
interface IconifyInfo {
  readonly name: string;
  readonly author: { readonly name: string; readonly url?: string };
  readonly license: { readonly title: string; readonly spdx?: string; readonly url?: string };
}

/** The files of an `@iconify-json/*` package that are read. */
export const ICONIFY_FILES = ['package.json', 'icons.json', 'info.json', 'metadata.json', 'chars.json'] as const;

/** A vector drawing without its frame: the same drawing under two names is the same body. */
export interface Drawing {
  readonly body: string;
  readonly viewBox: string;
}

const squash = (name: string): string => name.replaceAll('-', '');

export class IconSet {
  readonly notice: LicenceNotice;
  /** Category to icon names; empty where the package has none. */
  readonly categories: ReadonlyMap<string, readonly string[]>;
  /** Unicode sequence (code points in lower-case hexadecimal, joined by '-') to icon name; empty where there is none. */
  readonly characters: ReadonlyMap<string, string>;
  private readonly icons: IconifyIcons;
  /** Names without hyphens, which some sets leave out. */
  private readonly squashed: ReadonlyMap<string, string>;

  private constructor(
    icons: IconifyIcons,
    info: IconifyInfo,
    categories: Readonly<Record<string, readonly string[]>>,
    characters: Readonly<Record<string, string>>,
  ) {
    this.icons = icons;
    this.categories = new Map(Object.entries(categories));
    this.characters = new Map(Object.entries(characters));
    this.squashed = new Map(
      [...Object.keys(icons.aliases ?? {}), ...Object.keys(icons.icons)].map((name) => [squash(name), name]),
    );
    this.notice = {
      work: info.name,
      author: info.author.name,
      licence: info.license.title,
      url: info.author.url ?? info.license.url ?? '',
    };
  }

  /** Reads an unpacked `@iconify-json/*` package. */
  static async open(folder: string): Promise<IconSet> {
    const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(folder, file), 'utf8'));
    const [icons, info, metadata, characters] = await Promise.all([
      json('icons.json'),
      json('info.json'),
      json('metadata.json'),
      json('chars.json'),
    ]);
    return new IconSet(
      icons as IconifyIcons,
      info as IconifyInfo,
      (metadata as { categories?: Record<string, string[]> }).categories ?? {},
      characters as Record<string, string>,
    );
  }

  /** The set's own spelling of a name, hyphens aside; undefined when it has none like it. */
  find(name: string): string | undefined {
    return this.squashed.get(squash(name));
  }

  /** The drawing of that name, aliases followed; undefined when there is none, or only a turned or mirrored one. */
  drawing(name: string): Drawing | undefined {
    let icon = this.icons.icons[name];
    let alias = this.icons.aliases?.[name];
    // A chain of aliases is short; the bound ends a circle.
    for (let i = 0; icon === undefined && alias !== undefined && i < 8; i++) {
      if (alias.hFlip || alias.vFlip || alias.rotate) return undefined;
      icon = this.icons.icons[alias.parent];
      alias = this.icons.aliases?.[alias.parent];
    }
    if (icon === undefined) return undefined;
    const box = { left: 0, top: 0, width: 16, height: 16, ...this.icons, ...icon };
    return { body: icon.body, viewBox: `${box.left} ${box.top} ${box.width} ${box.height}` };
  }
}
