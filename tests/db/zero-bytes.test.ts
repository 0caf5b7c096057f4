import test from 'ava'
import { AuditEntity } from '../../api/auth/audit.entity.ts'
import { createAuditLog } from '../../api/auth/audit-log.ts'
import { systemClock } from '../../api/clock.ts'
import { testDatabase } from '../helpers/database.ts'

test('text with zero bytes and quotes is stored and found unchanged', async (t) => {
  const { em } = await testDatabase(t)
  const audit = createAuditLog({ em, clock: systemClock })
  const names = ['a\0b', '\0', `'\0'; drop table audit_entries; --`, 'a', `it's`]
  for (const name of names) await audit.note({ name, via: 'session', address: '' }, { action: 'test' }, 'succeeded')
  t.deepEqual((await audit.list({}, { limit: 10 })).map(({ actor }) => actor).reverse(), names)
  for (const actor of names) t.is(await em.fork().count(AuditEntity, { actor: { $in: [actor] } }), 1, JSON.stringify(actor))
})
