// Applies a chosen theme before the first paint.
try {
  const theme = localStorage.getItem('neurodex.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // The browser refuses storage: the page follows the system's theme.
}
