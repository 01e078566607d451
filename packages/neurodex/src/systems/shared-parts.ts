/** A part that somebody uses. */
export interface TakenPart<T> {
  readonly part: T;
  /** To be called once, when it is no longer used. */
  giveBack(): Promise<void>;
}

interface Entry {
  users: number;
  readonly part: Promise<unknown>;
}

/** What versions of an index have in common, such as the sessions of its network. Each part is freed by its last user. */
export class SharedParts {
  private readonly entries = new Map<string, Entry>();

  /** @param key of all parts that are the same @param make called where nobody has the part */
  async take<T>(key: string, make: () => Promise<T>, free: (part: T) => Promise<void>): Promise<TakenPart<T>> {
    const entry = this.entries.get(key) ?? { users: 0, part: make() };
    this.entries.set(key, entry);
    entry.users++;
    const giveBack = async (): Promise<void> => {
      if (--entry.users > 0) return;
      if (this.entries.get(key) === entry) this.entries.delete(key);
      await free((await entry.part) as T);
    };
    try {
      return { part: (await entry.part) as T, giveBack };
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }
}
