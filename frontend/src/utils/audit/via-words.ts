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

export const viaWords = (via: string): string => viaNames[via] ?? via
