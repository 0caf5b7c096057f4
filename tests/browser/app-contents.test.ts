import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Locator, Page } from 'playwright-core'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { change, createApp, eventually, followToEnd } from '../helpers/cluster.ts'
import { followInPanel, openTab } from '../helpers/dashboard.ts'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'

/** As Windows writes it, with a byte order mark. */
const windows = (comment: string): string =>
  `\uFEFF# ${comment}\r\nservices:\r\n  web:\r\n    image: ${testImage}\r\n    environment: ["PORT=\${PORT:-80}", "TOKEN=\${TOKEN}"]\r\n`

/** A stopped app, open at its files. */
async function openApp(t: ExecutionContext) {
  const node = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser] = await Promise.all([startBrowser(t), ensureTestImage(), node.start()])
  const { id } = await node.identity()
  const name = uniqueName()
  const { app, operation } = await createApp(node, id, { name, composeContent: windows('one') })
  await followToEnd(t, node, operation)
  // Only a version with a verdict can be gone back to.
  await eventually(
    () =>
      ask<{ appVersion: { outcome: string } }>(node, 'query ($id: ID!) { appVersion(appId: $id, number: 1) { outcome } }', { id: app.id }),
    ({ appVersion }) => appVersion.outcome === 'HEALTHY',
  )
  await followToEnd(t, node, await change(node, 'stopApp', app.id))
  const { page, visit } = await browser.open(node, `/apps/${app.id}/files`)
  await bringAxe(page)
  await visit()
  const editor = page.getByRole('textbox', { name: 'Compose file' })
  await editor.getByText('services').waitFor()
  const unsaved = page.getByRole('region', { name: 'Unsaved changes' })
  return { page, name, editor, unsaved, folder: join(node.appsDir, name) }
}

/** Drops files by name and bytes, as from a file manager. */
async function drop(page: Page, target: Locator, files: Record<string, number[]>): Promise<void> {
  const dataTransfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer()
    for (const [name, bytes] of Object.entries(${JSON.stringify(files)})) transfer.items.add(new File([Uint8Array.from(bytes)], name))
    return transfer
  })()`)
  await target.dispatchEvent('drop', { dataTransfer })
}

const bytesOf = (text: string): number[] => [...Buffer.from(text)]

test.serial('files and variables are edited together, saved as one version byte for byte, compared and rolled back', async (t) => {
  t.timeout(180_000)
  const { page, name, editor, unsaved, folder } = await openApp(t)
  const files = page.getByRole('region', { name: 'Files' })
  t.false((await editor.innerText()).includes('\r'))
  await editor.getByText('# one').click()
  await page.keyboard.press('End')
  await page.keyboard.type(' and more')

  await files.getByRole('button', { name: 'Add file' }).click()
  await files.getByRole('textbox', { name: 'Path of the file' }).fill('../outside.conf')
  await page.keyboard.press('Enter')
  await files.getByText('A path cannot have empty parts').waitFor()
  await files.getByRole('textbox', { name: 'Path of the file' }).fill('config/site.conf')
  await page.keyboard.press('Enter')
  await files.getByRole('textbox', { name: 'config/site.conf' }).fill('listen 80;\n')

  await drop(page, editor.or(files.getByRole('textbox', { name: 'config/site.conf' })), {
    'key.pem': bytesOf('very private'),
    'logo.png': [0x89, 0x50, 0x4e, 0x47, 0xff, 0x00],
    '.env': bytesOf('PORT=8080\nTOKEN="abc #1"\nnot a line\n'),
  })
  // The .env goes to the environment, with a preview.
  const paste = page.getByRole('dialog', { name: 'Paste a .env' })
  await paste.getByText('Line 3, not a line').waitFor()
  t.true(await paste.getByRole('checkbox', { name: 'TOKEN is secret' }).isChecked())
  t.deepEqual(await violationsOn(page), [])
  await paste.getByRole('button', { name: 'Add 2 variables' }).click()
  await paste.waitFor({ state: 'detached' })

  await openTab(page, 'Files')
  await files.getByRole('tab', { name: 'key.pem' }).click()
  await files.getByRole('switch', { name: 'Secret' }).click()
  t.deepEqual(await violationsOn(page), [])
  await unsaved.getByRole('textbox', { name: 'Reason for this change' }).fill('As on Windows')
  await unsaved.getByRole('button', { name: 'Save', exact: true }).click()
  await followInPanel(page, `Update ${name}`)
  await unsaved.waitFor({ state: 'detached' })

  t.is(readFileSync(join(folder, 'compose.yaml'), 'utf8'), windows('one and more'))
  await files.getByRole('tab', { name: 'config/site.conf' }).click()
  await files.getByRole('textbox', { name: 'config/site.conf' }).getByText('listen 80;').waitFor()
  await files.getByRole('tab', { name: 'key.pem' }).click()
  await files.getByText('This file is secret').waitFor()
  await openTab(page, 'Environment')
  t.is(await page.getByRole('textbox', { name: 'Value of PORT' }).inputValue(), '8080')
  t.is(await page.getByLabel('Value of TOKEN').inputValue(), '', 'a secret never comes back')
  t.is(await page.getByLabel('Value of TOKEN').getAttribute('placeholder'), 'set, not shown')

  await openTab(page, 'Versions')
  await page.getByText('As on Windows').waitFor()
  await page.getByRole('button', { name: 'Compare version 2' }).click()
  const comparison = page.getByRole('region', { name: 'Comparison' })
  await comparison.getByText('config/site.conf').waitFor()
  await comparison.getByText('not set → 8080').waitFor()
  await comparison.getByText('not set → secret').waitFor()
  t.false((await comparison.innerText()).includes('abc #1'))
  t.deepEqual(await violationsOn(page), [])

  await page.getByRole('button', { name: 'Roll back to version 1' }).click()
  const question = page.getByRole('dialog', { name: `Roll ${name} back to version 1?` })
  await question.getByText('Files: compose.yaml changed, config/site.conf removed, key.pem removed').waitFor()
  await question.getByText('Data in volumes and folders stays as it is.').waitFor()
  t.deepEqual(await violationsOn(page), [])
  await question.getByRole('button', { name: 'Roll back' }).click()
  await followInPanel(page, `Roll back ${name}`)
  await page.getByText('Version 3', { exact: true }).waitFor()
  t.is(readFileSync(join(folder, 'compose.yaml'), 'utf8'), windows('one'))
})
