/** What error codes of connections mean. */
const meanings: [codes: string[], words: (where: { host: string; hostname: string; code: string }) => string][] = [
  [
    ['ECONNREFUSED'],
    ({ host }) =>
      `connection refused at ${host}: nothing is listening there, or a firewall rejects connections. Check the endpoint and its port`,
  ],
  [['ENOTFOUND', 'EAI_AGAIN'], ({ hostname }) => `the host name ${hostname} was not found in DNS`],
  [
    ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'],
    ({ host }) => `no connection to ${host} within the time limit: it is off, or a firewall drops packets`,
  ],
  [['EHOSTUNREACH', 'ENETUNREACH'], ({ host }) => `there is no network route to ${host}`],
  [
    [
      'ERR_HTTP2_INVALID_SESSION',
      'ERR_HTTP2_GOAWAY_SESSION',
      'ERR_HTTP2_SESSION_ERROR',
      'ERR_HTTP2_STREAM_CANCEL',
      'ERR_HTTP2_STREAM_ERROR',
    ],
    () => 'its link was cut',
  ],
  [['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'], ({ host }) => `the connection to ${host} was cut`],
  [['UND_ERR_RES_EXCEEDED_MAX_SIZE'], () => `sent an answer that is too large`],
  [
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ],
    ({ host, code }) =>
      `the TLS certificate of ${host} is not trusted (${code}). Set NODE_EXTRA_CA_CERTS to the file with its certificate authority`,
  ],
  [['CERT_HAS_EXPIRED'], ({ host }) => `the TLS certificate of ${host} has expired`],
  [['CERT_NOT_YET_VALID'], ({ host }) => `the TLS certificate of ${host} is not valid yet. Is the calling machine's clock behind?`],
  [['ERR_TLS_CERT_ALTNAME_INVALID'], ({ host }) => `the TLS certificate of ${host} is for a different name`],
  [
    ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
    ({ host }) => `${host} does not speak TLS. Should the URL start with http:// instead of https://?`,
  ],
]

/** Describes what went wrong between two nodes, for the person who has to fix it. */
export function failureInWords(error: unknown, endpoint: string): string {
  const { host, hostname } = URL.parse(endpoint) ?? { host: endpoint, hostname: endpoint }
  const cause = innermost(error)
  // undici's parser sets no error code for a bad status line. Node's own parser has an HPE_ code for each kind of bad HTTP.
  if (cause instanceof Error && (cause.name === 'HTTPParserError' || codeOf(cause)?.startsWith('HPE_')))
    return `${host} does not speak HTTP. Is another service at this endpoint, or should the URL start with https://?`
  // Source: the Fetch standard, section 2.9
  if (cause instanceof Error && cause.message === 'bad port')
    return `the port of ${host} belongs to another protocol, so HTTP requests to it are blocked`
  const code = codeOf(cause)
  const words = meanings.find(([codes]) => code !== undefined && codes.includes(code))?.[1]
  if (code !== undefined && words) return words({ host, hostname, code })
  return cause instanceof SyntaxError ? 'sent an answer that is not JSON' : cause instanceof Error ? cause.message : String(cause)
}

/** Describes what a call was waiting for when its deadline passed. */
export function timeoutInWords(hop: 'dns' | 'tcp' | 'tls' | 'http', endpoint: string, deadlineMs: number): string {
  const { host, hostname } = URL.parse(endpoint) ?? { host: endpoint, hostname: endpoint }
  const within = `within ${deadlineMs / 1000} s`
  switch (hop) {
    case 'dns':
      return `DNS did not resolve ${hostname} ${within}`
    case 'tcp':
      return `no connection to ${host} ${within}: it is off, or a firewall drops packets`
    case 'tls':
      return `${host} accepted the connection, but TLS was not established ${within}. Should the URL start with http:// instead of https://?`
    case 'http':
      return `${host} accepted the request but did not answer ${within}`
  }
}

/** Whether no connection was established, so the other side cannot have received anything. */
export const isNotConnected = (error: unknown): boolean =>
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/.test(codeOf(innermost(error)) ?? '')

/** Whether a working connection broke, as opposed to one that could not be established. */
export const isBrokenConnection = (error: unknown): boolean =>
  /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|ERR_HTTP2_.*)$/.test(codeOf(innermost(error)) ?? '')

function innermost(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0])
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
