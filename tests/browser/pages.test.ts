import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { createApp, eventually, followToEnd, webApp } from '../helpers/cluster.ts'
import { ensureTestImage, testImage, uniqueName, uniqueProject } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

const desk = { width: 1280, height: 900 }
const phone = { width: 390, height: 844 }
/** Nothing but the layout is looked at there. */
const [narrowest, widest] = [320, 2560]
/** The theme only affects colors, so the other rules are asked once per size. */
const looks: { size: typeof desk; theme: 'dark' | 'light'; rules: string[] | undefined }[] = [
  { size: desk, theme: 'dark', rules: undefined },
  { size: desk, theme: 'light', rules: ['color-contrast'] },
  { size: phone, theme: 'light', rules: undefined },
  { size: phone, theme: 'dark', rules: ['color-contrast'] },
]
/** A folder for pictures of every page, for people to look at: `SCREENSHOTS=/tmp/pages npm test -- tests/browser/pages.test.ts`. */
const pictures = process.env['SCREENSHOTS']

interface View {
  path: string
  title: string
  /** Opens something on the page, such as a dialog. */
  open?: (page: Page) => Promise<void>
}

interface Shown {
  appId: string
  nodeId: string
  /** The app's files on disk. */
  folder: string
  /** Runs, and is no app. */
  project: string
  /** Of the app. */
  containerId: string
}

/** Every page, and every dialog. */
const views = ({ appId, nodeId, folder, project, containerId }: Shown): View[] => [
  { path: '/', title: 'Overview' },
  { path: '/', title: 'Overview', open: openByKey('Control+k') },
  { path: '/', title: 'Overview', open: openByKey('?') },
  { path: '/nodes', title: 'Nodes' },
  { path: '/nodes', title: 'Nodes', open: openByButton('Add node') },
  { path: '/nodes', title: 'Nodes', open: openRegistration },
  { path: '/nodes/join-tokens', title: 'Join tokens' },
  { path: '/nodes', title: 'Nodes', open: openRemoval },
  { path: '/nodes?group=env', title: 'Nodes' },
  { path: `/nodes/${nodeId}`, title: 'a-secondary' },
  { path: '/nodes/no-such-node', title: 'Node not found' },
  { path: '/apps', title: 'Apps' },
  { path: '/apps', title: 'Apps', open: openImport(project) },
  { path: '/apps/new', title: 'New app' },
  { path: `/apps/${appId}`, title: 'shtest-' },
  { path: `/apps/${appId}/files`, title: 'shtest-' },
  { path: `/apps/${appId}/environment`, title: 'shtest-' },
  { path: `/apps/${appId}/environment`, title: 'shtest-', open: openByButton('Paste a .env') },
  { path: `/apps/${appId}/versions`, title: 'shtest-' },
  { path: `/apps/${appId}/activity`, title: 'shtest-', open: openWarnings },
  { path: `/apps/${appId}/schedules`, title: 'shtest-', open: openByButton('Add schedule') },
  { path: `/apps/${appId}/settings`, title: 'shtest-' },
  { path: `/apps/${appId}/files`, title: 'shtest-', open: openChanged(join(folder, 'compose.yaml'), 'textbox') },
  { path: `/apps/${appId}/files`, title: 'shtest-', open: openChanged(join(folder, 'site.conf'), 'radio') },
  { path: `/apps/${appId}/logs`, title: 'shtest-', open: openLines },
  { path: `/engine/containers?container=${containerId}&part=usage`, title: 'Containers', open: openCharts },
  { path: '/engine/images', title: 'Containers' },
  { path: '/apps/no-such-app', title: 'App not found' },
  { path: '/monitoring', title: 'Monitoring' },
  { path: '/settings', title: 'Settings' },
  { path: '/settings', title: 'Settings', open: openByButton('Add login') },
  { path: '/users', title: 'Users' },
  { path: '/users', title: 'Users', open: openByButton('Invite') },
  { path: '/audit', title: 'Audit log' },
  { path: '/account', title: 'Account' },
  { path: '/reference', title: 'API', open: openRoute },
  { path: '/sign-in', title: '' },
  { path: '/welcome', title: 'Sign in without a link next time' },
  { path: '/nowhere', title: 'Page not found' },
]

