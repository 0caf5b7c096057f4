import test from 'ava'
import { withLine } from '../../api/apps/refusal-line.ts'

const text = 'services:\n  web:\n    image: x\n    ports: 5\n    foo: 1\nbar: 2\n'

const cases: [string, string][] = [
  ['services.web.ports contains an invalid type, it should be an array', 'line 4'],
  ["Unsupported config option for services.web: 'foo'", 'line 5'],
  ["'bar' does not match any of the regexes: '^x-'", 'line 6'],
  ["Service 'web' depends on service 'db' which is undefined.", 'line 2'],
  ['Named volume "d:/x:rw" is used in service "web" but no declaration was found in the volumes section.', 'line 2'],
  ['services.web.deploy.resources contains an invalid type', 'line 2'],
]

for (const [message, line] of cases) {
  test(`a refusal gets its line: ${message}`, (t) => {
    t.is(withLine(text, message), `${line}: ${message}`)
  })
}

test('a message that has its line, or names nothing of the file, stays as it is', (t) => {
  for (const message of [
    'in "./compose.yaml", line 3, column 5: bad',
    'something else went wrong',
    'services.other.image is bad in no way',
  ]) {
    const expected = message.startsWith('services.other') ? `line 1: ${message}` : message
    t.is(withLine(text, message), expected)
  }
})
