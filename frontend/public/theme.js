// Sets the theme before the first paint. In its own file because the content security policy forbids inline scripts.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('selfhostly-theme')
  } catch {
    // Storage can be disabled. The system preference decides then.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.add(dark ? 'dark' : 'light')
})()
