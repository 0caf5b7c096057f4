import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { bringAxe, violationsOn } from '../helpers/accessibility.ts'
import { startBrowser } from '../helpers/browser.ts'
import { ensureTestImage, uniqueProject } from '../helpers/docker.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { web } from '../helpers/own-apps.ts'

test('a project that is not managed yet is imported from the page of apps', async (t) => {
  t.timeout(180_000)
  const node = await nodeProcess(t, { NODE_NAME: 'primary' })
  const [browser, project] = await Promise.all([startBrowser(t), uniqueProject(t), ensureTestImage(), node.start()])
  const { name, directory } = project
  writeFileSync(join(directory, 'docker-compose.yml'), web('    network_mode: none\n    cap_add: [NET_ADMIN]\n'))
  execFileSync('docker-compose', ['-p', name, 'up', '-d'], { cwd: directory, stdio: 'ignore' })
  const { page, visit } = await browser.open(node, '/apps')
  await bringAxe(page)
  await visit()
  // This machine may run others.
  const imports = page.getByRole('button', { name: `Import ${name}` })
  await imports
    .or(page.getByRole('button', { name: /^Show \d+ more$/ }))
    .first()
    .waitFor()
  if (!(await imports.isVisible())) await page.getByRole('button', { name: /^Show \d+ more$/ }).click()
  await imports.click()
  const dialog = page.getByRole('dialog')
  const confirm = dialog.getByRole('button', { name: 'Import', exact: true })
  await dialog.getByText('uses docker-compose.yml there').waitFor()
  t.true(await confirm.isDisabled())
  t.deepEqual(await violationsOn(page), [])
  await dialog.getByRole('checkbox', { name: /^Keep the app in/ }).check()
  await dialog.getByRole('checkbox', { name: /^Allow capability:NET_ADMIN/ }).check()
  await confirm.click()
  await page.waitForURL(/\/apps\/[0-9a-f-]{36}/)
  await page.getByRole('heading', { name }).first().waitFor()
  await page.getByText('Running', { exact: true }).first().waitFor()
})
