import type { Config } from '../config.ts';
import { numeric } from './numeric.ts';
import type { IdentifierScheme } from './scheme.ts';

export type SchemeName = Config['identifiers']['scheme'];

/** Every scheme that the configuration can name; one that is missing does not compile. */
export const SCHEMES = { numeric } as const satisfies { readonly [Name in SchemeName]: IdentifierScheme };