/** The pages that the dashboard has, by its router, with what stands for a part of an address that varies. */
function pagesOfRouter(): string[] {
  const router = readFileSync(new URL('../../frontend/src/router.ts', import.meta.url), 'utf8')
  return [...router.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path)
}

test('every page of the dashboard is among those that are looked at', (t) => {
  const looked = views({ appId: 'x', nodeId: 'x', folder: 'x', project: 'x', containerId: 'x' }).map(({ path }) => path.split('?')[0] ?? '')
  const matches = (page: string): boolean => {
    const pattern = new RegExp(
      `^${page
        .replace(/\/:\w+\?/g, '(/[^/]+)?')
        .replace(/\/:path\(.*$/, '/nowhere')
        .replace(/:\w+/g, '[^/]+')}$`,
    )
    return looked.some((path) => pattern.test(path))
  }
  const pages = pagesOfRouter()
  t.true(pages.length > 15)
  t.deepEqual(
    pages.filter((page) => !matches(page)),
    [],
  )
})

async function looksAtAll(t: ExecutionContext, isLooked: (view: View) => boolean): Promise<void> {
  t.timeout(240_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), primary.start()])
  const shown = await somethingToShow(t, primary)
  const { page, visit } = await browser.open(primary, '/', { reducedMotion: 'reduce' })
  await bringAxe(page)

  const faults: string[] = []
  for (const { path, title, open } of views(shown).filter(isLooked)) {
    await visit(`${primary.url}${path}`)
    await shows(page, title)
    await open?.(page)
    for (const { size, theme, rules } of looks) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme: theme })
      await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
      const view = `${path} ${open ? 'with a dialog ' : ''}at ${size.width} px, ${theme}`
      const width = await widthOf(page)
      if (width > size.width) faults.push(`${view}: ${width} px wide`)
      const violations = await violationsOn(page, rules)
      faults.push(...violations.map((violation) => `${view}: ${violation}`))
      if (pictures) await page.screenshot({ path: join(pictures, `${view.replace(/\W+/g, '-')}.png`) })
    }
    for (const width of [narrowest, widest]) {
      await page.setViewportSize({ ...desk, width })
      const needed = await widthOf(page)
      if (needed > width) faults.push(`${path} at ${width} px: ${needed} px wide`)
    }
    await page.setViewportSize(desk)
  }
  t.deepEqual(faults, [])
}

const isOfApps = ({ path }: View): boolean => path.startsWith('/apps')
test.serial('every page about apps is accessible and fits the window, on desktop and phone, dark and light', looksAtAll, isOfApps)
test.serial('and so does every other page', looksAtAll, (view: View) => !isOfApps(view))

test.serial('the phone menu leads to every page', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t)
  const [browser] = await Promise.all([startBrowser(t), primary.start()])
  const { page, visit, loads } = await browser.open(primary, '/', { viewport: phone, hasTouch: true, isMobile: true })
  await bringAxe(page)
  await visit()
  for (const place of ['Apps', 'Monitoring', 'Settings', 'Users', 'Audit log', 'Nodes', 'Overview']) {
    await page.getByRole('button', { name: 'Open sidebar' }).tap()
    const menu = page.getByRole('dialog')
    t.deepEqual(await violationsOn(page), [], 'the menu')
    await menu.getByRole('link', { name: place, exact: true }).tap()
    await menu.waitFor({ state: 'detached' })
    await page.getByRole('heading', { name: place, level: 1 }).waitFor()
    t.true((await widthOf(page)) <= phone.width)
  }
  t.is(loads(), 0)
})

/** More variables that are not set than warnings that are shown at first. */
const unset = Array.from({ length: 10 }, (_, index) => `      - "S${index}=\${A_VARIABLE_THAT_NOBODY_HAS_SET_${index}}"\n`).join('')

