/** Keys that lead to a page, after `g`. */
export const pageKeys: Record<string, { to: string; label: string }> = {
  o: { to: '/', label: 'Overview' },
  n: { to: '/nodes', label: 'Nodes' },
  a: { to: '/apps', label: 'Apps' },
  c: { to: '/engine', label: 'Containers' },
  m: { to: '/monitoring', label: 'Monitoring' },
  s: { to: '/settings', label: 'Settings' },
  u: { to: '/users', label: 'Users' },
  l: { to: '/audit', label: 'Audit log' },
}

export type KeyCommand = { kind: 'palette' | 'keys' | 'search' } | { kind: 'wait' } | { kind: 'go'; to: string }

interface Pressed {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
}

/**
 * What a key means.
 *
 * @param typing whether the key belongs to a field, a terminal or a dialog
 * @param after `g` if that was pressed just before
 */
export function keyCommand(
  { key, ctrlKey, metaKey, altKey }: Pressed,
  { typing, after }: { typing: boolean; after?: 'g' | undefined },
): KeyCommand | undefined {
  if (altKey) return undefined
  if (ctrlKey || metaKey) return key.toLowerCase() === 'k' ? { kind: 'palette' } : undefined
  if (typing) return undefined
  const page = after === 'g' ? pageKeys[key] : undefined
  if (page) return { kind: 'go', to: page.to }
  if (key === 'g') return { kind: 'wait' }
  if (key === '?') return { kind: 'keys' }
  return key === '/' ? { kind: 'search' } : undefined
}
