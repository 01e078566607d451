import { createContext, use } from 'react';
import type { Client } from './client.ts';

/** The server that a page talks to. */
export const ClientContext = createContext<Client | null>(null);

export function useClient(): Client {
  const client = use(ClientContext);
  if (client === null) throw new Error('there is no client around this component');
  return client;
}

/** Says something to screen readers, once. */
export const AnnounceContext = createContext<(text: string) => void>(() => {});

/** How pictures are fetched where their addresses alone will not do; null where they will. */
export const BytesContext = createContext<Client['bytes'] | null>(null);

/** Where a picture is, by the address that an answer has for it. */
export const AddressContext = createContext<(address: string) => string>((address) => address);
