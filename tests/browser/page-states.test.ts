import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'ava'
import type { Page, Route } from 'playwright-core'
import { startBrowser } from '../helpers/browser.ts'
import { go } from '../helpers/dashboard.ts'
import { capabilities } from '../../api/cluster/members/node-about.ts'
import { peopleSettings, signIn, tokenOf } from '../helpers/people.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { someApp, someNodeContainer } from '../helpers/things.ts'

interface State {
  path: string
  /** What it could not load, as it says. */
  what: string
  /** What it says on a new server. Undefined where the machine's own Docker decides. */
  empty?: string
  /** The role that it needs. */
  needs?: 'Operator' | 'Admin'
}

/** Every page that asks the server for something. */
const pages: State[] = [
  { path: '/', what: 'The overview', empty: 'No apps yet' },
  { path: '/nodes', what: 'The nodes', empty: 'No secondaries yet' },
  { path: '/nodes/join-tokens', what: 'The tokens', empty: 'No tokens', needs: 'Admin' },
  { path: '/nodes/nowhere', what: 'The node', empty: 'This node does not exist' },
  { path: '/apps', what: 'The apps', empty: 'No apps yet' },
  { path: '/apps/new', what: 'The nodes', empty: 'Compose file', needs: 'Operator' },
  { path: '/apps/nowhere', what: 'The app', empty: 'This app does not exist' },
  { path: '/engine/containers', what: 'The containers' },
  { path: '/engine/images', what: 'The images' },
  { path: '/engine/volumes', what: 'The volumes' },
  { path: '/engine/networks', what: 'The networks' },
  { path: '/monitoring', what: 'The stats' },
  { path: '/settings', what: 'The settings', empty: 'No channels', needs: 'Operator' },
  { path: '/users', what: 'The users', needs: 'Admin' },
  { path: '/audit', what: 'The audit log', needs: 'Admin' },
  { path: '/account', what: 'The sessions' },
]
/** Those that ask for nothing by GraphQL before somebody does something. */
const others = ['/reference', '/sign-in', '/welcome', '/:path(.*)*']

test('every page that asks for something is among those that are looked at', (t) => {
  const router = readFileSync(new URL('../../frontend/src/router.ts', import.meta.url), 'utf8')
  const all = [...router.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path).filter((path) => !others.includes(path))
  t.true(all.length > 10)
  const isLooked = (page: string): boolean =>
    pages.some(({ path }) => new RegExp(`^${page.replace(/\/:\w+\?/g, '(/[^/]+)?').replace(/:\w+/g, '[^/]+')}$`).test(path))
  t.deepEqual(
    all.filter((page) => !isLooked(page)),
    [],
  )
})

const refusal = JSON.stringify({ errors: [{ message: 'The disk cannot be read', extensions: { code: 'INTERNAL' } }] })

/** Holds back what pages ask for, except which server this is, until it is told to answer with an error or to let everything through. */
async function hold(page: Page) {
  let isHolding = true
  let held: Route[] = []
  let isFailing = false
  await page.route('**/graphql', async (route) => {
    const { operationName } = (route.request().postDataJSON() ?? {}) as { operationName?: string }
    if (operationName === 'Server' || !(isHolding || isFailing)) return route.continue()
    if (isFailing) return route.fulfill({ contentType: 'application/json', body: refusal })
    held.push(route)
  })
  return {
    begin(): void {
      isHolding = true
    },
    async fail(): Promise<void> {
      ;[isHolding, isFailing] = [false, true]
      // Some were asked by the page before.
      await Promise.all(held.splice(0).map((route) => route.fulfill({ contentType: 'application/json', body: refusal }).catch(() => {})))
    },
    pass(): void {
      ;[isHolding, isFailing, held] = [false, false, []]
    },
  }
}

