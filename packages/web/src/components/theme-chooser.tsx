import { THEMES, type Theme, useTheme } from '../state/theme.ts';

const THEME_NAMES: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

export function ThemeChooser() {
  const [theme, setTheme] = useTheme();
  return (
    <label className="field">
      <span className="hidden">Theme</span>
      <select
        value={theme}
        onChange={({ currentTarget }) => setTheme(THEMES.find((name) => name === currentTarget.value) ?? 'system')}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {THEME_NAMES[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
