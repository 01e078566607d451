import type { Role } from '@neurodex/datasets';
import type { PictureFacts } from './api/schemas.ts';
import type { Page } from './hosted.ts';

const NONE: readonly PictureFacts[] = [];

/** The pictures of an index by role and label: looking through a million of them for each page would hold up the searches. */
export class ListedPictures {
  /** All labels, in the order of the alphabet. */
  readonly labels: readonly string[];
  private readonly facts: readonly PictureFacts[];
  private readonly byRole: ReadonlyMap<Role, readonly PictureFacts[]>;
  private readonly byLabel: ReadonlyMap<string, readonly PictureFacts[]>;

  /** @param facts in the order of the rows */
  constructor(facts: readonly PictureFacts[]) {
    this.facts = facts;
    this.byRole = groupedBy(facts, ({ role }) => [role]);
    this.byLabel = groupedBy(facts, ({ labels }) => labels);
    this.labels = [...this.byLabel.keys()].sort();
  }

  /** In the order of the rows. */
  with({ role, label }: Pick<Page, 'role' | 'label'>): readonly PictureFacts[] {
    if (label === undefined) return role === undefined ? this.facts : (this.byRole.get(role) ?? NONE);
    const found = this.byLabel.get(label) ?? NONE;
    return role === undefined ? found : found.filter((facts) => facts.role === role);
  }
}

function groupedBy<Key>(
  pictures: readonly PictureFacts[],
  keysOf: (picture: PictureFacts) => readonly Key[],
): ReadonlyMap<Key, readonly PictureFacts[]> {
  const groups = new Map<Key, PictureFacts[]>();
  for (const picture of pictures) {
    for (const key of new Set(keysOf(picture))) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [picture]);
      else group.push(picture);
    }
  }
  return groups;
}
