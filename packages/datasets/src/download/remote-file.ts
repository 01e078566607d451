import type { HostRules } from './hosts.ts';

/** A file on a server, and what is known of it beforehand. */
export interface RemoteFile {
  /** Where it is. */
  readonly url: string;
  /** What it is called in messages and progress. */
  readonly name: string;
  /** Its size, where it is known. */
  readonly bytes?: number;
  /** Bytes that it may have at most, where nobody knows how many it has: a server could send without end. */
  readonly atMost?: number;
  /** Hexadecimal. */
  readonly sha256?: string;
  /** Hexadecimal; only where the owner publishes nothing better. */
  readonly md5?: string;
  /** What must be agreed to, where something must. */
  readonly gate?: Gate;
  /** The servers that may send it, where the user did not name its address; any by default. */
  readonly hosts?: HostRules;
}

/** A file that only those may have whom its owner has granted access. */
export interface Gate {
  /** Where access is asked for. */
  readonly page: string;
  /** The environment variable whose content is sent as `Authorization: Bearer …`, to the host of the URL and no other. */
  readonly token: 'HF_TOKEN';
}
