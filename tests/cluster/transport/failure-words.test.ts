import test from 'ava'
import { failureInWords, timeoutInWords } from '../../../api/cluster/transport/failure-words.ts'

const endpoint = 'https://worker.example.com:8443/base'
const withCode = (code: string): Error => Object.assign(new Error(`raw ${code}`), { code })
/** Wraps an error the way `fetch` does. */
const wrapped = (cause: Error): Error => new TypeError('fetch failed', { cause })

const words: Record<string, RegExp> = {
  ECONNREFUSED: /^connection refused at worker\.example\.com:8443/,
  ENOTFOUND: /^the host name worker\.example\.com was not found in DNS/,
  EAI_AGAIN: /^the host name worker\.example\.com was not found in DNS/,
  UND_ERR_CONNECT_TIMEOUT: /^no connection to worker\.example\.com:8443 within the time limit/,
  ETIMEDOUT: /^no connection to worker\.example\.com:8443 within the time limit/,
  EHOSTUNREACH: /^there is no network route to worker\.example\.com:8443/,
  ENETUNREACH: /^there is no network route to worker\.example\.com:8443/,
  ECONNRESET: /^the connection to worker\.example\.com:8443 was cut$/,
  EPIPE: /^the connection to worker\.example\.com:8443 was cut$/,
  UND_ERR_SOCKET: /^the connection to worker\.example\.com:8443 was cut$/,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: /^sent an answer that is too large$/,
  DEPTH_ZERO_SELF_SIGNED_CERT: /not trusted.*NODE_EXTRA_CA_CERTS/,
  SELF_SIGNED_CERT_IN_CHAIN: /not trusted.*NODE_EXTRA_CA_CERTS/,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: /not trusted.*NODE_EXTRA_CA_CERTS/,
  UNABLE_TO_GET_ISSUER_CERT: /not trusted.*NODE_EXTRA_CA_CERTS/,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: /not trusted.*NODE_EXTRA_CA_CERTS/,
  CERT_NOT_YET_VALID: /not valid yet\. Is the calling machine's clock behind\?$/,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: /does not speak TLS/,
  HPE_INVALID_CONSTANT: /does not speak HTTP/,
  CERT_HAS_EXPIRED: /certificate of worker\.example\.com:8443 has expired/,
  ERR_TLS_CERT_ALTNAME_INVALID: /is for a different name/,
  EPROTO: /does not speak TLS/,
  ERR_SSL_WRONG_VERSION_NUMBER: /does not speak TLS/,
}

for (const [code, expected] of Object.entries(words)) {
  test(`describes ${code} at any depth of causes`, (t) => {
    for (const error of [withCode(code), wrapped(withCode(code)), wrapped(new AggregateError([withCode(code), withCode('EOTHER')]))]) {
      const said = failureInWords(error, endpoint)
      t.regex(said, expected)
      t.notRegex(said, /raw|fetch failed/)
    }
  })
}

test('an unknown error keeps its own message', (t) => {
  t.is(failureInWords(wrapped(new Error('the disk is on fire')), endpoint), 'the disk is on fire')
  t.is(failureInWords('a text', endpoint), 'a text')
  t.is(failureInWords(new SyntaxError('Unexpected token <'), endpoint), 'sent an answer that is not JSON')
})

test('describes what a call was waiting for at its deadline', (t) => {
  const said = (hop: Parameters<typeof timeoutInWords>[0]) => timeoutInWords(hop, endpoint, 10_000)
  t.is(said('dns'), 'DNS did not resolve worker.example.com within 10 s')
  t.regex(said('tcp'), /^no connection to worker\.example\.com:8443 within 10 s: it is off, or a firewall drops packets$/)
  t.regex(said('tls'), /^worker\.example\.com:8443 accepted the connection, but TLS was not established within 10 s/)
  t.regex(said('http'), /^worker\.example\.com:8443 accepted the request but did not answer within 10 s$/)
})
