import test from 'ava'
import { register, secondaryOf } from '../helpers/cluster.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { httpReceiver } from '../helpers/receivers.ts'

test('what waits for a receiver that is away survives a kill of the primary, and its end follows', async (t) => {
  t.timeout(180_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker-1')
  const receiver = await httpReceiver(t, Array<number>(50).fill(503))
  await Promise.all([primary.start(), worker.start()])
  await register(primary, worker)
  const create = 'mutation ($input: NotificationChannelInput!) { createNotificationChannel(kind: WEBHOOK, input: $input) { id } }'
  await ask(primary, create, { input: { name: 'On call', url: receiver.url, secret: 'a secret of sixteen' } })
  await worker.kill()
  await receiver.got(1)
  await primary.kill()
  const before = receiver.received.length
  receiver.answerNext()
  await primary.start()
  const lost = await receiver.first(() => true, before)
  t.like(lost, { event: 'alarm', alarm: { kind: 'node-down' }, node: { name: 'worker-1' } })
  await worker.start()
  const over = await receiver.first(({ event }) => event === 'recovery', before)
  t.is(over.alarm.id, lost.alarm.id)
  t.is(receiver.received.length, before + 2, 'each once')
})
