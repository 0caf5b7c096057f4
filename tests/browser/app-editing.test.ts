import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { feedEventToJson } from '../../api/cluster/feed/feed-wire.ts'
import { toWire } from '../../api/wire.ts'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { change, createApp, followToEnd, type SeenOperation } from '../helpers/cluster.ts'
import { followInPanel, go, openTab } from '../helpers/dashboard.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { ask, follow } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { web } from '../helpers/own-apps.ts'
import { json, peer, peerId, sharedKey } from '../helpers/peer.ts'
import { someApp, someContainer, someOperation, someStats } from '../helpers/things.ts'

const label = (value: string): string => web(`    labels: { made: '${value}' }\n`)

async function dashboard(t: ExecutionContext) {
  const node = await nodeProcess(t, { NODE_NAME: 'primary', CLOUDFLARE_ACCOUNT_ID: 'f'.repeat(32) })
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), node.start()])
  const { id } = await node.identity()
  const save = async (appId: string, input: object): Promise<void> => {
    const mutation = 'mutation ($id: ID!, $input: UpdateAppInput!) { updateApp(id: $id, input: $input) { operation { id } } }'
    const { updateApp } = await ask<{ updateApp: { operation: SeenOperation } }>(node, mutation, { id: appId, input })
    await followToEnd(t, node, updateApp.operation)
  }
  return { node, browser, id, save }
}

/** A stopped app, so that tests wait only for what they are about. */
async function stoppedApp(t: ExecutionContext) {
  const given = await dashboard(t)
  const name = uniqueName()
  const { app, operation } = await createApp(given.node, given.id, { name, composeContent: label('1') })
  await followToEnd(t, given.node, operation)
  await followToEnd(t, given.node, await change(given.node, 'stopApp', app.id))
  const { page, loads, visit } = await given.browser.open(given.node, `/apps/${app.id}/files`)
  await bringAxe(page)
  await visit()
  const card = page.getByRole('region', { name: 'Files' })
  const unsaved = page.getByRole('region', { name: 'Unsaved changes' })
  const editor = card.getByRole('textbox', { name: 'Compose file' })
  await editor.getByText('services').waitFor()
  return { ...given, app, page, loads, unsaved, editor, file: join(given.node.appsDir, name, 'compose.yaml') }
}

const leaving = (page: Page) => page.getByRole('dialog', { name: 'Leave without saving?' })

test.serial('a description edit opens no operation panel, and Escape discards it', async (t) => {
  t.timeout(120_000)
  const { page, file } = await stoppedApp(t)
  await page.getByText('No description').waitFor()
  await page.getByRole('button', { name: 'Edit description' }).click()
  await page.getByRole('textbox', { name: 'Description' }).fill('The shop')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('The shop', { exact: true }).waitFor()
  t.is(await page.getByRole('dialog').count(), 0)
  t.is(readFileSync(file, 'utf8'), label('1'))

  await page.getByRole('button', { name: 'Edit description' }).click()
  await page.getByRole('textbox', { name: 'Description' }).fill('Another')
  await page.getByRole('textbox', { name: 'Description' }).press('Escape')
  await page.getByText('The shop', { exact: true }).waitFor()
})

