import { readFileSync } from 'node:fs'
import type { Certificate } from './certificate.ts'

/** Where a proxy listens and what is behind it. */
export interface Site {
  /** On 127.0.0.1, or with `tls` under the name localhost. */
  port: number
  /** The node's port. */
  target: number
  tls: Certificate | undefined
}

const guide = readFileSync(new URL('../../docs/multi-node.md', import.meta.url), 'utf8')

/** The guide's configuration, unchanged except for names, ports and paths. */
function block(language: 'nginx' | '', marker: string): string {
  const found = [...guide.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].find(
    ([, ofBlock, text = '']) => ofBlock === language && text.includes(marker),
  )
  if (!found?.[2]) throw new Error(`The guide has no block with ${marker}`)
  return found[2]
}

const nginxSite = (text: string, { port, target, tls }: Site): string =>
  replaced(text, [
    [/listen 443 ssl( http2)?;/, tls ? `listen 127.0.0.1:${port} ssl$1;` : `listen 127.0.0.1:${port};`],
    [/server_name .*/, 'server_name localhost;'],
    [/ssl_certificate .*/, tls ? `ssl_certificate ${tls.cert};` : ''],
    [/ssl_certificate_key .*/, tls ? `ssl_certificate_key ${tls.key};` : ''],
    [/127\.0\.0\.1:8080/g, `127.0.0.1:${target}`],
  ])

const caddySite = (text: string, { port, target, tls }: Site): string =>
  replaced(text, [
    [/^\S+\.example\.com \{/, tls ? `https://localhost:${port} {\n  tls ${tls.cert} ${tls.key}` : `http://localhost:${port} {`],
    [/127\.0\.0\.1:8080/g, `127.0.0.1:${target}`],
  ])

/** Throws if a pattern is missing, so that a changed guide cannot leave a test that proves something else. */
function replaced(text: string, changes: [RegExp, string][]): string {
  return changes.reduce((changed, [pattern, by]) => {
    if (!changed.match(pattern)) throw new Error(`The guide's configuration has no ${String(pattern)}`)
    return changed.replace(pattern, by)
  }, text)
}

export const guideProxies = {
  nginx: {
    /** @param passwords path of a password file */
    primary: (site: Site, passwords: string): string =>
      replaced(nginxSite(block('nginx', 'selfhostly.example.com'), site), [
        [/auth_basic_user_file .*/, `auth_basic_user_file ${passwords};`],
      ]),
    secondary: (site: Site): string => nginxSite(block('nginx', 'worker-1.example.com'), site),
  },
  caddy: {
    /** @param hash of the `admin` password */
    primary: (site: Site, hash: string): string =>
      replaced(caddySite(block('', 'selfhostly.example.com'), site), [[/<output of: caddy hash-password>/, hash]]),
    secondary: (site: Site): string => caddySite(block('', 'worker-1.example.com'), site),
  },
}
