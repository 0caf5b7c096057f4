import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { ensureTestImage, testImage } from '../../helpers/docker-image.ts'
import { appName, nodeOf } from '../../helpers/own-apps.ts'

const secret = 'hunter2-is-long'

test('a secret in the name of a program, a user, an image or a volume shows nowhere', async (t) => {
  await ensureTestImage()
  const node = await nodeOf(t)
  const name = appName(t)
  const service = (lines: string): string => `    image: ${testImage}\n    network_mode: none\n${lines}`
  const composeContent = [
    'services:',
    '  web:',
    service('    command: ["/bin/${S}"]'),
    '  user:',
    service('    user: "${S}"'),
    '  named:',
    service('    container_name: "${S}"\n    volumes: ["data:/data"]\n    command: ["/bin/${S}"]'),
    'volumes:',
    '  data: { name: "${S}-data" }',
    '',
  ].join('\n')
  const { app, operation } = await node.apps.create({
    ...{ name, composeContent, environment: [{ name: 'S', value: secret, secret: true }] },
    rollback: false,
  })
  const ended = await node.outcome({ app, operation })
  t.is(ended.status, 'failed')
  await nextTurn()
  const shown = node.apps.get(app.id)
  t.regex(shown.statusReason ?? '', /••••/)
  const preview = await node.apps.removalOf(app.id)
  t.true(preview.items.some(({ name: item }) => item === '••••-data'))
  for (const told of [shown, ...node.seen.values, preview, ended]) t.notRegex(JSON.stringify(told), new RegExp(secret))
  const folder = join(node.folder, 'data')
  // The database has what was shown, so it would have the secret too.
  t.true(readdirSync(folder).some((file) => readFileSync(join(folder, file)).includes('••••')))
  for (const file of readdirSync(folder)) t.false(readFileSync(join(folder, file)).includes(secret), file)
  await node.outcome(await node.apps.removeApp(app.id, { volumes: true }))
})
