import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { modelFindings } from '../../../api/apps/compose/policy/policy-findings.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

/** Ways to write the same path, none of which Docker sees any other way. */
const spelled = (path: string): fc.Arbitrary<string> => {
  const parts = path.split('/').filter(Boolean)
  const between = fc.constantFrom('/', '//', '/./', '/nothing-here/../')
  const before = fc.constantFrom('', '/proc/self/root', '/proc/1/root', '/proc/thread-self/root', '/..', '/proc/self/root/proc/self/root')
  const after = fc.constantFrom('', '/', '/.')
  return fc
    .tuple(before, fc.array(between, { minLength: parts.length, maxLength: parts.length }), after)
    .map(([start, gaps, end]) => start + parts.map((part, at) => (gaps[at] ?? '/') + part).join('') + end)
}

const cased = (word: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('', 'CAP_', 'cap_', 'Cap_'), fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length }))
    .map(([prefix, upper]) => prefix + [...word].map((char, at) => (upper[at] ? char.toUpperCase() : char.toLowerCase())).join(''))

/** The forms in which the two versions print a mount. */
const mounted = (source: string): fc.Arbitrary<unknown> =>
  fc.constantFrom<unknown>(
    `${source}:/target`,
    `${source}:/target:rw`,
    `${source}:/target:rw,z`,
    { type: 'bind', source, target: '/target' },
    { type: 'bind', source, target: '/target', read_only: false, bind: { propagation: 'rshared' } },
    { source, target: '/target' },
  )

const detailsOf = async (folder: string, service: object): Promise<string[]> => {
  const place = { folders: [folder], allowedPaths: [], content: '' }
  const found = await modelFindings({ services: { web: service } }, place)
  return found.map(({ rule, detail }) => `${rule}:${detail}`)
}

test('every spelling of a path has the same finding, in every form of a mount', async (t) => {
  const folder = dataFolder(t)
  mkdirSync(join(folder, 'data'))
  symlinkSync('/usr', join(folder, 'link'))
  const cases = fc.oneof(
    spelled('/usr/share').map((path) => ({ path, finds: ['bind-mount:/usr/share'] })),
    spelled('/run/docker.sock').map((path) => ({ path, finds: ['docker-socket:/run/docker.sock'] })),
    spelled(`${folder}/link/share`).map((path) => ({ path, finds: ['bind-mount:/usr/share'] })),
    spelled(`${folder}/data`).map((path) => ({ path, finds: [] })),
  )
  const checked = fc.asyncProperty(
    cases.chain(({ path, finds }) => mounted(path).map((volume) => ({ volume, finds }))),
    async ({ volume, finds }) => {
      t.deepEqual(await detailsOf(folder, { volumes: [volume] }), finds, JSON.stringify(volume))
    },
  )
  await fc.assert(checked, { numRuns: 500 })
})

test('every spelling of a capability has the same finding, and those that all containers have have none', async (t) => {
  const folder = dataFolder(t)
  const words = fc.oneof(
    cased('SYS_ADMIN').map((word) => ({ word, finds: ['capability:SYS_ADMIN'] })),
    cased('ALL').map((word) => ({ word, finds: ['capability:ALL'] })),
    cased('NET_BIND_SERVICE').map((word) => ({ word, finds: [] })),
  )
  await fc.assert(
    fc.asyncProperty(words, async ({ word, finds }) => t.deepEqual(await detailsOf(folder, { cap_add: [word] }), finds, word)),
    { numRuns: 300 },
  )
})

test('nothing in a model makes the look fail', async (t) => {
  const folder = dataFolder(t)
  const keys = 'volumes cap_add devices build secrets networks security_opt sysctls logging deploy volumes_from network_mode'.split(' ')
  const service = fc.dictionary(fc.constantFrom(...keys), fc.anything({ withBigInt: false, maxDepth: 2 }))
  await t.notThrowsAsync(async () => fc.assert(fc.asyncProperty(service, async (each) => void (await detailsOf(folder, each)))))
})
