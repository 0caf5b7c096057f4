import test, { type ExecutionContext } from 'ava'
import { createRegistryCredentials } from '../../api/registries/registry-credentials.ts'
import { RegistryCredentialEntity } from '../../api/registries/registry-credential.entity.ts'
import { createSecretBox } from '../../api/auth/secret-box.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

const password = 'open sesame'

async function setUp(t: ExecutionContext<unknown>, { readOnly = false } = {}) {
  const clock = createManualClock()
  const { em } = await testDatabase(t)
  const changed: string[] = []
  const box = createSecretBox(Buffer.alloc(32, 1))
  const make = () => createRegistryCredentials({ em, ...box, clock, readOnly, onChange: (registry) => void changed.push(registry) })
  return { em, clock, changed, make, credentials: make() }
}

test('a login is sealed on disk, listed without its password, and known again after a start', async (t) => {
  const { em, clock, changed, make, credentials } = await setUp(t)
  t.is(credentials.version(), '')
  t.is(await credentials.set({ registry: 'https://index.docker.io/v1/', username: ' someone ', password }), 'docker.io')
  t.deepEqual(credentials.list(), [{ registry: 'docker.io', username: 'someone', updatedAt: clock.now() }])
  t.deepEqual(changed, ['docker.io'])
  const [row] = await em.fork().find(RegistryCredentialEntity, {})
  t.false(row?.password.includes(password))
  const later = make()
  await later.start()
  t.deepEqual(later.loginFor('docker.io'), { registry: 'docker.io', username: 'someone', password })
  const before = later.version()
  await later.set({ registry: 'docker.io', username: 'someone', password: 'another' })
  t.not(later.version(), before)
  await later.set({ registry: 'docker.io', username: null, password: null })
  t.is(later.loginFor('docker.io'), null)
  t.is(await em.fork().count(RegistryCredentialEntity, {}), 0)
})

test('what cannot be a login is refused, naming the field, and changes nothing', async (t) => {
  const { credentials, changed } = await setUp(t)
  const wrong = [
    [{ registry: 'a/b', username: 'a', password }, /registry: must be a host/],
    [{ registry: 'ghcr.io', username: 'a' }, /password: is missing/],
    [{ registry: 'ghcr.io', password }, /username: is missing/],
    [{ registry: 'ghcr.io', username: 'a:b', password }, /username: must not contain a colon/],
    [{ registry: 'ghcr.io', username: 'a', password: 'a\nb' }, /password: must have/],
    [{ registry: 'ghcr.io', username: 'a'.repeat(501), password }, /username: must have at most 500/],
  ] as const
  for (const [input, message] of wrong) await t.throwsAsync(credentials.set(input), { message })
  t.deepEqual(changed, [])
})

test('a secondary keeps only what its apps use, and takes nothing from people', async (t) => {
  const { credentials } = await setUp(t, { readOnly: true })
  await t.throwsAsync(credentials.set({ registry: 'ghcr.io', username: 'a', password }), { message: /on its primary/ })
  const login = (registry: string) => ({ registry, username: 'a', password })
  await credentials.replace(['ghcr.io', 'quay.io', 'docker.io'], [login('ghcr.io'), login('quay.io'), login('not.asked')])
  t.deepEqual(
    credentials.list().map(({ registry }) => registry),
    ['ghcr.io', 'quay.io'],
  )
  await credentials.replace(['quay.io', 'docker.io'], [])
  t.deepEqual(credentials.list(), [])
})
