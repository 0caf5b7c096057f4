/** Order matters: each user agent also names browsers that come later in the list. */
const browsers: [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
]

const nameIn = (userAgent: string, known: [RegExp, string][]): string | undefined => known.find(([form]) => form.test(userAgent))?.[1]

/** Such as `Firefox on Linux`. For other clients, the first word of the user agent. */
export function browserWords(userAgent: string): string {
  const browser = nameIn(userAgent, browsers)
  if (!browser) return userAgent.trim().split(/[\s/]/)[0] || 'Unknown browser'
  const system = nameIn(userAgent, systems)
  return system ? `${browser} on ${system}` : browser
}

export const isPhone = (userAgent: string): boolean => /\biPhone\b|\bAndroid\b.*\bMobile\b/.test(userAgent)
