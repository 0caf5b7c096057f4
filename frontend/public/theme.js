// Sets the theme before the first paint. A file of its own, because the content security policy allows no inline scripts.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('selfhostly-theme')
  } catch {
    // Storage may be switched off; then the system decides.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.add(dark ? 'dark' : 'light')
})()
