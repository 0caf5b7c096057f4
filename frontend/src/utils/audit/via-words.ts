const viaNames: Record<string, string> = {
  local: 'this machine',
  link: 'sign-in link',
  command: 'command on the server',
  edge: 'trusted edge',
  session: 'browser',
  token: 'API token',
  node: 'node',
  'join-token': 'join token',
  github: 'GitHub',
  oidc: 'OpenID Connect',
  password: 'password',
  schedule: 'schedule',
  several: 'several ways',
}

/** Such as `browser`, or `API token backup`. */
export const viaWords = ({ via, tokenName }: { via: string; tokenName: string | null }): string =>
  [viaNames[via] ?? via, tokenName ?? []].flat().join(' ')