test.serial('leaving a page with unsaved edits asks first, and going to another section does not', async (t) => {
  t.timeout(120_000)
  const { page, editor, loads } = await stoppedApp(t)
  await go(page, 'Apps')
  await page.goBack()
  await editor.getByText('services').waitFor()
  await editor.fill(label('mine'))
  await openTab(page, 'Activity')
  await openTab(page, 'Files')
  await editor.getByText("made: 'mine'").waitFor()
  await page.getByRole('link', { name: 'Back to apps' }).click()
  await leaving(page).getByText('Your changes to this app will be lost.').waitFor()
  await leaving(page).getByRole('button', { name: 'Stay here' }).click()
  await leaving(page).waitFor({ state: 'detached' })
  await editor.getByText("made: 'mine'").waitFor()

  // The browser's own prompt, for a reload and for a closed tab.
  const question = page.waitForEvent('dialog')
  const reload = page.reload().catch(() => undefined)
  const dialog = await question
  t.is(dialog.type(), 'beforeunload')
  await dialog.dismiss()
  await reload
  await editor.getByText("made: 'mine'").waitFor()

  await page.getByRole('link', { name: 'Back to apps' }).click()
  await leaving(page).getByRole('button', { name: 'Leave' }).click()
  await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor()

  await go(page, 'Settings')
  await page.getByLabel('Account ID').fill('0123456789abcdef0123456789abcdef')
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Nodes', exact: true }).click()
  await leaving(page).getByText('Your changes to the Cloudflare settings will be lost.').waitFor()
  await leaving(page).getByRole('button', { name: 'Leave' }).click()
  await page.getByRole('heading', { name: 'Nodes', level: 1 }).waitFor()
  t.is(loads(), 0)
})

test.serial('if two people edit one file, the later one sees the difference, keeps their text and decides', async (t) => {
  t.timeout(120_000)
  const { page, unsaved, editor, save, app, file } = await stoppedApp(t)
  await editor.fill(label('mine'))
  await save(app.id, { composeContent: label('theirs') })
  await page.getByRole('alert').filter({ hasText: 'Version 2 was saved while you were editing' }).waitFor()
  const difference = page.getByRole('textbox', { name: 'Differences' })
  await difference.getByText("made: 'theirs'").waitFor()
  await difference.getByText("made: 'mine'").waitFor()
  await editor.getByText("made: 'mine'").waitFor()
  t.deepEqual(await violationsOn(page), [])
  await unsaved.getByRole('button', { name: 'Save over version 2' }).click()
  await unsaved.waitFor({ state: 'detached' })
  await openTab(page, 'Versions')
  await page.getByRole('listitem').filter({ hasText: 'Version 3' }).getByText('Current', { exact: true }).waitFor()
  t.is(readFileSync(file, 'utf8'), label('mine'))
})

test.serial('a file changed on disk is shown with the difference, and a person chooses which one to use', async (t) => {
  t.timeout(180_000)
  const { page, unsaved, editor, app, file } = await stoppedApp(t)
  writeFileSync(file, label('by hand'))
  await page.getByText('The Compose file was changed on disk').first().waitFor()
  await page.getByRole('button', { name: `Start ${app.name}`, exact: true }).click()
  await page.getByText(`${app.name} could not be started`).first().waitFor()

  const dialog = page.getByRole('dialog', { name: 'The Compose file was changed on disk' })
  await page.getByRole('button', { name: 'Show difference' }).click()
  await dialog.getByText("made: 'by hand'").waitFor()
  await dialog.getByText("made: '1'").waitFor()
  t.deepEqual(await violationsOn(page), [])
  await dialog.getByRole('button', { name: 'Use the file on disk' }).click()
  await followInPanel(page, `Update ${app.name}`)
  await page.getByText('The Compose file was changed on disk').first().waitFor({ state: 'detached' })
  await editor.getByText("made: 'by hand'").waitFor()

  // Changed during an edit: the typed text stays until someone decides.
  await editor.fill(label('mine'))
  writeFileSync(file, label('again'))
  await unsaved.getByRole('button', { name: 'Save', exact: true }).click()
  await unsaved.getByRole('button', { name: 'Show difference' }).click()
  await dialog.getByText("made: 'again'").waitFor()
  await dialog.getByText("made: 'mine'").waitFor()
  await dialog.getByRole('button', { name: 'Overwrite with your text' }).click()
  await followInPanel(page, `Update ${app.name}`)
  t.is(readFileSync(file, 'utf8'), label('mine'))
  await unsaved.waitFor({ state: 'detached' })
})

