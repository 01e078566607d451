// Before anything is painted: the theme that was chosen, where one was.
try {
  const theme = localStorage.getItem('neurodex.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused: the system's theme it is.
}
