import test from 'ava'
import { canonicalImage, digestsOf, parseImage, parseRegistry } from '../api/image-reference.ts'

const digest = `sha256:${'a'.repeat(64)}`

const named: Record<string, string> = {
  nginx: 'docker.io/library/nginx:latest',
  'nginx:1.29': 'docker.io/library/nginx:1.29',
  'docker.io/nginx': 'docker.io/library/nginx:latest',
  'index.docker.io/library/nginx:1': 'docker.io/library/nginx:1',
  'registry-1.docker.io/someone/app': 'docker.io/someone/app:latest',
  'someone/app': 'docker.io/someone/app:latest',
  'ghcr.io/someone/app:v1': 'ghcr.io/someone/app:v1',
  'localhost/app': 'localhost/app:latest',
  'localhost:5000/app': 'localhost:5000/app:latest',
  '127.0.0.1:5000/a/b/c:x': '127.0.0.1:5000/a/b/c:x',
  '[::1]:5000/app': '[::1]:5000/app:latest',
  'Registry.Example.com/app': 'registry.example.com/app:latest',
  [`nginx@${digest}`]: `docker.io/library/nginx@${digest}`,
  [`nginx:1@${digest}`]: `docker.io/library/nginx:1@${digest}`,
}
for (const [text, canonical] of Object.entries(named)) {
  test(`${text.slice(0, 40)} is ${canonical.slice(0, 50)}`, (t) => {
    const found = parseImage(text)
    t.is(found && canonicalImage(found), canonical)
  })
}

for (const text of [
  '',
  'Nginx',
  'nginx:',
  'nginx:-x',
  'a//b',
  'nginx@sha256:12',
  `nginx@${digest}@${digest}`,
  '../etc',
  'a b',
  'http://x/y',
  '-a.b/c',
]) {
  test(`Docker accepts no image "${text.slice(0, 20)}"`, (t) => t.is(parseImage(text), null))
}

test('a registry has one name, however a person writes it', (t) => {
  for (const text of ['docker.io', 'https://index.docker.io/v1/', 'registry-1.docker.io', ' Docker.IO '])
    t.is(parseRegistry(text), 'docker.io', text)
  t.is(parseRegistry('https://Registry.example.com:5000/'), 'registry.example.com:5000')
  for (const text of ['', 'a/b', 'user@host', 'a b', 'http://']) t.is(parseRegistry(text), null, text)
})

test('only digests of the same repository count', (t) => {
  const image = parseImage('nginx:1.29')
  const other = `sha256:${'b'.repeat(64)}`
  t.deepEqual(image && digestsOf(image, [`nginx@${digest}`, `ghcr.io/library/nginx@${other}`, '<none>@<none>']), [digest])
})
