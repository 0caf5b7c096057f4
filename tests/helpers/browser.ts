import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { chromium, type BrowserContextOptions, type BrowserServer, type Page } from 'playwright-core'
import { chromiumOptions } from './chromium.ts'

const dashboard = fileURLToPath(new URL('../../frontend/dist/index.html', import.meta.url))
/** Generous, because test machines are busy: Chromium and several nodes share two cores. */
const patienceMs = 30_000

export type Tab = Awaited<ReturnType<Awaited<ReturnType<typeof startBrowser>>['open']>>

let chromiumOfFile: Promise<BrowserServer> | undefined
const launch = (): Promise<BrowserServer> => chromium.launchServer(chromiumOptions())
test.after.always('the browser ends', async () => (await chromiumOfFile)?.kill())

/**
 * Connects to the test file's Chromium, whose windows share nothing. After the test they are closed, and the test fails if a page
 * had trouble: an error in the console, a failed request, or a request to a host other than the dashboard's.
 */
export async function startBrowser(t: ExecutionContext<unknown>) {
  if (!existsSync(dashboard)) throw new Error('The dashboard is not built. Run: node scripts/setup.mjs')
  const server = await (chromiumOfFile ??= launch())
  const tabs: { page: Page; troubles: string[] }[] = []
  t.teardown(async () => {
    if (!t.passed) for (const { page } of tabs) console.log(await describe(page))
    await browser.close()
    const troubles = tabs.flatMap((tab) => tab.troubles)
    if (troubles.length > 0) throw new Error(`The dashboard had trouble:\n${troubles.join('\n')}`)
  })
  const browser = await chromium.connect(server.wsEndpoint())

  return {
    /**
     * A node's dashboard in a new window with its own storage, signed in by link if the node uses them. `visit` loads an address or reloads;
     * `loads` counts unrequested page loads since then.
     */
    async open(node: Opened, path = '/nodes', options: BrowserContextOptions = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options })
      context.setDefaultTimeout(patienceMs)
      const page = await context.newPage()
      const code = (await node.link?.()) ?? null
      const disturbed = noteDisturbances(page)
      const troubles = watchTroubles(page, new URL(node.url).host)
      tabs.push({ page, troubles })
      let loads = 0
      page.on('load', () => loads++)
      const visit = async (url = page.url()) => {
        const isLost = () => page.goto(url).then(() => false, isDisturbance)
        // Chromium would not load a link again that differs from the page's URL in nothing or only in its fragment.
        while ((await isLost()) || disturbed()) await page.goto('about:blank')
        loads = 0
      }
      if (code !== null) {
        await signIn(page, visit, `${node.url}/#code=${code}`)
        // The 401 of a browser that is not signed in yet.
        const others = troubles.splice(0).filter((trouble) => !/\b401\b/.test(trouble))
        troubles.push(...others)
      }
      await visit(`${node.url}${path}`)
      return { page, troubles, visit, loads: () => loads }
    },
  }
}

/** A node, or a proxy in front of one. */
interface Opened {
  url: string
  /** Creates a sign-in link's code. Null where nobody signs in by link. */
  link?: () => Promise<string | null>
}

/** Signs in like a person who opens the link printed at the start, and puts off setting a password. */
async function signIn(page: Page, visit: (url: string) => Promise<void>, link: string): Promise<void> {
  await visit(link)
  await page.getByRole('button', { name: 'Sign in as administrator' }).click()
  await page.getByRole('button', { name: 'Not now' }).click()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
}

/**
 * Chromium's error for requests that it aborted because Docker created a network, which is not the dashboard's fault. On one page
 * many requests are waiting while it loads, so a load that lost any is repeated.
 */
const disturbance = 'net::ERR_NETWORK_CHANGED'

/** @throws any other error */
function isDisturbance(error: unknown): true {
  if (!String(error).includes(disturbance)) throw error
  return true
}

/** Whether requests were lost since the last call. */
function noteDisturbances(page: Page): () => boolean {
  let disturbed = false
  page.on('requestfailed', (request) => (disturbed ||= request.failure()?.errorText === disturbance))
  return () => {
    const before = disturbed
    disturbed = false
    return before
  }
}

/** Collected as text. A test that causes trouble on purpose inspects the list and empties it. */
function watchTroubles(page: Page, host: string): string[] {
  const troubles: string[] = []
  const note = (text: string): void => {
    if (!text.includes(disturbance)) troubles.push(`${new URL(page.url()).pathname}: ${text}`)
  }
  const noteElsewhere = (url: string) => {
    if (/^(http|ws)s?:/.test(url) && new URL(url).host !== host) note(`request to another host: ${url}`)
  }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') note(`console ${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => note(`uncaught: ${error.stack ?? error.message}`))
  page.on('request', (request) => noteElsewhere(request.url()))
  page.on('websocket', (socket) => {
    noteElsewhere(socket.url())
    socket.on('framereceived', ({ payload }) => {
      if (payload.includes('"code":"INTERNAL"')) note(`subscription: ${payload.toString()}`)
    })
  })
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText
    // Aborted by the page itself, for a newer request or because the page was left.
    if (why !== 'net::ERR_ABORTED') note(`request failed: ${request.method()} ${request.url()} ${why}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) note(`answered ${response.status()}: ${response.request().method()} ${response.url()}`)
  })
  return troubles
}

/** Troubles other than requests that the test itself cut off (`internetdisconnected`) and the code they would have loaded. Empties the list. */
export const withoutLosses = (troubles: string[]): string[] =>
  troubles
    .splice(0)
    .filter((trouble) => !/net::ERR_INTERNET_DISCONNECTED|Failed to fetch dynamically imported module|Unable to preload CSS/.test(trouble))

const describe = (page: Page): Promise<string> =>
  page
    .locator('body')
    .ariaSnapshot({ timeout: 5000 })
    .then(
      (text) => `--- ${page.url()} shows:\n${text}\n---`,
      (error: unknown) => `--- ${page.url()} shows nothing: ${String(error)}`,
    )
