import test from 'ava'
import type { AppOperation } from '../../api/apps/app-service.ts'
import { createIdempotency } from '../../api/apps/operations/idempotency.ts'
import { createOperations } from '../../api/apps/operations.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { primaryId as nodeId } from '../helpers/registry.ts'
import { someApp } from '../helpers/things.ts'

test('the same request with the same key is carried out once, across restarts and for a day; another request is refused', async (t) => {
  const { em } = await testDatabase(t)
  const clock = createManualClock()
  const apps = [someApp({ nodeId, name: 'web' })]
  const [app] = apps
  if (!app) return t.fail()
  const node = () => {
    const deps = { em, nodeId, clock, log: recordedLog().log, deadlineMs: 900_000, parallel: 4, onChange: () => {} }
    const operations = createOperations(deps)
    const { once, onceById } = createIdempotency({ operations, clock, appOf: (id) => apps.find((each) => each.id === id) })
    const task = { work: () => Promise.resolve(), after: () => Promise.resolve() }
    const start = async (): Promise<AppOperation> => ({ app, operation: await operations.enqueue('update', app, {}, task) })
    return { operations, once, onceById, start }
  }
  const first = node()
  const ask = ({ once, start }: typeof first, request: object, key = 'k1') => once(key, request, start)
  const answers = await Promise.all([ask(first, { pull: true, name: 'a' }), ask(first, { name: 'a', pull: true })])
  const [made = '', same = ''] = answers.map(({ operation }) => operation.id)
  t.is(made, same)
  const chosen = '00000000-0000-4000-8000-0000000000f1'
  const byId = await Promise.all([first.onceById(chosen, first.start), first.onceById(chosen, first.start)])
  t.deepEqual(
    byId.map(({ operation }) => operation.id),
    [chosen, chosen],
  )
  await first.operations.stop(0)

  const second = node()
  t.is((await ask(second, { pull: true, name: 'a' })).operation.id, made)
  await t.throwsAsync(ask(second, { pull: false, name: 'a' }), { code: 'CONFLICT', message: /another request/ })
  t.not((await ask(second, { pull: true, name: 'a' }, 'k2')).operation.id, made)
  for (const key of ['', 'x'.repeat(201)]) await t.throwsAsync(ask(second, {}, key), { code: 'INVALID_INPUT' })
  apps.pop()
  await t.throwsAsync(ask(second, { pull: true, name: 'a' }), { code: 'CONFLICT', message: /removed/ })
  clock.advance(24 * 3_600_000 + 1)
  t.not((await ask(second, { pull: false, name: 'a' })).operation.id, made)
})
