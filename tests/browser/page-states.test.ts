import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { Page, Route } from 'playwright-core'
import { startBrowser } from '../helpers/browser.ts'
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
