import test from 'ava'
import { variablesOf } from '../../../api/apps/environment/variables.ts'

const none = { isSet: () => false }

test('lists each variable once, with its default and whether it is required', (t) => {
  const file = `
x-common: &common
  labels: { a: "\${LABEL:-x}" }
services:
  web:
    <<: *common
    image: "nginx:\${TAG:-1.29}"
    command: ["$PLAIN", "$$ESCAPED", "\${TAG}", "\${NEED:?set it}", "\${ALSO?}", "\${ALT:+yes}"]
    # \${COMMENT}
    environment: [PASSED, "GIVEN=1", "WITH=\${INNER-}"]
  db:
    image: "a\${OUTER:-\${NESTED:-b}}"
    environment: { EMPTY: , NULLED: null, TEXT: "", N: 1 }
    "\${KEY}": x
`
  t.deepEqual(
    variablesOf(file, { isSet: (name) => name === 'TAG' }).map(({ name, default: text, required, isSet }) =>
      [name, text ?? '-', required ? 'required' : '', isSet ? 'set' : ''].join(' ').trim(),
    ),
    [
      'LABEL x',
      'TAG 1.29  set',
      'PLAIN -',
      'NEED - required',
      'ALSO - required',
      'ALT -',
      'PASSED -',
      'INNER',
      'OUTER ${NESTED:-b}',
      'NESTED b',
      'EMPTY -',
      'NULLED -',
    ],
  )
})

test('looks into files that are included and extended, whatever their circle', (t) => {
  const files = [
    { path: 'more.yaml', content: 'include: [other/third.yaml]\nservices: { a: { image: "${MORE}" } }' },
    { path: 'other/third.yaml', content: 'include: [more.yaml]\nservices: { a: { image: "${THIRD}" } }' },
    { path: 'base.yml', content: 'services: { b: { image: "${BASE}" } }' },
    { path: 'unused.yml', content: 'services: { b: { image: "${UNUSED}" } }' },
    { path: 'broken.yml', content: 'services: [' },
  ]
  const file =
    'include: [./more.yaml, { path: [broken.yml] }]\nservices:\n  a: { extends: { file: base.yml, service: b }, image: "${OWN}" }\n'
  t.deepEqual(
    variablesOf(file, { ...none, files }).map(({ name }) => name),
    ['OWN', 'MORE', 'BASE', 'THIRD'],
  )
})

test('leaves out names that nobody can set, and what cannot be parsed', (t) => {
  t.deepEqual(variablesOf('services: { a: { image: "${HOME}${DOCKER_HOST}${COMPOSE_PROJECT_NAME}${COMPOSE_PROFILES}" } }', none), [
    { name: 'COMPOSE_PROFILES', default: null, required: false, isSet: false },
  ])
  t.deepEqual(variablesOf('services: [', none), [])
  t.deepEqual(variablesOf('', none), [])
})
