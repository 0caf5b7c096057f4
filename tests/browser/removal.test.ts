import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Docker from 'dockerode'
import type { Locator, Page } from 'playwright-core'
import { startBrowser } from '../helpers/browser.ts'
import { createApp, followToEnd, register, secondaryOf, type SeenOperation } from '../helpers/cluster.ts'
import { followInPanel, followInToast } from '../helpers/dashboard.ts'
import { createContainer, ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

const composeContent = `services:
  web:
    image: ${testImage}
    volumes: ['./data:/data', 'named:/named']
volumes:
  named: {}
`

/** An app with a photo in its folder and a volume, on a node of the primary. */
async function appWithData(t: ExecutionContext, primary: NodeProcess, node: NodeProcess): Promise<{ id: string; name: string }> {
  const { id } = await node.identity()
  const { app, operation } = await createApp(primary, id, { name: uniqueName(), composeContent })
  const { last } = await followToEnd(t, primary, operation)
  t.is(last.status, 'SUCCEEDED', last.error ?? '')
  mkdirSync(join(node.appsDir, app.name, 'data'), { recursive: true })
  writeFileSync(join(node.appsDir, app.name, 'data/photo.jpg'), 'x'.repeat(3 * 1024 * 1024))
  return app
}

async function openDialog(page: Page, name: string): Promise<Locator> {
  await page.getByRole('button', { name: `Remove ${name}` }).click()
  const dialog = page.getByRole('dialog', { name: `Remove ${name}?` })
  await dialog.getByLabel('Delete its volumes too').waitFor()
  return dialog
}

/** The items of a list, without their sizes. */
const listed = async (dialog: Locator, label: 'Will be removed' | 'Will be kept'): Promise<string[]> => {
  const names = await dialog.getByRole('list', { name: label }).locator('li p:first-child').allInnerTexts()
  return names.map((text) => text.replace(/\s+/g, ' ').trim())
}

const volumesOf = async (name: string): Promise<string[]> => {
  const filters = JSON.stringify({ label: [`com.docker.compose.project=${name}`] })
  return ((await new Docker().listVolumes({ filters })).Volumes ?? []).map((volume) => volume.Name)
}

test.serial('the dialog lists what is removed and what is kept, and the data of an app on a secondary is kept', async (t) => {
  t.timeout(120_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  await primary.start()
  const worker = await secondaryOf(t, primary, 'worker-1')
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), worker.start()])
  await register(primary, worker)
  const { id, name } = await appWithData(t, primary, worker)
  const proxy = await createContainer(t, { HostConfig: { NetworkMode: `${name}_default` } })
  await proxy.start()

  const { page, loads } = await browser.open(primary, `/apps/${id}`)
  const dialog = await openDialog(page, name)
  const network = `Network ${name}_default`
  const [container = '', ...more] = await listed(dialog, 'Will be removed')
  t.regex(container, new RegExp(`^Container ${name}.web.1$`))
  t.deepEqual(more, ['File compose.yaml'])
  t.deepEqual(await listed(dialog, 'Will be kept'), [network, `Volume ${name}_named`, 'Folder data'])
  await dialog.getByText('it is in use by').waitFor()
  await dialog.getByText('3.0 MiB', { exact: true }).waitFor()

  await dialog.getByLabel('Delete its volumes too').check()
  t.deepEqual(await listed(dialog, 'Will be removed'), [container, `Volume ${name}_named`, 'File compose.yaml'])
  await dialog.getByText('Deleted data cannot be restored.').waitFor()
  await dialog.getByLabel('Delete the files in its folder too').check()
  t.deepEqual(await listed(dialog, 'Will be kept'), [network])
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })

  await openDialog(page, name)
  t.false(await dialog.getByLabel('Delete its volumes too').isChecked(), 'ticks do not carry over')
  await dialog.getByRole('button', { name: 'Remove app', exact: true }).click()
  await followInToast(page, `Remove ${name}`)
  await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor()
  t.true(existsSync(join(worker.appsDir, name, 'data/photo.jpg')))
  t.deepEqual(await volumesOf(name), [`${name}_named`])
  t.true((await proxy.inspect()).State.Running)
  t.is(loads(), 0)
})

test.serial('both ticks remove all data, and an obstacle is named in the dialog and then on the app', async (t) => {
  t.timeout(120_000)
  const node = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), node.start()])
  const { id, name } = await appWithData(t, node, node)
  const backup = await createContainer(t, { HostConfig: { Binds: [`${name}_named:/backup`] } })
  const user = `container ${(await backup.inspect()).Name.slice(1)}`

  const { page } = await browser.open(node, `/apps/${id}`)
  const remove = async (end: SeenOperation['status']): Promise<void> => {
    const dialog = await openDialog(page, name)
    await dialog.getByLabel('Delete its volumes too').check()
    const files = dialog.getByLabel('Delete the files in its folder too')
    if (await files.isEnabled()) await files.check()
    if (end === 'Failed') await dialog.getByText(`Cannot be removed yet: it is in use by ${user}`).waitFor()
    await dialog.getByRole('button', { name: 'Remove app and data' }).click()
    if (end === 'Failed') await followInPanel(page, `Remove ${name}`, end)
    else await followInToast(page, `Remove ${name}`)
  }
  await remove('Failed')
  await page
    .getByRole('region', { name: 'Status' })
    .getByText(`volume ${name}_named could not be removed: it is in use by ${user}`)
    .waitFor()
  t.false(existsSync(join(node.appsDir, name)), 'the rest is removed')

  await backup.remove({ force: true })
  await remove('Succeeded')
  await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor()
  t.deepEqual(await volumesOf(name), [])
})
