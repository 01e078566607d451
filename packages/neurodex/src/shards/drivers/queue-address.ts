import { NeurodexError } from '@neurodex/core';

/** What speaks each protocol. */
const SERVERS = { 'redis:': 'redis', 'rediss:': 'redis', 'postgres:': 'postgres', 'postgresql:': 'postgres' } as const;
type Protocol = keyof typeof SERVERS;
export const QUEUE_PROTOCOLS = Object.keys(SERVERS).map((protocol) => protocol.slice(0, -1));

/** The address of the server of a queue. */
export interface QueueAddress {
  readonly server: 'redis' | 'postgres';
  /** With its password: for the client of the server alone. */
  readonly address: string;
  /** For messages: without user, password and parameters. */
  readonly shown: string;
  /** Takes whatever is secret out of a message of a client. */
  scrub(message: string): string;
}

/** @throws NeurodexError `usage`, in a message that repeats no password */
export function parseQueueAddress(address: string): QueueAddress {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !isKnown(url.protocol) || url.host === '') {
    const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(address)?.[0];
    throw new NeurodexError('usage', `the address of a queue begins with ${scheme ?? 'no protocol'}`, {
      hint: `write one of a server: ${QUEUE_PROTOCOLS.map((name) => `${name}://host`).join(', ')}`,
      details: { protocol: scheme ?? '' },
    });
  }
  const secrets = [address, url.password, decoded(url.password), ...url.searchParams.values()].filter(
    (secret) => secret.length > 2,
  );
  return {
    server: SERVERS[url.protocol],
    address,
    shown: `${url.protocol}//${url.host}${url.pathname}`,
    scrub: (message) => secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message),
  };
}

const isKnown = (protocol: string): protocol is Protocol => Object.hasOwn(SERVERS, protocol);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