test.serial('every page says that it loads, what could not be loaded, and what to do where there is nothing', async (t) => {
  t.timeout(180_000)
  const primary = await runningNode(t, { NODE_NAME: 'hub' })
  const { page, visit } = await (await startBrowser(t)).open(primary, '/')
  const gate = await hold(page)
  for (const { path, what, empty } of pages) {
    gate.begin()
    await visit(`${primary.url}${path}`)
    await page.getByRole('main').getByRole('status', { name: 'Loading' }).first().waitFor()
    await gate.fail()
    const failed = page.getByRole('alert').filter({ hasText: `${what} could not be loaded` })
    await failed.first().waitFor()
    gate.pass()
    await failed.first().getByRole('button', { name: 'Try again' }).click()
    await failed.waitFor({ state: 'detached' })
    if (empty !== undefined) await page.getByRole('main').getByText(empty).first().waitFor()
  }
  t.pass()
})

test.serial('a page that a role forbids says which one it needs', async (t) => {
  t.timeout(60_000)
  const primary = await runningNode(t, { NODE_NAME: 'hub' })
  const { authorization } = await tokenOf(primary, null, 'viewer')
  const { page, visit } = await (await startBrowser(t)).open({ url: primary.url }, '/', { extraHTTPHeaders: { authorization } })
  for (const { path, needs } of pages) {
    if (needs === undefined) continue
    await visit(`${primary.url}${path}`)
    await page.getByRole('main').getByText(`This page needs the role ${needs}`).waitFor()
  }
  t.pass()
})

const many = 1000
const numbers = Array.from({ length: many }, (_, index) => String(index).padStart(4, '0'))
const at = new Date('2026-01-26T20:00:00Z')

/** A thousand of everything, most of it on one node, which never answers, and as many networks as are read of one node. */
async function fill({ services }: RunningNode): Promise<void> {
  const { registry } = services.members
  const ids = new Map(numbers.map((number) => [number, randomUUID()]))
  for (const [number, id] of ids)
    await registry.register({ id, name: `node-${number}`, apiEndpoint: 'http://127.0.0.1:9', apiKey: `the-key-of-${number}` })
  const nodeId = ids.get('0000') ?? ''
  for (const number of numbers) {
    await signIn({ services }, `person-${number}`)
    await services.access.audit.note(
      { name: 'somebody', via: 'session', address: '192.0.2.1' },
      { action: 'app.start', subject: `app-${number}` },
      'succeeded',
    )
  }
  registry.observe(nodeId, { kind: 'heartbeat' })
  registry.learn(nodeId, {
    ...{ version: '0.1.0', capabilities: [...capabilities], connection: 'direct', instanceId: randomUUID() },
    ...{ startedAt: at, hostname: 'nowhere', program: null },
  })
  const { inventory } = services.feed
  const whose = { project: null, appId: null, createdAt: at }
  inventory.apply(nodeId, { type: 'snapshot', apps: numbers.map((number) => someApp({ nodeId, name: `app-${number}` })), operations: [] })
  const container = (number: string) => someNodeContainer({ id: `container-${number}`, name: `container-${number}` })
  inventory.apply(nodeId, { type: 'things', kind: 'container', list: numbers.map(container) })
  const image = (number: string) => ({
    id: `sha256:${number}`,
    tags: [`image-${number}:1`],
    digests: [],
    heldFor: [],
    sizeBytes: 1,
    createdAt: at,
  })
  inventory.apply(nodeId, { type: 'things', kind: 'image', list: numbers.map(image) })
  const volume = (number: string) => ({ id: `volume-${number}`, driver: 'local', labels: [], isAnonymous: false, ...whose })
  inventory.apply(nodeId, { type: 'things', kind: 'volume', list: numbers.map(volume) })
  const network = (number: string) => ({
    ...{ id: `network-${number}`, name: `network-${number}`, driver: 'bridge', subnets: [], isInternal: false, isBuiltIn: false },
    ...whose,
  })
  inventory.apply(nodeId, { type: 'things', kind: 'network', list: numbers.slice(0, 500).map(network) })
}