test.serial('an app is created from an existing folder, whose file is loaded or, if chosen, overwritten', async (t) => {
  t.timeout(180_000)
  const { node, browser } = await dashboard(t)
  const [first, second] = [uniqueName(), uniqueName()]
  for (const name of [first, second]) {
    mkdirSync(join(node.appsDir, name), { recursive: true })
    writeFileSync(join(node.appsDir, name, 'docker-compose.yml'), label('by hand'))
  }
  const { page, visit } = await browser.open(node, '/apps/new')
  await bringAxe(page)
  await visit()
  const editor = page.getByRole('textbox', { name: 'Compose file' })
  await page.getByRole('combobox', { name: 'Start from a folder' }).click()
  await page.getByRole('option', { name: first }).click()
  await page.getByText('It has a docker-compose.yml.').waitFor()
  await editor.getByText("made: 'by hand'").waitFor()
  t.is(await page.getByLabel('Name').inputValue(), first)
  t.deepEqual(await violationsOn(page), [])
  await page.getByRole('button', { name: 'Create app' }).click()
  await followInPanel(page, `Create ${first}`)
  t.is(readFileSync(join(node.appsDir, first, 'compose.yaml'), 'utf8'), label('by hand'))

  await go(page, 'Apps')
  await page.getByRole('link', { name: 'New app' }).first().click()
  await page.getByLabel('Name').fill(second)
  await editor.fill(label('mine'))
  await page.getByRole('link', { name: 'Cancel' }).click()
  await leaving(page).getByRole('button', { name: 'Stay here' }).click()
  await leaving(page).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Create app' }).click()
  await page.getByRole('alert').getByRole('button', { name: 'Show difference' }).click()
  const dialog = page.getByRole('dialog', { name: `The folder ${second} has a Compose file` })
  await dialog.getByText("made: 'by hand'").waitFor()
  t.deepEqual(await violationsOn(page), [])
  await dialog.getByRole('button', { name: 'Create the app with your text' }).click()
  await followInPanel(page, `Create ${second}`)
  t.is(readFileSync(join(node.appsDir, second, 'compose.yaml'), 'utf8'), label('mine'))
  t.is(readFileSync(join(node.appsDir, second, 'docker-compose.yml'), 'utf8'), label('by hand'))
})

/** A stand-in for a node that has one app with more than is listed, and two operations on it. */
async function nodeWithLargeApp(t: ExecutionContext) {
  const app = someApp({ nodeId: peerId, containers: [someContainer({ morePorts: 512 })], moreContainers: 12 })
  const warning = { message: 'The variable TAG is not set', file: null, line: 3, column: null, service: 'web' }
  const deployed = someOperation({ nodeId: peerId, appId: app.id, kind: 'update', warnings: [warning] })
  const described = someOperation({ nodeId: peerId, appId: app.id, kind: 'update', output: [], createdAt: new Date() })
  const worker = await peer(t, ({ url }, response) => {
    if (url === '/api/internal/system/stats') return json(response, toWire(someStats({ nodeId: peerId })))
    if (url !== '/api/internal/events') return json(response, {}, 404)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${feedEventToJson({ type: 'snapshot', apps: [app], operations: [described, deployed] })}\n\n`)
  })
  return { app, input: { id: peerId, name: 'worker-1', apiEndpoint: worker.url, apiKey: sharedKey } }
}

test.serial("an app's page counts what it does not list, and shows the warnings of the newest deployment", async (t) => {
  t.timeout(120_000)
  const { node, browser } = await dashboard(t)
  const { app, input } = await nodeWithLargeApp(t)
  await ask(node, 'mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', { input })
  const apps = follow<{ id: string }>(t, node, 'subscription { appChanged { id } }')
  await apps.first(({ id }) => id === app.id)
  const { page } = await browser.open(node, `/apps/${app.id}`)
  const containers = page.getByRole('region', { name: 'Containers' })
  await containers.getByText('and 12 more containers').waitFor()
  await containers.getByText('and 512 more', { exact: true }).waitFor()
  await page.getByText('1 warning from the newest deployment').waitFor()
  await page.getByText(/Line 3.*The variable TAG is not set/i).waitFor()
  t.pass()
})
