import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * The servers that may send a file, redirects included. Addresses come out of data files and out of servers' answers: what
 * is not listed is not asked.
 */
export interface HostRules {
  /** Hosts of the data set, on the usual ports, at public addresses: `images.cocodataset.org`, `*.hf.co`. */
  readonly names: readonly string[];
  /** The server that the user named (COCO_ENDPOINT …): it may be on this machine or in a private network. */
  readonly named?: string;
  /** Whether the named server keeps files on other ports of its host, and on public hosts below its name. */
  readonly namedHasStorage?: boolean;
}

/** An environment variable: further hosts that the user allows, `host` or `host:port`, separated by commas. */
export const FURTHER_HOSTS = 'NEURODEX_DOWNLOAD_HOSTS';

/** `named`: by the user, at whatever address. `public`: only where its address is public. */
export type HostVerdict = 'named' | 'public' | 'refused';

/** @param further the content of NEURODEX_DOWNLOAD_HOSTS */
export function judgeHost(url: URL, rules: HostRules, further: string | undefined): HostVerdict {
  const hostname = url.hostname.replace(/\.$/, '');
  if ((further ?? '').split(/[\s,]+/).some((entry) => entry !== '' && isEntry(entry, url, hostname))) return 'named';
  const named = rules.named !== undefined && URL.canParse(rules.named) ? new URL(rules.named) : undefined;
  if (named !== undefined && (url.origin === named.origin || (rules.namedHasStorage && hostname === named.hostname))) {
    return 'named';
  }
  if (url.port !== '' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return 'refused';
  const below = named !== undefined && rules.namedHasStorage === true ? [`*.${named.hostname}`] : [];
  return [...rules.names, ...below].some((name) => matches(name, hostname)) ? 'public' : 'refused';
}

function isEntry(entry: string, url: URL, hostname: string): boolean {
  if (!URL.canParse(`${url.protocol}//${entry}`)) return false;
  const allowed = new URL(`${url.protocol}//${entry}`);
  return allowed.hostname === hostname && (allowed.port === url.port || !/:\d+$/.test(entry));
}

const matches = (name: string, hostname: string): boolean =>
  name.startsWith('*.') ? hostname.endsWith(name.slice(1)) : hostname === name;

/** IPv4 addresses that no public server has (RFC 6890 and the registry of special-purpose addresses). */
const SPECIAL = new BlockList();
for (const range of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]) {
  const [network = '', bits] = range.split('/');
  SPECIAL.addSubnet(network, Number(bits), 'ipv4');
}

/** IPv6: public addresses are in 2000::/3, but for those that stand for others (Teredo, 6to4) and for documentation. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
const GLOBAL_BUT = new BlockList();
GLOBAL_BUT.addSubnet('2001::', 23, 'ipv6');
GLOBAL_BUT.addSubnet('2001:db8::', 32, 'ipv6');
GLOBAL_BUT.addSubnet('2002::', 16, 'ipv6');
GLOBAL_BUT.addSubnet('3fff::', 20, 'ipv6');

/** Whether an address is one of the public internet: not of this machine, a private network, a link or a group. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !SPECIAL.check(address, 'ipv4');
  return family === 6 && GLOBAL.check(address, 'ipv6') && !GLOBAL_BUT.check(address, 'ipv6');
}

/** `code` of the error that a connection to a name without a public address ends with. */
export const PRIVATE_ADDRESS = 'NEURODEX_PRIVATE_ADDRESS';

/** Asks for all addresses of a name, as `dns.lookup` does. */
export type Resolver = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Resolves names for a connection, and leaves out addresses that are not public. The connection goes to the very address
 * that was checked, so that a second answer of the name server changes nothing.
 */
export const publicLookup =
  (resolve: Resolver = systemLookup): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const usable = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = usable;
      if (first === undefined) {
        const refused = addresses.map(({ address }) => address).join(', ');
        const why = new Error(`${hostname} is ${refused || 'nowhere'}`);
        return callback(Object.assign(why, { code: PRIVATE_ADDRESS }), '', 0);
      }
      if (options.all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
