import type { Locator, Page } from 'playwright-core'

export const rowOf = (page: Page, name: string): Locator => page.getByRole('row').filter({ hasText: name })

/** The text of a state next to its icon. Matches exactly, so that "Online" is not found in a sentence. */
export const badge = (within: Locator, words: string): Locator => within.getByText(words, { exact: true })

/** Navigates by clicking, without reloading the page. */
export async function go(page: Page, place: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: place, exact: true }).click()
  await page.getByRole('heading', { name: place, level: 1 }).waitFor()
}

export interface NodeWords {
  id: string
  name: string
  url: string
  key: string
}

/** Fills in and submits the open form "Register a node". Resolves when it has closed. */
export async function registerInForm(page: Page, { id, name, url, key }: NodeWords): Promise<void> {
  await page.getByRole('button', { name: 'Add node' }).click()
  await page.getByRole('button', { name: 'Register by hand' }).click()
  const form = page.getByRole('dialog', { name: 'Register a node' })
  await form.getByLabel('Node ID').fill(id)
  await form.getByLabel('Name').fill(name)
  await form.getByLabel('Endpoint').fill(url)
  await form.getByLabel('Key').fill(key)
  await form.getByRole('button', { name: 'Register', exact: true }).click()
  await form.waitFor({ state: 'detached' })
}

/** Fills in and submits the page "New app". Without a node, the preselected one is used. */
export async function createInForm(page: Page, app: { name: string; node?: string; compose: string }): Promise<void> {
  await page.getByRole('link', { name: 'New app' }).first().click()
  await page.getByLabel('Name').fill(app.name)
  if (app.node) {
    await page.getByRole('combobox', { name: 'Node' }).click()
    await page.getByRole('option', { name: app.node }).click()
    // While the list is open, the page behind it accepts no input.
    await page.getByRole('listbox').waitFor({ state: 'detached' })
  }
  await page.getByRole('textbox', { name: 'Compose file' }).fill(app.compose)
  await page.getByRole('button', { name: 'Create app' }).click()
}

/** Opens a section of an app's page. */
export async function openTab(page: Page, name: string): Promise<void> {
  const link = page.getByRole('navigation', { name: 'Sections of this app' }).getByRole('link', { name, exact: true })
  await link.click()
  await link.and(page.locator('[aria-current=page]')).waitFor()
}

/** An operation in its app's page. */
export const operationPanel = (page: Page, title: string): Locator => page.getByRole('region', { name: title, exact: true })

/** Waits for an operation to end and closes its panel. */
export async function followInPanel(page: Page, title: string, end = 'Succeeded'): Promise<void> {
  const panel = operationPanel(page, title)
  await panel.getByRole('status').getByText(end, { exact: true }).waitFor({ timeout: 60_000 })
  await panel.getByRole('button', { name: 'Close', exact: true }).click()
  await panel.waitFor({ state: 'detached' })
}

/** Waits until the dashboard says how an operation ended whose app's page is not open. */
export async function followInToast(page: Page, title: string, end = 'succeeded'): Promise<void> {
  await page.getByText(`${title}: ${end}`, { exact: true }).first().waitFor({ timeout: 60_000 })
}