/** Where a thousand are listed: what the last of them is found by, and where its name stands. */
const lists: { place: string; tab?: string; search: string; last: string }[] = [
  { place: 'Nodes', search: 'Search nodes', last: 'node-0999' },
  { place: 'Apps', search: 'Search apps', last: 'app-0999' },
  { place: 'Containers', search: 'Search containers', last: 'container-0999' },
  { place: 'Containers', tab: 'Images', search: 'Search images', last: 'image-0999:1' },
  { place: 'Containers', tab: 'Volumes', search: 'Search volumes', last: 'volume-0999' },
  { place: 'Containers', tab: 'Networks', search: 'Search networks', last: 'network-0499' },
  { place: 'Monitoring', search: 'Search nodes', last: 'node-0999' },
  { place: 'Users', search: 'Search users', last: 'person-0999' },
  { place: 'Audit log', search: 'Search the audit log', last: 'app-0999' },
]

test.serial('a thousand of everything are shown in pages, found by a search, narrowed, and done several at once', async (t) => {
  t.timeout(240_000)
  const people = numbers.map((number) => `person-${number}`).join(',')
  const primary = await runningNode(
    t,
    { NODE_NAME: 'hub', ...peopleSettings, GITHUB_ALLOWED_USERS: people },
    { clock: createManualClock(new Date()) },
  )
  await fill(primary)
  const { authorization } = await tokenOf(primary, null, 'admin')
  const { page } = await (await startBrowser(t)).open({ url: primary.url }, '/', { extraHTTPHeaders: { authorization } })
  await page
    .getByRole('region', { name: 'Nodes' })
    .getByText(/^1,?001$/)
    .waitFor()
  await page.getByRole('list', { name: 'What needs attention' }).getByRole('listitem').first().waitFor()
  const main = page.getByRole('main')
  for (const { place, tab, search, last } of lists) {
    await go(page, place)
    if (tab) await main.getByRole('link', { name: tab, exact: true }).click()
    await main.getByRole('navigation', { name: /^Pages of / }).waitFor()
    t.is(await main.getByText(last, { exact: true }).count(), place === 'Audit log' ? 1 : 0, `${tab ?? place}: a part is shown`)
    await main.getByRole('searchbox', { name: search }).fill(last)
    await main.getByText(last, { exact: true }).first().waitFor()
    await main.getByRole('navigation', { name: /^Pages of / }).waitFor({ state: 'detached' })
    await page.waitForURL((url) => url.searchParams.get('search') === last)
  }

  await go(page, 'Nodes')
  await main.getByRole('searchbox', { name: 'Search nodes' }).fill('node-0000')
  await main.getByRole('link', { name: 'node-0000' }).click()
  await main.getByRole('region', { name: 'Apps' }).getByText('app-0049', { exact: true }).waitFor()
  await main.getByRole('link', { name: 'Volumes' }).click()
  await main.getByRole('searchbox', { name: 'Search volumes' }).fill('volume-000')
  for (const name of ['volume-0001', 'volume-0002']) await main.getByRole('checkbox', { name: `Select ${name}` }).click()
  await main.getByRole('button', { name: 'Remove the selected volumes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove 2 volumes?' })
  for (const name of ['volume-0001', 'volume-0002']) await dialog.getByText(name, { exact: true }).waitFor()
  const confirm = dialog.getByRole('button', { name: 'Remove 2 volumes' })
  t.true(await confirm.isDisabled(), 'nothing brings them back, so people type what goes')
  await dialog.getByRole('textbox').fill('2 volumes')
  await confirm.click()
  await main.getByRole('region', { name: 'Remove 2 volumes' }).getByText('2 of 2 done, 2 failed').waitFor()

  await main.getByRole('link', { name: 'Containers' }).click()
  await main.getByRole('searchbox', { name: 'Search containers' }).fill('nothing-like-it')
  await main.getByText('No containers match').waitFor()
  await main.getByRole('button', { name: 'Clear filters' }).last().click()
  await main.getByText('container-0049', { exact: true }).waitFor()
})
