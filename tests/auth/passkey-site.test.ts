import test from 'ava'
import { passkeySite } from '../../api/auth/passkey-site.ts'

test('passkeys belong to the host name of the URL that people use', (t) => {
  t.deepEqual(passkeySite('https://apps.example.com'), { id: 'apps.example.com', origin: 'https://apps.example.com' })
  t.deepEqual(passkeySite('https://apps.example.com:8443'), { id: 'apps.example.com', origin: 'https://apps.example.com:8443' })
  t.deepEqual(passkeySite('http://localhost:8080'), { id: 'localhost', origin: 'http://localhost:8080' })
})

test('where browsers allow none, the reason says what to do', (t) => {
  for (const [url, says] of [
    ['http://192.168.1.10:8080', /known as http:\/\/192\.168\.1\.10:8080, .*only for a host name.*Set AUTH_BASE_URL/],
    ['https://[fd00::1]', /only for a host name/],
    ['http://127.0.0.1:8080', /only for a host name/],
    ['http://nas.local:8080', /only over https\. Put TLS in front and set AUTH_BASE_URL/],
  ] as const) {
    const found = passkeySite(url)
    t.true('problem' in found && says.test(found.problem), `${url}: ${JSON.stringify(found)}`)
  }
})
