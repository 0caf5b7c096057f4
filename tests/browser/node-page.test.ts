import test, { type ExecutionContext } from 'ava'
import type { Locator, Page } from 'playwright-core'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { register, secondaryOf } from '../helpers/cluster.ts'
import { badge, go, rowOf } from '../helpers/dashboard.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

const region = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true })

test.serial("a node's page shows its facts, its holds and its history", async (t) => {
  t.timeout(120_000)
  const { primary, worker, id } = await clusterOf(t)
  const { page, visit, loads } = await (await startBrowser(t)).open(primary, '/nodes', { reducedMotion: 'reduce' })
  await bringAxe(page)
  await visit()

  await groupedByLabel(t, page)
  await region(page, 'env=lab').getByRole('link', { name: 'worker' }).click()
  await page.getByRole('heading', { name: 'worker', level: 1 }).waitFor()
  await factsAsTheServerHasThem(t, page, primary, id)

  await held(t, page, primary, id)
  await notForNewApps(page)
  await go(page, 'Nodes')
  await page.getByRole('link', { name: 'worker' }).click()
  await ask(primary, 'mutation ($id: ID!) { uncordonNode(id: $id) { id } }', { id })
  await page.getByText('Cordoned: no new apps').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'End maintenance' }).click()
  await page.getByText('Maintenance: checks continue without alarms').waitFor({ state: 'detached' })

  await keyRotated(t, page, primary, id)
  await editedByTwo(t, page, primary, id)
  await alarmComesAndGoes(t, page, worker)
  t.is(loads(), 0)
})

/** A primary and a secondary with a label, both online. */
async function clusterOf(t: ExecutionContext): Promise<{ primary: NodeProcess; worker: NodeProcess; id: string }> {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker')
  await Promise.all([primary.start(), worker.start()])
  const { id } = await register(primary, worker)
  const label = 'mutation ($id: ID!, $input: UpdateNodeInput!) { updateNode(id: $id, input: $input) { id } }'
  await ask(primary, label, { id, input: { labels: [{ key: 'env', value: 'lab' }] } })
  return { primary, worker, id }
}

/** The choice is kept in the URL. */
async function groupedByLabel(t: ExecutionContext, page: Page): Promise<void> {
  await badge(rowOf(page, 'worker'), 'Online').waitFor()
  await page.getByRole('combobox', { name: 'Group by label' }).click()
  await page.getByRole('option', { name: 'Group by env' }).click()
  await page.waitForURL('**/nodes?group=env')
  await region(page, 'env=lab').getByRole('heading', { name: 'env=lab 1 node' }).waitFor()
  await region(page, 'no env').getByRole('link', { name: 'primary' }).waitFor()
  t.is(await region(page, 'env=lab').getByRole('link', { name: 'primary' }).count(), 0)
  await page.getByRole('combobox', { name: 'Labels' }).click()
  await page.getByRole('option', { name: 'env=lab' }).click()
  await page.keyboard.press('Escape')
  await region(page, 'no env').waitFor({ state: 'detached' })
  await page.waitForURL('**/nodes?group=env&label=env=lab')
}

async function factsAsTheServerHasThem(t: ExecutionContext, page: Page, primary: NodeProcess, id: string): Promise<void> {
  const facts = region(page, 'Connection and version')
  await facts.getByText(/^(Over its link|Direct), started/).waitFor()
  const { node } = await ask<{ node: { version: string; session: { generation: number } } }>(
    primary,
    'query ($id: ID!) { node(id: $id) { version session { generation } } }',
    { id },
  )
  await facts.getByText(node.version, { exact: true }).waitFor()
  await facts.getByText(`Session number ${node.session.generation}`, { exact: true }).waitFor()
  await badge(region(page, 'Status'), 'Online').waitFor()
  await region(page, 'Apps').getByText('No apps on this node.').waitFor()
  t.regex((await changes(page).last().textContent()) ?? '', /Registered.*Set when it was registered/)
  // The worker reports these with its stats, first to the primary and then here.
  const versions = () =>
    ask<{ node: { engineVersion: string | null; composeVersion: string | null } }>(
      primary,
      'query ($id: ID!) { node(id: $id) { engineVersion composeVersion } }',
      { id },
    )
  await facts.getByText(/^docker[ -]compose \d+\.\d+/).waitFor()
  const said = (await versions()).node
  await facts.getByText(`Engine ${said.engineVersion}`, { exact: true }).waitFor()
  await facts.getByText(said.composeVersion ?? '', { exact: true }).waitFor()
}

const changes = (page: Page): Locator => page.getByRole('list', { name: 'Status changes' }).getByRole('listitem')

async function chooseAction(page: Page, action: string): Promise<void> {
  await page.getByRole('button', { name: 'More actions for worker' }).click()
  await page.getByRole('menuitem', { name: action }).click()
}

