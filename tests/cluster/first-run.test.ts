import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ApiTokenEntity } from '../../api/auth/api-token.entity.ts'
import { testDatabase } from '../helpers/database.ts'
import { ask } from '../helpers/graphql.ts'
import { callerOf } from '../helpers/http-caller.ts'
import { cookieOf } from '../helpers/password.ts'
import { freePort } from '../helpers/free-port.ts'
import { linksIn, nodeProcess } from '../helpers/node-process.ts'
import { startNginx } from '../helpers/reverse-proxy.ts'
import { makeToken, newcomer } from '../helpers/join.ts'
import { openWebSocket, closeCode } from '../helpers/websocket.ts'
import { eventually } from '../helpers/cluster.ts'

const post = (url: string, code: string) => callerOf(url).send('/auth/link', { method: 'POST', json: { code } })

test('the start prints a link, and npm run link another at any time; only the newest works, and only once', async (t) => {
  const node = await nodeProcess(t)
  const before = linksIn((await node.command('link')).stdout)
  t.is(before.length, 1, 'a server that listens only on loopback prints only that link')
  t.is(before[0]?.url, `http://localhost:${node.port}`)
  await node.start()
  await eventually(
    async () => node.links(),
    (links) => links.length > 0,
  )
  t.is((await post(node.url, before[0]?.code ?? '')).status, 401, 'made before the restart')
  const printed = node.links().at(-1)?.code ?? ''
  const signedIn = await post(node.url, printed)
  t.is(signedIn.status, 200, signedIn.text)
  t.is((await post(node.url, printed)).status, 401)
  const { code, stdout, stderr } = await node.command('link')
  t.deepEqual([code, stderr], [0, ''])
  t.is((await post(node.url, linksIn(stdout)[0]?.code ?? '')).status, 200, 'made while the server runs')
  t.is(node.printed.filter((line) => line.includes(printed)).length, node.links().filter((link) => link.code === printed).length)
  await node.stop()
  await node.start()
  t.is(
    (await callerOf(node.url).send('/api/nodes', { headers: { cookie: cookieOf(signedIn) } })).status,
    200,
    'the session survives a restart',
  )
})

test('npm run token prints only a token, which works at once, whether the server was running or not', async (t) => {
  const node = await nodeProcess(t)
  const make = (...words: string[]) => node.command('token', words)
  const early = await make('--name', 'early', '--scope', 'read')
  t.regex(early.stdout, /^shly_[\w-]+\n$/)
  t.is(early.stderr, '')
  await node.start()
  const late = await make('--name', 'late', '--scope', 'operate', '--days', '1')
  const viewer = async ({ stdout }: { stdout: string }) =>
    (
      await ask<{ viewer: object }>(
        { url: node.url, headers: { authorization: `Bearer ${stdout.trim()}` } },
        '{ viewer { name role via } }',
      )
    ).viewer
  t.deepEqual(await viewer(early), { name: 'machine', role: 'VIEWER', via: 'token' })
  t.deepEqual(await viewer(late), { name: 'machine', role: 'OPERATOR', via: 'token' })
  for (const [words, says] of [
    [[], /--name NAME --scope/],
    [['--name', 'late', '--scope', 'read'], /token named late already/],
    [['--name', 'x', '--scope', 'root'], /--scope must be read, operate or admin/],
    [['--name', 'x', '--scope', 'read', '--days', '0'], /--days must be 1 to 366/],
    [['--name', 'x', '--scope', 'read', '--day', '1'], /--day/],
  ] as const) {
    const { code, stdout, stderr } = await make(...words)
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr, says)
    t.is(stderr.trimEnd().split('\n').length, 1)
  }
})

test('with AUTH_ENABLED=false no link is printed or made; a token still limits its caller', async (t) => {
  const node = await nodeProcess(t, { AUTH_ENABLED: 'false' })
  await node.start()
  t.deepEqual(node.links(), [])
  const { code, stdout, stderr } = await node.command('link')
  t.deepEqual([code, stdout], [1, ''])
  t.regex(stderr, /AUTH_ENABLED=false/)
  const token = (await node.command('token', ['--name', 'x', '--scope', 'read'])).stdout.trim()
  const caller = callerOf(node.url)
  t.is((await caller.send('/api/settings')).status, 200)
  t.is((await caller.send('/api/settings', { headers: { authorization: `Bearer ${token}` } })).status, 403)
})

