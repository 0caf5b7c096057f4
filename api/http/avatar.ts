import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { invalidInput } from '../errors.ts'
import type { HttpEnv } from './router.ts'

/** Logins and e-mail addresses. None of these characters is special in SVG, file systems or URLs. */
const nameForm = /^(?=.*[\p{L}\p{N}])[\p{L}\p{N}_.@-]{1,100}$/u

/** Avatars drawn from people's names. They read no files, and no other server learns who looks at whom. */
export function avatarRoutes(): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get('/avatar/:name', (c) => {
    const name = c.req.param('name')
    if (!nameForm.test(name)) {
      throw invalidInput([{ field: 'name', message: 'must have 1 to 100 characters: letters, digits, and any of - _ . @' }])
    }
    return c.body(drawAvatar(name), 200, {
      'content-type': 'image/svg+xml',
      'cache-control': 'public, max-age=86400',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'x-content-type-options': 'nosniff',
    })
  })
}

/** The dark, muted colors keep white letters readable in every hue. */
function drawAvatar(name: string): string {
  const hue = createHash('sha256').update(name.toLowerCase()).digest().readUInt16BE(0) % 360
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="${name}">
<rect width="64" height="64" fill="hsl(${hue} 55% 30%)"/>
<text x="32" y="32" dy=".36em" fill="#fff" font-family="system-ui, sans-serif" font-size="26" text-anchor="middle">${initialsOf(name)}</text>
</svg>`
}

/** `jane.doe@example.com` is JD, `octocat` is O. */
function initialsOf(name: string): string {
  const [account = ''] = name.split('@')
  const words = (/[\p{L}\p{N}]/u.test(account) ? account : name).split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  return words
    .slice(0, 2)
    .map((word) => String.fromCodePoint(word.codePointAt(0) ?? 0).toUpperCase())
    .join('')
}
