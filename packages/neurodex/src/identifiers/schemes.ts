import type { Config } from '../config.ts';
import { numeric } from './numeric.ts';
import type { IdentifierScheme } from './scheme.ts';
import { semantic } from './semantic.ts';

export type SchemeName = Config['identifiers']['scheme'];

/** What a scheme's tokens depend on. */
export type SchemeSettings = Pick<Config['identifiers'], 'scheme' | 'branching'>;

/** Every scheme that the configuration can name; one that is missing does not compile. */
export const SCHEMES = {
  numeric: () => numeric,
  semantic: ({ branching }) => semantic(branching),
} as const satisfies { readonly [Name in SchemeName]: (settings: SchemeSettings) => IdentifierScheme };

export const schemeOf = (settings: SchemeSettings): IdentifierScheme => SCHEMES[settings.scheme](settings);
