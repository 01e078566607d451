import { createContext, use } from 'react';
import type { Client } from './client.ts';

/** The client of the page's server. */
export const ClientContext = createContext<Client | null>(null);

export function useClient(): Client {
  const client = use(ClientContext);
  if (client === null) throw new Error('there is no client around this component');
  return client;
}

/** Announces a text to screen readers. */
export const AnnounceContext = createContext<(text: string) => void>(() => {});

/** Fetches pictures where an `img` cannot, because the server requires a token; null where it can. */
export const BytesContext = createContext<Client['bytes'] | null>(null);

/** Resolves the address of a picture in an answer. */
export const AddressContext = createContext<(address: string) => string>((address) => address);
