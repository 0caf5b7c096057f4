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
  switch (codeOf(cause)) {
    case 'ECONNREFUSED':
      return `connection refused at ${host}: nothing is listening there, or a firewall rejects connections. Check the endpoint and its port`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name ${hostname} was not found in DNS`
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return `no connection to ${host} within the time limit: it is off, or a firewall drops packets`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no network route to ${host}`
    case 'ERR_HTTP2_INVALID_SESSION':
    case 'ERR_HTTP2_GOAWAY_SESSION':
    case 'ERR_HTTP2_SESSION_ERROR':
    case 'ERR_HTTP2_STREAM_CANCEL':
    case 'ERR_HTTP2_STREAM_ERROR':
      return 'its link was cut'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return `the connection to ${host} was cut`
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return `sent an answer that is too large`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the TLS certificate of ${host} is not trusted (${codeOf(cause)}). Set NODE_EXTRA_CA_CERTS to the file with its certificate authority`
    case 'CERT_HAS_EXPIRED':
      return `the TLS certificate of ${host} has expired`
    case 'CERT_NOT_YET_VALID':
      return `the TLS certificate of ${host} is not valid yet. Is the calling machine's clock behind?`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the TLS certificate of ${host} is for a different name`
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${host} does not speak TLS. Should the URL start with http:// instead of https://?`
    default:
      return cause instanceof SyntaxError ? 'sent an answer that is not JSON' : cause instanceof Error ? cause.message : String(cause)
  }
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
