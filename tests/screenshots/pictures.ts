import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { chromiumOptions } from '../helpers/chromium.ts'
import type { TestContext } from '../helpers/test-context.ts'
import type { ShownCluster } from './cluster.ts'
import { shotsOf, type Shot } from './pages.ts'

const sizes = [
  { suffix: '', width: 1440, height: 900 },
  { suffix: '-phone', width: 390, height: 844 },
]
const themes = ['light', 'dark'] as const
/** Part of WebP's best. Below, small text frays; above, the files grow and nobody sees why. */
const quality = 0.82
const patienceMs = 60_000

/** Writes every page as `NAME[-phone]-THEME.webp`. @returns how many bytes they have together */
export async function takePictures(t: TestContext, cluster: ShownCluster, folder: string): Promise<number> {
  // The script ends Chromium itself when it is interrupted, after it has closed its pages.
  const browser = await chromium.launch({ ...chromiumOptions(), handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false })
  t.teardown(() => browser.close())
  const page = await signedIn(browser, cluster)
  const encode = await encoderOf(browser)
  await mkdir(folder, { recursive: true })
  let bytes = 0
  for (const shot of shotsOf(cluster)) {
    t.log(shot.name)
    for await (const [name, png] of picturesOf(page, cluster.primary.url, shot)) {
      const webp = await encode(png)
      bytes += webp.length
      await writeFile(join(folder, `${name}.webp`), webp)
    }
  }
  return bytes
}

async function signedIn(browser: Browser, { primary }: ShownCluster): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB' })
  context.setDefaultTimeout(patienceMs)
  const page = await context.newPage()
  await page.goto(`${primary.url}/#code=${await primary.link()}`)
  await page.getByRole('button', { name: 'Sign in as administrator' }).click()
  await page.getByRole('button', { name: 'Not now' }).click()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  return page
}

/** One page in all sizes and themes. It is loaded once: it follows the window and the system's theme by itself. */
async function* picturesOf(page: Page, url: string, { name, path, prepare, leave }: Shot): AsyncGenerator<[name: string, png: Buffer]> {
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${url}${path}`)
  await prepare(page)
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
  for (const { suffix, ...size } of sizes)
    for (const theme of themes) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme: theme })
      await page.evaluate(drawn)
      yield [`${name}${suffix}-${theme}`, await page.screenshot({ animations: 'disabled', caret: 'hide' })]
    }
  await leave?.(page)
}

/** Until charts and lists have seen their new size and drawn. Runs in the page. */
async function drawn(): Promise<void> {
  await document.fonts.ready
  for (let frame = 0; frame < 5; frame++) await new Promise(requestAnimationFrame)
}

/** Chromium's own encoder, in a page of its own. */
async function encoderOf(browser: Browser): Promise<(png: Buffer) => Promise<Buffer>> {
  const page = await browser.newPage()
  return async (png) => {
    const webp = await page.evaluate(toWebp, { png: png.toString('base64'), quality })
    return Buffer.from(webp, 'base64')
  }
}

/** Runs in the page. @returns base64 */
async function toWebp(given: { png: string; quality: number }): Promise<string> {
  const image = new Image()
  image.src = `data:image/png;base64,${given.png}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = image.width
  canvas.height = image.height
  canvas.getContext('2d')?.drawImage(image, 0, 0)
  return canvas.toDataURL('image/webp', given.quality).split(',')[1] ?? ''
}
