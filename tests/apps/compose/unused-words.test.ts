import test from 'ava'
import { parseDraft } from '../../../api/apps/compose/draft-document.ts'
import { placeFault } from '../../../api/apps/compose/text-check.ts'
import { unusedWords } from '../../../api/apps/compose/unused-words.ts'

function told(content: string, profiles: string[] = [], variable?: string, app: string | null = 'shop'): string[] {
  const environment = variable === undefined ? [] : [{ name: 'COMPOSE_PROFILES', value: variable, secret: false }]
  const document = parseDraft(content)
  return unusedWords(app, { profiles, environment }, document.model)
    .map((fault) => placeFault(fault, document))
    .map(({ line, message }) => `${line}: ${message}`)
}

const web = 'services:\n  web: { image: nginx, profiles: [debug, tools] }\n'

test('another name for the project', (t) => {
  t.deepEqual(told(`name: store\n${web}`), ['1: "store" is not used: the Compose project of an app is named like the app, "shop"'])
  t.deepEqual(told(`# one\nname: \${NAME}\n${web}`), ['2: This is not used: the Compose project of an app is named like the app, "shop"'])
  t.deepEqual(told(`name: store\n${web}`, [], undefined, null), [
    '1: "store" is not used: the Compose project of an app is named like the app',
  ])
  t.deepEqual(told(`name: shop\n${web}`), [])
})

test('active profiles that no service has', (t) => {
  t.deepEqual(told(`# one\n${web}`, ['debug', 'tool', '*'], 'tools, other ,'), [
    '2: no service has the active profile "tool". Did you mean "tools"?',
    '2: no service has the active profile "other"',
  ])
  t.deepEqual(told(web, ['debug']), [])
  t.deepEqual(told('services: { web: { image: nginx } }', ['debug']), ['1: no service has the active profile "debug"'])
})

test('services that other files or variables may name are not known', (t) => {
  t.deepEqual(told(`include: [more.yaml]\n${web}`, ['other']), [])
  t.deepEqual(told('services: { web: { extends: { file: a.yaml, service: a } } }', ['other']), [])
  t.deepEqual(told('services: { web: { image: nginx, profiles: ["${P}"] } }', ['other']), [])
})
