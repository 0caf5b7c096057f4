/** What a registry asks for with a 401. Source: https://distribution.github.io/distribution/spec/auth/token/ and RFC 9110, 11.6.1. */
export type Challenge = { scheme: 'basic' } | { scheme: 'bearer'; realm: string; service: string | null }

/** The first challenge that we can answer; null if there is none. */
export function parseChallenge(header: string): Challenge | null {
  const bearer = /(?:^|,)\s*bearer\s+(.*)$/i.exec(header)?.[1]
  if (bearer !== undefined) {
    const parameters = new Map([...bearer.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g)].map(toParameter))
    const realm = parameters.get('realm')
    return realm ? { scheme: 'bearer', realm, service: parameters.get('service') ?? null } : null
  }
  return /(?:^|,)\s*basic(?:\s|$)/i.test(header) ? { scheme: 'basic' } : null
}

const toParameter = ([, name = '', quoted, plain = '']: RegExpMatchArray): [string, string] => [
  name.toLowerCase(),
  quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'),
]
