import type { Page } from 'playwright-core'
import type { ShownCluster } from './cluster.ts'

/** A picture's name, the page's address, and what to do and wait for there. */
export interface Shot {
  name: string
  path: string
  prepare: (page: Page) => Promise<unknown>
  /** Leaves the page as it was found. */
  leave?: (page: Page) => Promise<unknown>
}

const shows = (text: string | RegExp) => (page: Page) => page.getByText(text).filter({ visible: true }).first().waitFor()

export function shotsOf({ nodes, apps }: ShownCluster): Shot[] {
  const node = (name: string): string => `/nodes/${nodes.get(name)}`
  const app = (name: string, tab = ''): string => `/apps/${apps.get(name)}${tab}`
  return [
    { name: 'overview', path: '/', prepare: shows('frigate') },
    { name: 'nodes', path: '/nodes', prepare: shows('vps-fra1') },
    { name: 'node', path: node('attic-nas'), prepare: shows('navidrome') },
    { name: 'apps', path: '/apps', prepare: shows('vaultwarden') },
    { name: 'app', path: app('immich'), prepare: shows('machine-learning') },
    { name: 'logs', path: app('immich', '/logs'), prepare: shows('IMG_4127.HEIC') },
    { name: 'versions', path: app('immich', '/versions'), prepare: compare },
    { name: 'containers', path: `${node('attic-nas')}/containers`, prepare: search },
    { name: 'monitoring', path: '/monitoring', prepare: shows('attic-nas') },
    { name: 'settings', path: '/settings', prepare: shows('Backup') },
    { name: 'users', path: '/users', prepare: shows('Jonas') },
    {
      name: 'join',
      path: '/nodes',
      prepare: createCommand,
      leave: (page) => page.getByRole('dialog').getByRole('button', { name: 'Done' }).click(),
    },
    // The last: its panel stays.
    { name: 'terminal', path: `${node('attic-nas')}/containers`, prepare: openTerminal },
  ]
}

/** All nodes share this machine's Docker Engine, so each lists the containers of all. */
async function search(page: Page): Promise<void> {
  await page.getByPlaceholder('Search containers').fill('immich')
  await page.getByText('immich-redis-1').first().waitFor()
  await page.getByText('frigate-app-1').waitFor({ state: 'detached' })
}

async function compare(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Compare version 3' }).click()
  await page.locator('.cm-line').filter({ hasText: 'machine-learning' }).first().waitFor()
}

async function createCommand(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add node' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Create command' }).click()
  await page.getByRole('dialog').getByRole('status').getByText('Waiting for the new server').waitFor()
}

async function openTerminal(page: Page): Promise<void> {
  await search(page)
  await page.getByRole('button', { name: 'Actions for immich-server-1' }).click()
  await page.getByRole('menuitem', { name: 'Terminal' }).click()
  const rows = page.locator('.xterm-rows')
  await rows.getByText('# ').first().waitFor()
  for (const [line, shown] of [
    ['env | grep _HOSTNAME', 'redis'],
    ['mkdir -p /data/upload /data/thumbs && ls -l /data', 'total'],
    ['id', 'uid=0'],
  ] as const) {
    await page.keyboard.type(line)
    await page.keyboard.press('Enter')
    await rows.getByText(shown).first().waitFor()
  }
}