/** A running app with warnings, an offline node with a long reason, and a project of two files that is no app. */
async function somethingToShow(t: ExecutionContext, primary: NodeProcess): Promise<Shown> {
  const { id } = await primary.identity()
  const nodeId = '3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90'
  const registration = 'mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }'
  await ask(primary, registration, {
    input: {
      id: nodeId,
      name: 'a-secondary-with-a-rather-long-name.rack-12.example.internal',
      apiEndpoint: `http://127.0.0.1:${await freePort()}`,
      apiKey: 'a-key-that-nobody-has',
      labels: [{ key: 'env', value: 'lab' }],
    },
  })
  const name = uniqueName()
  const { app, operation } = await createApp(primary, id, {
    name,
    composeContent: `${webApp(await freePort())}    environment:\n${unset}`,
    files: [{ path: 'site.conf', content: 'colors = 16\n' }],
  })
  await followToEnd(t, primary, operation)
  const { name: project, directory } = await uniqueProject(t)
  writeFileSync(join(directory, 'compose.yaml'), `services:\n  web: { image: "${testImage}", network_mode: none }\n`)
  writeFileSync(join(directory, 'production.yaml'), 'services:\n  web: { cap_add: [NET_ADMIN] }\n')
  const files = ['-f', 'compose.yaml', '-f', 'production.yaml']
  execFileSync('docker-compose', ['-p', project, ...files, 'up', '-d'], { cwd: directory, stdio: 'ignore' })
  const seen = await eventually(
    () =>
      ask<{ containers: { nodes: { id: string }[] } }>(
        primary,
        'query ($name: String) { containers(filter: { search: $name }) { nodes { id } } }',
        { name },
      ),
    ({ containers }) => containers.nodes.length === 1,
  )
  return { containerId: seen.containers.nodes[0]?.id ?? '', appId: app.id, nodeId, folder: join(primary.appsDir, name), project }
}

async function shows(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { level: 1 }).filter({ hasText: title }).waitFor()
  // Each part of a page can be loading.
  for (const part of await page.getByRole('status', { name: 'Loading' }).all()) await part.waitFor({ state: 'detached' })
}

const widthOf = (page: Page): Promise<number> => page.evaluate('document.documentElement.scrollWidth')

function openByButton(name: string) {
  return async (page: Page): Promise<void> => {
    await page.getByRole('button', { name }).first().click()
    await page.getByRole('dialog').waitFor()
  }
}

function openByKey(key: string) {
  return async (page: Page): Promise<void> => {
    await page.keyboard.press(key)
    await page.getByRole('dialog').waitFor()
  }
}

function openImport(project: string) {
  return async (page: Page): Promise<void> => {
    const button = page.getByRole('button', { name: `Import ${project}` })
    const more = page.getByRole('button', { name: /^Show \d+ more$/ })
    await button.or(more).first().waitFor()
    while (!(await button.isVisible())) await more.click()
    await button.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('It was started with 2 Compose files').waitFor()
    await dialog.getByRole('textbox', { name: 'Compose file' }).waitFor()
  }
}

/** `decides`: what a person decides by, or reads. */
function openChanged(file: string, decides: 'textbox' | 'radio') {
  return async (page: Page): Promise<void> => {
    appendFileSync(file, '# Changed by hand.\n')
    await page.getByText(`${basename(file)} differ`).waitFor()
    await page.getByRole('button', { name: 'Show difference' }).click()
    await page.getByRole('dialog').getByRole(decides).first().waitFor()
  }
}

async function openRegistration(page: Page): Promise<void> {
  await openByButton('Add node')(page)
  await page.getByRole('button', { name: 'Register by hand' }).click()
  await page.getByRole('dialog', { name: 'Register a node' }).waitFor()
}

async function openRemoval(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'More actions for a-secondary' }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  await page.getByRole('dialog').waitFor()
}

async function openWarnings(page: Page): Promise<void> {
  const operations = page.getByRole('region', { name: 'Recent operations' })
  await operations.getByRole('button', { name: /Create/ }).click()
  await operations.getByText('10 warnings').waitFor()
  await operations.getByRole('button', { name: 'Show 2 more' }).click()
  await operations.getByRole('listitem').filter({ hasText: 'A_VARIABLE_THAT_NOBODY_HAS_SET_9' }).waitFor()
}

const openRoute = (page: Page): Promise<void> => page.getByText('/api/apps', { exact: true }).first().click()
const openLines = (page: Page): Promise<void> => page.getByRole('region', { name: 'Logs' }).getByText('Nothing was printed yet').waitFor()
const openCharts = (page: Page): Promise<void> =>
  page.getByRole('dialog').getByRole('img', { name: 'Memory over time' }).locator('canvas').waitFor()