test('behind a real nginx without forwarding headers, strangers get no access', async (t) => {
  const node = await nodeProcess(t)
  const port = await freePort()
  // The defaults of nginx 1.29.7 and newer.
  const bare = 'proxy_http_version 1.1; proxy_set_header Host $proxy_host; proxy_set_header Connection "";'
  const [proxy] = [`http://127.0.0.1:${port}`]
  await Promise.all([
    node.start(),
    startNginx(t, `server { listen 127.0.0.1:${port}; location / { ${bare} proxy_pass http://localhost:${node.port}; } }`),
  ])
  const stranger = callerOf(proxy)
  for (const path of ['/api/nodes', '/api/apps', '/api/settings', '/api/system/stats', '/api/openapi.json', '/api/nothing', '/graphql'])
    t.is((await stranger.send(path)).status, 401, path)
  t.is((await stranger.send('/graphql', { method: 'POST', json: { query: '{ viewer { role } }' } })).status, 401)
  t.is((await stranger.send('/api/nodes', { headers: node.headers })).status, 200)
  const socket = await openWebSocket({ url: node.url }, { host: `localhost:${node.port}` })
  const closed = closeCode(socket)
  socket.send('{"type":"connection_init"}')
  t.is(await closed, 4401)
})

test('a joined node keeps its role without settings, and a contradicting setting changes nothing', async (t) => {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  await primary.start()
  const { secret } = await makeToken(primary)
  const node = await newcomer(t, primary.url, secret, 'worker-1')
  await node.start()
  const { id } = await node.identity()
  const nodes = () =>
    ask<{ nodes: { nodes: { id: string; name: string; status: string }[] } }>(primary, '{ nodes { nodes { id name status } } }')
  const isThere = (status: string) =>
    eventually(nodes, (answer) => answer.nodes.nodes.some((each) => each.id === id && each.status === status))
  await isThere('ONLINE')
  await node.stop()

  node.setUp({})
  await node.start()
  await node.logged('startup heartbeat sent successfully to primary', { from: 1, withinMs: 30_000 })
  t.like(await node.identity(), { id, name: 'worker-1', role: 'secondary' })
  await isThere('ONLINE')
  const again = await node.startInVain()
  t.is(again.code, 1)
  t.regex(again.output, /^This node already runs, at port \d+\. Nothing was changed$/m, 'as after pasting the command to join again')
  await isThere('ONLINE')
  await node.stop()

  const kept = readFileSync(join(node.dataDir, 'role.json'), 'utf8')
  node.setUp({ NODE_IS_PRIMARY: 'true' })
  const { code, output } = await node.startInVain()
  t.is(code, 1)
  t.regex(output, /NODE_IS_PRIMARY=true, but .* secondary of http.*npm run reset-role/)
  t.is(readFileSync(join(node.dataDir, 'role.json'), 'utf8'), kept)

  t.is((await node.command('reset-role')).code, 0)
  await node.start()
  t.like(await node.identity(), { id, role: 'primary' })
  await node.stop()

  node.setUp({ NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: primary.url })
  t.regex((await node.startInVain()).output, /data folder of a primary.*npm run reset-role/)
})

test('an update locks no one out: a link is printed, tokens without an owner keep working, and the log says what changed', async (t) => {
  const node = await nodeProcess(t)
  await node.start()
  await node.stop()
  // The state left by an older version that trusted calls from this machine.
  rmSync(join(node.dataDir, 'role.json'))
  const token = (await node.command('token', ['--name', 'nightly', '--scope', 'operate'])).stdout.trim()
  const { em } = await testDatabase(t, node.databasePath)
  await em.fork().nativeUpdate(ApiTokenEntity, { name: 'nightly' }, { user: null })
  const from = node.printed.length
  await node.start()
  const warned = await node.log.first(({ level, msg }) => level === 'warn' && msg.startsWith('Starting with this version'))
  t.regex(warned.msg, /npm run token.*account "machine"/)
  t.true(linksIn(node.printed.slice(from).join('\n')).length > 0)
  const caller = { url: node.url, headers: { authorization: `Bearer ${token}` } }
  t.deepEqual(await ask(caller, '{ viewer { name role } }'), { viewer: { name: 'machine', role: 'OPERATOR' } })
  t.regex(readFileSync(join(node.dataDir, 'role.json'), 'utf8'), /"role": "primary"/)
  await node.stop()
  await node.start()
  t.is(node.log.values.filter(({ msg }) => msg.startsWith('Starting with this version')).length, 1, 'logged once')
})
