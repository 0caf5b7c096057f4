import test from 'ava'
import {
  changeWords,
  contentsDiffer,
  draftFrom,
  fileChanges,
  filledLists,
  mergedContents,
  sealedContents,
  updateOf,
  variableChanges,
  type Contents,
} from '../../../frontend/src/utils/apps/contents.ts'

const base: Contents = {
  composeContent: 'services: {}\n',
  files: [
    { path: 'a.conf', content: 'a', secret: false },
    { path: 'key.pem', content: null, secret: true },
  ],
  environment: [
    { name: 'PORT', value: '80', secret: false },
    { name: 'PASSWORD', value: null, secret: true },
  ],
  profiles: ['debug'],
}
const withPort = (value: string): Contents => ({
  ...base,
  environment: base.environment.map((variable) => (variable.name === 'PORT' ? { ...variable, value } : variable)),
})

test('changes name what was added, changed and removed', (t) => {
  const after: Contents = {
    ...base,
    composeContent: 'services: { web: {} }\n',
    files: [
      { path: 'a.conf', content: 'b', secret: false },
      { path: 'new.conf', content: '', secret: false },
    ],
  }
  t.is(changeWords(fileChanges(base, after)), 'compose.yaml changed, a.conf changed, new.conf added, key.pem removed')
  t.is(changeWords(fileChanges(base, after), 2), 'compose.yaml changed, a.conf changed, 2 more')
  t.deepEqual(variableChanges(base, withPort('81')), [{ name: 'PORT', change: 'changed' }])
  t.false(contentsDiffer(base, { ...base, profiles: ['debug'] }))
  t.true(contentsDiffer(base, { ...base, profiles: [] }))
})

test('an update sends only the lists that changed, and a secret that nobody touched without its value', (t) => {
  t.deepEqual(updateOf(base, base), {})
  t.deepEqual(updateOf(base, withPort('81')), { environment: withPort('81').environment })
  t.deepEqual(updateOf(base, { ...base, profiles: [] }), { profiles: [] })
})

test('a draft on top of a newer version keeps what others changed elsewhere', (t) => {
  const mine: Contents = { ...withPort('81'), files: [{ path: 'a.conf', content: 'mine', secret: false }] }
  const newer: Contents = {
    ...base,
    composeContent: 'services: { db: {} }\n',
    files: [...base.files, { path: 'theirs.conf', content: 't', secret: false }],
    profiles: [],
  }
  t.deepEqual(mergedContents(base, mine, newer), {
    composeContent: newer.composeContent,
    files: [
      { path: 'a.conf', content: 'mine', secret: false },
      { path: 'theirs.conf', content: 't', secret: false },
    ],
    environment: withPort('81').environment,
    profiles: [],
  })
})

test('an edit of a file that someone else removed brings it back', (t) => {
  const mine: Contents = { ...base, files: [{ path: 'a.conf', content: 'mine', secret: false }, ...base.files.slice(1)] }
  const merged = mergedContents(base, mine, { ...base, files: base.files.slice(1) })
  t.deepEqual(
    merged.files.map(({ path }) => path),
    ['key.pem', 'a.conf'],
  )
})

test('after a save, secrets have no value', (t) => {
  const typed: Contents = { ...base, environment: [{ name: 'PASSWORD', value: 'hunter2', secret: true }] }
  t.false(JSON.stringify(sealedContents(typed)).includes('hunter2'))
})

test('empty lists are left out of a creation', (t) => {
  t.deepEqual(filledLists({ files: [], environment: base.environment, profiles: [] }), { environment: base.environment })
})

test('a draft from another version keeps the secrets that are stored, and leaves others to be entered again', (t) => {
  const former: Contents = {
    composeContent: 'services: { web: {} }\n',
    files: [
      { path: 'key.pem', content: null, secret: true },
      { path: 'gone.pem', content: null, secret: true },
    ],
    environment: [
      { name: 'PASSWORD', value: null, secret: true },
      { name: 'PORT', value: null, secret: true },
    ],
    profiles: [],
  }
  const draft = draftFrom(former, base)
  t.is(draft.composeContent, former.composeContent)
  t.deepEqual(
    draft.files.map(({ content }) => content),
    [null, ''],
  )
  t.deepEqual(
    draft.environment.map(({ value }) => value),
    [null, ''],
  )
})