async function held(t: ExecutionContext, page: Page, primary: NodeProcess, id: string): Promise<void> {
  await chooseAction(page, 'Cordon')
  const cordon = page.getByRole('dialog', { name: 'Cordon worker' })
  await cordon.getByLabel('Reason').fill('its disk fails')
  await cordon.getByRole('button', { name: 'Cordon', exact: true }).click()
  await page.getByText('Cordoned: no new apps').waitFor()

  await chooseAction(page, 'Start maintenance')
  const maintenance = page.getByRole('dialog', { name: 'Put worker into maintenance' })
  await maintenance.getByLabel('Until').fill('2020-01-01T00:00')
  await maintenance.getByRole('button', { name: 'Start maintenance' }).click()
  await maintenance.getByText('must be in the future').waitFor()
  await maintenance.getByLabel('Until').fill('')
  await maintenance.getByRole('button', { name: 'Start maintenance' }).click()
  await page.getByText('Maintenance: checks continue without alarms').waitFor()
  const { node } = await ask<{ node: { cordon: { reason: string }; maintenance: object } }>(
    primary,
    'query ($id: ID!) { node(id: $id) { cordon { reason } maintenance { since } } }',
    { id },
  )
  t.is(node.cordon.reason, 'its disk fails')
  t.truthy(node.maintenance)
  await accessible(t, page, 'a node in maintenance')
}

async function notForNewApps(page: Page): Promise<void> {
  await go(page, 'Apps')
  await page.getByRole('link', { name: 'New app' }).first().click()
  await page.getByRole('combobox', { name: 'Node' }).click()
  const option = page.getByRole('option', { name: 'worker', disabled: true })
  await option.getByText('Cordoned by administrator: its disk fails').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('listbox').waitFor({ state: 'detached' })
}

/** A change made while someone else has the form open is kept. */
async function editedByTwo(t: ExecutionContext, page: Page, primary: NodeProcess, id: string): Promise<void> {
  const update = (input: object) =>
    ask(primary, 'mutation ($id: ID!, $input: UpdateNodeInput!) { updateNode(id: $id, input: $input) { id } }', { id, input })
  await chooseAction(page, 'Edit')
  const form = page.getByRole('dialog', { name: 'Edit worker' })
  await form.getByLabel('Name').waitFor()
  const labels = [
    { key: 'env', value: 'lab' },
    { key: 'rack', value: 'r1' },
  ]
  await update({ labels })
  await page.getByText('rack=r1').first().waitFor({ state: 'attached' })
  await form.getByLabel('Name').fill('renamed')
  await form.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'renamed', level: 1 }).waitFor()
  const { node } = await ask<{ node: { labels: object[] } }>(primary, 'query ($id: ID!) { node(id: $id) { labels { key value } } }', { id })
  t.deepEqual(node.labels, labels)
  await update({ name: 'worker' })
  await page.getByRole('heading', { name: 'worker', level: 1 }).waitFor()
}

async function keyRotated(t: ExecutionContext, page: Page, primary: NodeProcess, id: string): Promise<void> {
  const keyOf = 'query ($id: ID!) { node(id: $id) { keyChangedAt status } }'
  const before = await ask<{ node: { keyChangedAt: string } }>(primary, keyOf, { id })
  await region(page, 'Connection and version').getByRole('button', { name: 'Rotate key' }).click()
  await page.getByRole('dialog', { name: 'Rotate the key of worker?' }).getByRole('button', { name: 'Rotate key' }).click()
  await page.getByText('worker has a new key').first().waitFor()
  const after = await ask<{ node: { keyChangedAt: string; status: string } }>(primary, keyOf, { id })
  t.true(after.node.keyChangedAt > before.node.keyChangedAt)
  t.is(after.node.status, 'ONLINE')
}

/** The page works it out between two reads. */
async function uptimeFalls(t: ExecutionContext, page: Page): Promise<void> {
  const day = page.getByRole('list', { name: 'Uptime' }).getByRole('listitem').first()
  const shareIn = (text: string | null): string => /[\d.]+%/.exec(text ?? '')?.[0] ?? 'none'
  const before = shareIn(await day.textContent())
  await day.filter({ hasNotText: before }).waitFor()
  t.true(Number.parseFloat(shareIn(await day.textContent())) < Number.parseFloat(before))
}

async function alarmComesAndGoes(t: ExecutionContext, page: Page, worker: NodeProcess): Promise<void> {
  const bell = page.getByRole('button', { name: '1 alarm', exact: true })
  t.is(await bell.count(), 0)
  await worker.kill()
  await badge(region(page, 'Status'), 'Offline').waitFor()
  await changes(page)
    .first()
    .filter({ hasText: /Online.*became.*Offline.*so far/ })
    .waitFor()

  await uptimeFalls(t, page)

  await go(page, 'Apps')
  await bell.click()
  const alarm = page.getByRole('list', { name: 'Alarms' }).getByRole('link', { name: /worker is offline/ })
  await alarm.waitFor()
  await accessible(t, page, 'the list of alarms')
  await alarm.click()
  await page.getByRole('heading', { name: 'worker', level: 1 }).waitFor()
  await worker.start()
  await badge(region(page, 'Status'), 'Online').waitFor()
  await bell.waitFor({ state: 'detached' })
}

async function accessible(t: ExecutionContext, page: Page, what: string): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
    t.deepEqual(await violationsOn(page), [], `${what}, ${theme}`)
  }
}
