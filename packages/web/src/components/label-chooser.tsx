import { visibleName } from 'neurodex/client';

interface LabelChooserProps {
  /** All labels of the index. */
  readonly labels: readonly string[];
  /** Null: any label. */
  readonly label: string | null;
  readonly onLabel: (label: string | null) => void;
}

/** With more labels than this, a text field with suggestions is faster than a list. */
const LONGEST_LIST = 200;

/** Chooses a label of the index. */
export function LabelChooser(props: LabelChooserProps) {
  const { labels, label } = props;
  if (labels.length === 0 && label === null) return null;
  return labels.length <= LONGEST_LIST ? <LabelList {...props} /> : <LabelField {...props} />;
}

function LabelList({ labels, label, onLabel }: LabelChooserProps) {
  const listed = label === null || labels.includes(label) ? labels : [label, ...labels];
  return (
    <label className="field">
      Label
      <select value={label ?? ''} onChange={({ currentTarget }) => onLabel(currentTarget.value || null)}>
        <option value="">All</option>
        <LabelOptions labels={listed} />
      </select>
    </label>
  );
}

function LabelField({ labels, label, onLabel }: LabelChooserProps) {
  return (
    <label className="field">
      Label
      <input
        key={label}
        type="search"
        list="labels"
        defaultValue={label ?? ''}
        onChange={({ currentTarget: { value } }) => {
          if (value === '' || labels.includes(value)) onLabel(value || null);
        }}
      />
      <datalist id="labels">
        <LabelOptions labels={labels} />
      </datalist>
    </label>
  );
}

function LabelOptions({ labels }: { readonly labels: readonly string[] }) {
  return labels.map((name) => (
    // Without a value, the option would lose a space at the end of its label and name another one.
    <option key={name} value={name}>
      {visibleName(name)}
    </option>
  ));
}
