import test, { type ExecutionContext } from 'ava'
import { createAuditLog } from '../../api/auth/audit-log.ts'
import { createAuditRetention, keptAlways, type AuditBounds } from '../../api/auth/audit-retention.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { recordedLog } from '../helpers/recorded-log.ts'

const viewer = { name: 'viewer', via: 'session', address: '192.0.2.7' }
const all = { limit: 1000 }
const day = 86_400_000
const wide: AuditBounds = { maxAgeMs: 365 * day, maxLines: 200_000, maxBytes: 100 * 2 ** 20 }

async function setUp(t: ExecutionContext<unknown>, bounds: Partial<AuditBounds> = {}) {
  const { em } = await testDatabase(t)
  const clock = createManualClock()
  const retention = createAuditRetention({ em, bounds: { ...wide, ...bounds }, clock, log: recordedLog().log })
  /** Inserts many lines directly, because writing them one by one takes long. */
  const fill = (count: number, detail = 'x', at = clock.now()) =>
    em.getConnection().execute(
      `with recursive lines(n) as (select 1 union all select n + 1 from lines where n < ?)
       insert into "audit_entries" ("at", "actor", "via", "address", "action", "outcome", "detail")
       select ?, 'viewer', 'session', '192.0.2.7', 'app.remove', 'denied', ? from lines`,
      [count, at.getTime(), detail],
    )
  return { audit: createAuditLog({ em, clock }), clock, retention, fill }
}

test('texts that callers choose are cut visibly', async (t) => {
  const { audit } = await setUp(t)
  const long = 'x'.repeat(1_000_000)
  await audit.note({ name: long, via: long, address: long }, { action: long, nodeId: long, appId: long, subject: long }, 'denied', long)
  const [line] = await audit.list({}, all)
  const texts = Object.values(line ?? {}).filter((value) => typeof value === 'string' && value !== 'denied')
  t.is(texts.length, 8)
  for (const text of texts) t.true(String(text).endsWith('…') && String(text).length <= 1000)
  t.true(JSON.stringify(line).length < 2500)
})

test('repeated refusals get some lines, then one line with the number of the rest', async (t) => {
  const { audit, clock } = await setUp(t)
  for (let count = 0; count < 1000; count += 1) await audit.noteRefusal(viewer, { action: count % 10 ? 'app.remove' : 'node.remove' })
  t.is(await audit.count({}), 20)
  const other = { ...viewer, name: 'other' }
  t.true(await audit.noteRefusal(other, { action: 'app.stop' }), 'others have a budget of their own')
  await audit.summarise()
  t.is(await audit.count({}), 21, 'the window is not over')
  clock.advance(10 * 60_000)
  await audit.summarise()
  const [summary] = await audit.list({}, all)
  t.like(summary, { ...{ actor: 'viewer', via: 'session', address: '192.0.2.7' }, action: 'refusals', outcome: 'denied' })
  t.is(summary?.subject, '980 more were refused or failed')
  t.regex(summary?.detail ?? '', /^Since .*: app\.remove 882, node\.remove 98$/)
  await audit.summarise()
  t.is(await audit.count({}), 22, 'once')
  t.true(await audit.noteRefusal(viewer, { action: 'app.remove' }), 'a new window')
})

test('refusals of many actors are limited together and are summarized at shutdown', async (t) => {
  const { audit } = await setUp(t)
  for (let actor = 0; actor < 1000; actor += 1) {
    for (let count = 0; count < 3; count += 1)
      await audit.noteRefusal({ ...viewer, address: `198.51.${actor >> 8}.${actor & 255}` }, { action: 'sign-in' })
  }
  t.is(await audit.count({ action: 'sign-in' }), 170, 'three each for fifty, and twenty for all others')
  await audit.summarise({ all: true })
  const [summary] = await audit.list({ action: 'refusals' }, all)
  t.like(summary, { actor: 'others', subject: '2830 more were refused or failed' })
})

test('deletes the oldest lines when they are too old, too many or too large, and always keeps the newest', async (t) => {
  for (const bounds of [{ maxAgeMs: 30 * day }, { maxLines: 3000 }, { maxBytes: 3000 * 200 }]) {
    const { audit, clock, retention, fill } = await setUp(t, bounds)
    await fill(4000, 'y'.repeat(100))
    clock.advance(40 * day)
    await fill(3000, 'z'.repeat(100))
    await retention.run()
    const kept = await audit.count({})
    t.true(kept >= 2000 && kept <= 3000, `${JSON.stringify(bounds)}: ${kept}`)
    const [newest] = await audit.list({}, { limit: 1 })
    t.is(newest?.id, 7000)
    clock.advance(400 * day)
    await retention.run()
    t.is(await audit.count({}), keptAlways, 'however old they are')
  }
})

test('deletes nothing from a log within its bounds', async (t) => {
  const { audit, retention, fill } = await setUp(t)
  await fill(3000)
  await retention.run()
  t.is(await audit.count({}), 3000)
})
